// The module fs of Node 20 with what a command of the suite that is not run here
// imports from that of Node 22.
export * from "node:fs";
export const globSync = undefined;
