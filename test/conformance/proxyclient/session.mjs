// What the clients of the frontend API have in common here: the job comes as
// JSON on standard input, and what they see goes, one JSON value a line, to
// standard output. A refresh interval would race with the contexts, so that
// agreement and arrival have a client each.

import { readFileSync } from 'node:fs';
import { UnleashClient } from 'unleash-proxy-client';

// {url, token, appName, post, contexts, flags, toggled}
export const job = JSON.parse(readFileSync(0, 'utf8'));

export const print = (value) => process.stdout.write(JSON.stringify(value) + '\n');

const sent = {};

// asked is fetch that says what was refused: the client itself takes a report
// that got any answer for one that was counted.
async function asked(url, init) {
    const answer = await fetch(url, init);
    if (answer.status >= 400) {
        print({ error: `${init?.method ?? 'GET'} ${url}: ${answer.status} ${await answer.clone().text()}` });
    }
    return answer;
}

// newClient makes a client; what it reports is added up. It sends its counts by
// itself, once a second.
export function newClient(options) {
    const client = new UnleashClient({
        url: job.url, clientKey: job.token, appName: job.appName, usePOSTrequests: job.post,
        metricsInterval: 1, metricsIntervalInitial: 1, fetch: asked, ...options,
    });
    client.on('error', (error) => print({ error: String(error.error ?? JSON.stringify(error)) }));
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
    return client;
}

// arrive says when the client sees that a flag is on, and when the next poll
// shows that it is off.
export async function arrive() {
    const client = newClient({ refreshInterval: 1 });
    await client.start();
    print({ sees: client.isEnabled(job.toggled) });
    await new Promise((resolve) => client.on('update', () => client.isEnabled(job.toggled) || resolve()));
    print({ sees: client.isEnabled(job.toggled) });
    return client;
}

// end lets the clients send what they have counted, and says what that was.
export async function end(...clients) {
    for (const client of clients) {
        await client.sendMetrics();
        client.stop();
    }
    print({ sent });
    process.exit(0); // their timers would go on
}
