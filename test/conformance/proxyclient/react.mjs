// @unleash/proxy-client-react: the same through its provider and its hooks,
// rendered without a browser.

import { FlagProvider, useFlag, useFlagsStatus, useUnleashContext, useVariant } from '@unleash/proxy-client-react';
import { createElement } from 'react';
import { act, create } from 'react-test-renderer';
import { arrive, end, job, newClient, print } from './session.mjs';

globalThis.IS_REACT_ACT_ENVIRONMENT = true;
console.error = ((log) => (...args) => /react-test-renderer is deprecated/.test(args[0]) || log(...args))(console.error);

const shown = {};
let updateContext, ready;

function Flag({ name }) {
    shown[name] = [useFlag(name), useVariant(name)];
    return null;
}

function Page() {
    updateContext = useUnleashContext();
    ready = useFlagsStatus().flagsReady;
    return job.flags.map((name) => createElement(Flag, { key: name, name }));
}

const client = newClient({ disableRefresh: true });
await act(async () => create(createElement(FlagProvider, { unleashClient: client }, createElement(Page))));
while (!ready) {
    await act(() => new Promise((resolve) => setTimeout(resolve, 10)));
}
for (const context of job.contexts) {
    await act(() => updateContext(context));
    print({ answers: job.flags.map((name) => shown[name]) });
}
await end(client, await arrive());
