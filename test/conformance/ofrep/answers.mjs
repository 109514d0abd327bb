// What the clients of OpenFeature have in common here: how the answer to a flag
// is read whose type is not known, as [value, variant], without a value where
// the default of the code is taken.

import { readFileSync } from 'node:fs';

// {url, token, contexts, flags, toggled}
export const job = JSON.parse(readFileSync(0, 'utf8'));

export const print = (value) => process.stdout.write(JSON.stringify(value) + '\n');

// A context of the job as OpenFeature has it: flat, with a targeting key.
export const flat = ({ userId, properties, ...rest }) => ({ ...properties, ...rest, ...(userId && { targetingKey: userId }) });

const getters = [
    ['getBooleanDetails', true, false],
    ['getStringDetails', 'a default', 'another'],
    ['getNumberDetails', -4711, -4712],
    ['getObjectDetails', { a: 'default' }, { another: 'default' }],
];

// answer asks in each type until one is that of the flag.
export async function answer(client, flag, ...context) {
    for (const [getter, first, second] of getters) {
        const details = await client[getter](flag, first, ...context);
        if (details.errorCode) {
            continue;
        }
        const again = await client[getter](flag, second, ...context);
        const value = details.value === first && again.value === second ? undefined : details.value;
        return [value ?? null, details.variant ?? ''];
    }
    return [null, ''];
}
