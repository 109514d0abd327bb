// OpenFeature's server SDK with the OFREP provider: a request for each flag.

import { OpenFeature } from '@openfeature/server-sdk';
import { OFREPProvider } from '@openfeature/ofrep-provider';
import { answer, flat, job, print } from './answers.mjs';

await OpenFeature.setProviderAndWait(new OFREPProvider({ baseUrl: job.url, headers: [['X-API-Key', job.token]] }));
const client = OpenFeature.getClient();
for (const context of job.contexts) {
    const answers = [];
    for (const flag of job.flags) {
        answers.push(await answer(client, flag, flat(context)));
    }
    print({ answers });
}
const { errorCode } = await client.getBooleanDetails('there-is-no-such-flag', true);
print({ missing: errorCode });
