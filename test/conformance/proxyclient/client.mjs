// unleash-proxy-client, as a page without a framework uses it.

import { arrive, end, job, newClient, print } from './session.mjs';

const client = newClient({ disableRefresh: true });
await client.start();
for (const context of job.contexts) {
    await client.updateContext(context);
    print({ answers: job.flags.map((flag) => [client.isEnabled(flag), client.getVariant(flag)]) });
}
await end(client, await arrive());
