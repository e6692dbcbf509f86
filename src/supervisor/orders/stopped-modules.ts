/** Which modules an operator has stopped. They stay stopped when the core reloads or restarts, until they are started. */

import { join } from 'node:path';
import { z } from 'zod';
import { readStateFile, StateDocument } from '../../state-file.js';

const VERSION = 1;
const document = z.object({ version: z.literal(VERSION), modules: z.array(z.string()) });

/** The names of stopped modules, kept in a file where there is a state directory. */
export class StoppedModules {
  readonly #document: StateDocument;
  readonly #names: Set<string>;
  /** Why the stopped modules of the last run are not known; `null`: they are, or newer ones have been written since. */
  #unknown: string | null = null;

  /** @param stateDir - holds the file; `null`: forgotten with this object */
  constructor(stateDir: string | null) {
    const file = stateDir === null ? null : join(stateDir, 'stopped.json');
    let names: string[] = [];
    try {
      if (file !== null) names = readStateFile(file, document)?.modules ?? [];
    } catch {
      const remedy = 'every module is started; stop again those that must not run';
      this.#unknown = `${file} cannot be read, so the core no longer knows which modules were stopped: ${remedy}`;
    }
    this.#names = new Set(names);
    this.#document = new StateDocument(file, () => ({ version: VERSION, modules: [...this.#names].sort() }));
  }

  /** What is wrong with the file; `null`: nothing. */
  get problem(): string | null {
    const { failure } = this.#document;
    if (failure === null) return this.#unknown;
    const remedy = 'make room, or let the core write there; the core tries again';
    return `the next start of the core will not know which modules are stopped: ${failure}; ${remedy}`;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** Remembers one. What cannot be written is a {@link problem}. */
  add(name: string): void {
    if (this.#names.has(name)) return;
    this.#names.add(name);
    this.#write();
  }

  /** Forgets one, in the same way. */
  delete(name: string): void {
    if (this.#names.delete(name)) this.#write();
  }

  #write(): void {
    if (this.#document.write()) this.#unknown = null;
  }
}
