/** What a core uses, again and again, and whether that stays level. */

import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { boxesOf, readRunId, type TestCore } from '../core.js';

/** What is used at one moment. The core runs in this process, so the test itself is part of it. */
export interface Usage {
  rssMiB: number;
  heapMiB: number;
  descriptors: number;
  /** In the run and the state directory, and the black boxes. */
  files: number;
}

export type Resource = keyof Usage;

/** Looks at a core that runs in this process. */
export class Levels {
  readonly #core: TestCore;
  readonly #stateDir: string;
  readonly #collect: () => void;
  readonly #seen: Usage[] = [];

  constructor(core: TestCore, stateDir: string) {
    this.#core = core;
    this.#stateDir = stateDir;
    setFlagsFromString('--expose-gc');
    this.#collect = runInNewContext('gc') as () => void;
  }

  /** Looks now, after what is garbage has gone. */
  look(): void {
    this.#collect();
    const { rss, heapUsed } = process.memoryUsage();
    const { runDir } = this.#core;
    this.#seen.push({
      rssMiB: Math.round(rss / 2 ** 20),
      heapMiB: Math.round(heapUsed / 2 ** 20),
      descriptors: readdirSync('/proc/self/fd').length,
      files: countFiles(runDir) + countFiles(this.#stateDir) + boxesOf(readRunId(runDir)).length,
    });
  }

  /**
   * The medians of two tenths of all looks: the second one, when everything has been used once, and the last. Some descriptors
   * and files come and go, so a single look says little.
   */
  get compared(): { early: Usage; late: Usage } {
    const tenth = Math.floor(this.#seen.length / 10);
    if (tenth === 0) throw new Error('it takes ten looks at least');
    return { early: medians(this.#seen.slice(tenth, 2 * tenth)), late: medians(this.#seen.slice(-tenth)) };
  }
}

/** Does not follow links: beside a copy of a build are links to what is beside its original. */
function countFiles(directory: string): number {
  const entries = readdirSync(directory, { withFileTypes: true });
  const inside = entries.filter((entry) => entry.isDirectory()).map(({ name }) => countFiles(join(directory, name)));
  return inside.reduce((sum, count) => sum + count, entries.length);
}

function medians(looks: readonly Usage[]): Usage {
  const median = (resource: Resource) => {
    const sorted = looks.map((usage) => usage[resource]).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] as number;
  };
  return {
    rssMiB: median('rssMiB'),
    heapMiB: median('heapMiB'),
    descriptors: median('descriptors'),
    files: median('files'),
  };
}
