/** Which modules an operator has stopped: they stay so over reloads and restarts of the core, until they are started. */

import { join } from 'node:path';
import { z } from 'zod';
import { readStateFile, writeStateFile } from '../../state-file.js';

const VERSION = 1;
const document = z.object({ version: z.literal(VERSION), modules: z.array(z.string()) });

/** The names of stopped modules, kept in a file where there is a state directory. */
export class StoppedModules {
  readonly #file: string | null;
  readonly #names: Set<string>;
  #problem: string | null = null;

  /** @param stateDir - holds the file; `null`: forgotten with this object */
  constructor(stateDir: string | null) {
    this.#file = stateDir === null ? null : join(stateDir, 'stopped.json');
    let names: string[] = [];
    try {
      if (this.#file !== null) names = readStateFile(this.#file, document)?.modules ?? [];
    } catch {
      const remedy = 'every module is started; stop again those that must not run';
      this.#problem = `which modules were stopped is not known any more, ${this.#file} cannot be read: ${remedy}`;
    }
    this.#names = new Set(names);
  }

  /** Why those of the last run are not known; `null`: they are, or others have been written since. */
  get problem(): string | null {
    return this.#problem;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Remembers one. @throws Error when it holds for this run only, because it could not be written. */
  add(name: string): void {
    if (this.#names.has(name)) return;
    this.#names.add(name);
    this.#write();
  }

  /** Forgets one. @throws Error as {@link add} does. */
  delete(name: string): void {
    if (this.#names.delete(name)) this.#write();
  }

  #write(): void {
    if (this.#file === null) return;
    writeStateFile(this.#file, { version: VERSION, modules: [...this.#names].sort() });
    this.#problem = null;
  }
}
