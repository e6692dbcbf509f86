/** Starts that are made again at once, because nothing but a change of the file ended them. */

import type { ErrorCode } from '../../errors.js';
import type { DeathCause } from '../types.js';
import type { Build } from './build.js';
import type { HostFile } from './host-file.js';
import { buildToRepeat } from './policy.js';

/** What the end of a host says about a change of its file. */
export interface EndWithFile {
  cause: DeathCause;
  code: ErrorCode;
  /** `overwritten`: its file was written to while it had it loaded. */
  facts: { overwritten: boolean };
}

/** Counts the repeats of one start. */
export class Repeats {
  #count = 0;
  #build: Build | null = null;

  /** What all further hosts of this start load; `null`: what any host of its module would. */
  get build(): Build | null {
    return this.#build;
  }

  /** Whether the start is made again after this end of its host, and why. */
  after(file: HostFile, { cause, code, facts }: EndWithFile): string | null {
    const { build = null } = file.loadable ?? {};
    const refusedChange = code === 'MODULE_FILE_CHANGED';
    const repeats = this.#count;
    const next = buildToRepeat({
      isFailedStart: cause === 'start',
      refusedChange,
      overwritten: facts.overwritten,
      build,
      repeats,
    });
    if (next === null) return null;
    this.#build = next;
    this.#count += 1;
    return `${file.path} was changed while it was being loaded; the core starts the build that was there`;
  }
}
