// Drives a Lockflight MCP server with the stock TypeScript SDK: over streamable
// HTTP, or over stdio with the program that it is given. It says one JSON value a
// line: {version, server}, {tools}, and {tool, result} for each call.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { text } from "node:stream/consumers";

const job = JSON.parse(await text(process.stdin));
const say = (value) => console.log(JSON.stringify(value));

const transport = job.program
  ? new StdioClientTransport({
      command: job.program,
      args: ["mcp"],
      env: { ...process.env, LOCKFLIGHT_URL: job.url, LOCKFLIGHT_TOKEN: job.token },
    })
  : new StreamableHTTPClientTransport(new URL(job.url + "/mcp"), {
      requestInit: { headers: { Authorization: "Bearer " + job.token } },
    });
const client = new Client({ name: "stock", version: "1.0.0" });

// What a call answers may be an argument of a later one: "$NAME.path".
const known = {};
const filled = (value) => {
  if (typeof value === "string" && value.startsWith("$")) {
    return value.slice(1).split(".").reduce((at, key) => at?.[key], known);
  }
  if (Array.isArray(value)) return value.map(filled);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, filled(one)]));
  }
  return value;
};

try {
  await client.connect(transport);
  say({ version: transport.protocolVersion ?? "", server: client.getServerVersion() });
  say({ tools: (await client.listTools()).tools }); // from here on, the client checks answers against output schemas
  say({ prompts: (await client.listPrompts()).prompts.map((p) => p.name) });
  for (const { tool, as, args } of job.calls) {
    const result = await client.callTool({ name: tool, arguments: filled(args) });
    if (as) known[as] = result.structuredContent;
    say({ tool, isError: result.isError ?? false, result: result.structuredContent ?? JSON.parse(result.content[0].text) });
  }
  say({ resources: (await client.listResources()).resources.map((r) => r.uri) });
} catch (error) {
  say({ error: String(error?.stack ?? error) });
}
await client.close();
