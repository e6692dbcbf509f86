/** The file descriptors of a store. LevelDB opens its files in a way that started programs would inherit them. */

import { readdirSync, readlinkSync, realpathSync, statSync } from 'node:fs';
import { closeOnExec } from '../../libc.js';

/** Keeps the files of one folder from programs that this process starts. */
export class OwnDescriptors {
  readonly #folder: string;
  /** When an entry of the folder was last made or removed. */
  #changedMs = Number.NaN;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** To be called whenever files may have been opened: costs one look at the folder when none has. */
  keep(): void {
    try {
      const { mtimeMs } = statSync(this.#folder);
      if (mtimeMs === this.#changedMs) return;
      this.#changedMs = mtimeMs;
      const inside = `${realpathSync(this.#folder)}/`;
      for (const fd of readdirSync('/proc/self/fd')) if (targetOf(fd).startsWith(inside)) closeOnExec(Number(fd));
    } catch {
      // Without /proc, or the folder, there is nothing to find.
    }
  }
}

/** Empty for one that is closed by now. */
function targetOf(fd: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return '';
  }
}
