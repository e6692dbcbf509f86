/** Where the builds of modules are kept. */

import { join, resolve } from 'node:path';

/** @param base - the state directory; the run directory of a core that has none */
export function buildsFolder(base: string): string {
  return join(resolve(base), 'builds');
}
