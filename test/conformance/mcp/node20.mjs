// Lets the conformance suite, which imports from Node 22, be loaded by Node 20.
import { register } from "node:module";

const shim = new URL("./fs.mjs", import.meta.url).href;
register(
  "data:text/javascript," +
    encodeURIComponent(`export const resolve = (name, context, next) =>
      name === "fs" && context.parentURL?.includes("/@modelcontextprotocol/conformance/")
        ? { url: ${JSON.stringify(shim)}, shortCircuit: true }
        : next(name, context);`),
);
