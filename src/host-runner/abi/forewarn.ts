/** Pure: what a module wants and does not get, as its imports show. A pointer in the `table` ABI is not an import. */

import type { ElfFacts } from './elf.js';

/** Functions that exist and always fail, by what they are for. */
const REFUSED: readonly { what: string; names: readonly string[]; remedy: string }[] = [
  {
    what: 'sockets',
    names: ['mesibo_util_socket_connect', 'mesibo_util_socket_write', 'mesibo_util_socket_close'],
    remedy: 'let the module open its own with socket() and a thread, or ask over http',
  },
  {
    what: 'FastCGI',
    names: ['mesibo_util_fcgi'],
    remedy: 'let the module ask over http, or speak FastCGI itself',
  },
];

/** Says what this version does not offer, before the module calls it: a line for each kind. */
export function forewarn({ path, imports }: ElfFacts): string[] {
  return REFUSED.flatMap(({ what, names, remedy }) => {
    const wanted = names.filter((name) => imports.includes(name));
    if (wanted.length === 0) return [];
    return `${path}: it wants ${what}, which this version does not offer to modules: ${wanted.join(', ')} will fail; ${remedy}`;
  });
}
