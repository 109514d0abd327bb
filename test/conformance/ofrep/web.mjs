// OpenFeature's web SDK with the OFREP provider: all flags at once for each
// context, and again when the event stream says so.

import { EventSource } from 'eventsource';
import { OpenFeature, ProviderEvents } from '@openfeature/web-sdk';
import { OFREPWebProvider } from '@openfeature/ofrep-web-provider';
import { answer, flat, job, print } from './answers.mjs';

globalThis.EventSource = EventSource; // of browsers, which Node does not have

const provider = new OFREPWebProvider({
    baseUrl: job.url, headers: [['Authorization', 'Bearer ' + job.token]], cacheMode: 'disabled', pollInterval: 0,
});
await OpenFeature.setContext(flat(job.contexts[0]));
await OpenFeature.setProviderAndWait(provider);
const client = OpenFeature.getClient();
for (const context of job.contexts) {
    await OpenFeature.setContext(flat(context));
    print({ answers: await Promise.all(job.flags.map((flag) => answer(client, flag))) });
}
print({ sees: client.getBooleanValue(job.toggled, false) });
await new Promise((resolve) => client.addHandler(ProviderEvents.ConfigurationChanged, () => client.getBooleanValue(job.toggled, false) || resolve()));
print({ sees: client.getBooleanValue(job.toggled, false) });
await OpenFeature.close();
process.exit(0); // the stream's client would connect again
