/** The Node.js versions that a core is run under: this one, and in a full run the newest of each line that is supported. */

import { join } from 'node:path';

/** A Node.js to run. */
export interface Node {
  /** "Node 22" */
  name: string;
  /** Fetches it where that is necessary, and gives the path of its program. */
  fetch: (directory: string) => Promise<string>;
}

/** The package check fetches them too. */
const PACKAGE_CHECK = new URL('../../../scripts/package/installed.mjs', import.meta.url);
const LINES = ['20', '22', '24'];
const current = process.versions.node.split('.')[0] as string;

/** @param full whether the other lines are wanted too */
export function nodes(full: boolean): Node[] {
  const others = LINES.filter((line) => full && line !== current);
  return [
    { name: `Node ${current}`, fetch: async () => process.execPath },
    ...others.map((line) => ({ name: `Node ${line}`, fetch: (directory: string) => fetchLine(line, directory) })),
  ];
}

async function fetchLine(line: string, directory: string): Promise<string> {
  const { fetchNode }: { fetchNode: (version: string, directory: string) => string } = await import(PACKAGE_CHECK.href);
  return join(fetchNode(line, join(directory, `node-${line}`)), 'node');
}
