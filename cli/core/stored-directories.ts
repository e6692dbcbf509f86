/** Where what a core has stored is found, whether it runs or not. */

import type { Directories } from '../../src/directories.js';
import { directoriesOf, type GlobalOptions } from '../input/options.js';

/** Unless the user names the state directory, the core in the run directory does: it may not have the usual one. */
export async function findStoredDirectories(options: GlobalOptions): Promise<Directories> {
  const usual = directoriesOf(options);
  if (options.stateDir || process.env.MESIBO_STATE_DIR) return usual;
  const { readStateDir } = await import('../../src/control/core-lock.js');
  return { ...usual, stateDir: readStateDir(usual.runDir) ?? usual.stateDir };
}
