/** Stores that cannot be used any more: they get another name, and stay. */

import { existsSync, linkSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** Why a store cannot be used any more. */
export type Unfitness = 'damaged' | 'newer' | 'foreign';

/** Renames what stands there. @returns its new path @throws the error of the system */
export function putAside(path: string, why: Unfitness, wallMs: number, from = path): string {
  const stamp = new Date(wallMs).toISOString().replace(/\.\d+|[-:]/g, '');
  let aside = `${path}.${why}-${stamp}`;
  for (let i = 2; existsSync(aside); i++) aside = `${path}.${why}-${stamp}-${i}`;
  renameSync(from, aside);
  return aside;
}

/** Whether tables or logs lie in a folder without the file that names what belongs to the database: it has lost them then. */
export function hasLostItsHead(folder: string): boolean {
  const files = readdirSync(folder);
  return !files.includes('CURRENT') && files.some((name) => /^\d+\.(ldb|sst|log)$/.test(name));
}

/**
 * Second names for the logs of a store. LevelDB steps over what is damaged in a log when it opens, and removes the log: what it
 * stepped over would be gone.
 */
export class LogLinks {
  readonly #folder: string;
  readonly #links: string;

  constructor(folder: string) {
    this.#folder = folder;
    this.#links = `${folder}.opening`;
  }

  /** Before it is opened. Where the system has no such names, there are none. */
  make(): void {
    try {
      this.drop();
      mkdirSync(this.#links, { mode: 0o700 });
      for (const name of readdirSync(this.#folder)) {
        if (/^\d+\.log$/.test(name)) linkSync(join(this.#folder, name), join(this.#links, name));
      }
    } catch {
      return;
    }
  }

  /** Once it is open: what LevelDB has stepped over, in its words; empty: nothing. */
  skipped(): string[] {
    try {
      const lines = readFileSync(join(this.#folder, 'LOG'), 'utf8').split('\n');
      return lines.filter((line) => /: dropping \d+ bytes; |Ignoring error/.test(line));
    } catch {
      return [];
    }
  }

  /** The logs are worth keeping. @returns where they are; `null`: they cannot be kept */
  keep(wallMs: number): string | null {
    try {
      return putAside(this.#folder, 'damaged', wallMs, this.#links);
    } catch {
      return null;
    }
  }

  drop(): void {
    try {
      rmSync(this.#links, { recursive: true, force: true });
    } catch {
      // It is in nobody's way.
    }
  }
}
