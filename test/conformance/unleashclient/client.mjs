// unleash-client as a service uses it. The job comes as JSON on standard input,
// and what the client sees goes, one JSON value a line, to standard output.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { InMemStorageProvider, Unleash } from 'unleash-client';

// {url, token, appName, environment, mode, contexts, flags, toggled}
const job = JSON.parse(readFileSync(0, 'utf8'));

const print = (value) => process.stdout.write(JSON.stringify(value) + '\n');

const client = new Unleash({
    url: job.url, appName: job.appName, environment: job.environment, customHeaders: { Authorization: job.token },
    experimentalMode: job.mode, refreshInterval: 500, metricsInterval: 1000, storageProvider: new InMemStorageProvider(),
});
for (const trouble of ['error', 'warn']) {
    client.on(trouble, (what) => print({ error: `${trouble}: ${what}` }));
}

setInterval(() => {}, 1000); // the client's own timers do not keep the process alive

const sent = {};
client.on('sent', ({ bucket }) => {
    for (const [flag, { yes, no, variants }] of Object.entries(bucket.toggles)) {
        const sum = (sent[flag] ??= { yes: 0, no: 0, variants: {} });
        sum.yes += yes;
        sum.no += no;
        for (const [name, n] of Object.entries(variants)) {
            sum.variants[name] = (sum.variants[name] ?? 0) + n;
        }
    }
});

await once(client, 'synchronized');
for (const context of job.contexts) {
    print({ answers: job.flags.map((flag) => [client.isEnabled(flag, context), client.getVariant(flag, context)]) });
}
print({ sees: client.isEnabled(job.toggled) });
await new Promise((resolve) => client.on('changed', () => client.isEnabled(job.toggled) || resolve()));
print({ sees: client.isEnabled(job.toggled) });
await client.destroyWithFlush();
print({ sent });
process.exit(0); // what it had scheduled would go on
