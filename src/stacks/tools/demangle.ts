/** Names of C++ and Rust as people write them, by `c++filt`. */

import { findTool } from './find-tool.js';
import { runTool } from './run-tool.js';

const LIMIT_MS = 5_000;
/** A name that was cut cannot be read any more. */
const MAX_NAME_BYTES = 4095;

/** Whether a name is one that a compiler has made of another. */
export function isMangled(name: string): boolean {
  return /^_?_[ZR]\w/.test(name);
}

/** @returns by mangled name; one that cannot be read is missing, and so are all without the program */
export async function demangle(names: readonly string[], path: string | undefined): Promise<Map<string, string>> {
  const wanted = [
    ...new Set(names.filter((name) => isMangled(name) && name.length <= MAX_NAME_BYTES && !/\s/.test(name))),
  ];
  const file = wanted.length === 0 ? null : await findTool('c++filt', path);
  if (file === null) return new Map();
  const { lines } = await runTool({ file, args: [], input: `${wanted.join('\n')}\n`, limitMs: LIMIT_MS });
  return new Map(
    wanted.flatMap((name, i) => {
      const plain = lines[i];
      return plain === undefined || plain === '' || plain === name ? [] : [[name, plain] as const];
    }),
  );
}
