/** Which ABI worked with which file, for all modules of a supervisor. Kept in a file if there is a state directory. */

import { join } from 'node:path';
import { z } from 'zod';
import { ABI_NAMES, type AbiName } from '../../config/types.js';
import { readStateFile, StateDocument } from '../../state-file.js';
import { SHA256 } from './trial.js';

/** Files remembered, at most; the oldest is forgotten first. */
export const MAX_REMEMBERED = 1000;
const VERSION = 1;

const document = z.object({
  version: z.literal(VERSION),
  abis: z.record(z.string().regex(SHA256), z.enum(ABI_NAMES)),
});

/**
 * The memory of what trials found. It only saves time, so a damaged file is not a failure. It is written only after a new
 * module was tried. A file that cannot be written is a problem of the state directory.
 */
export class AbiMemory {
  readonly #document: StateDocument;
  readonly #abis: Map<string, AbiName>;

  /** @param stateDir - holds the file; `null`: what is found is forgotten with this object */
  constructor(stateDir: string | null) {
    const file = stateDir === null ? null : join(stateDir, 'abis.json');
    this.#abis = new Map(file === null ? [] : read(file));
    this.#document = new StateDocument(file, () => ({ version: VERSION, abis: Object.fromEntries(this.#abis) }));
  }

  /** What is wrong with the file; `null`: nothing. */
  get problem(): string | null {
    const { failure } = this.#document;
    if (failure === null) return null;
    const remedy = 'make room, or let the core write there; the core tries again';
    return `the next start of the core will have to try again which ABIs files have: ${failure}; ${remedy}`;
  }

  /** The ABI that worked with the file of this sha256; `null` when that is not known. */
  find(sha256: string): AbiName | null {
    return this.#abis.get(sha256) ?? null;
  }

  /** Remembers what worked with a file. */
  remember(sha256: string, abi: AbiName): void {
    if (this.#abis.get(sha256) === abi) return;
    this.#abis.delete(sha256);
    this.#abis.set(sha256, abi);
    for (const oldest of this.#abis.keys()) {
      if (this.#abis.size <= MAX_REMEMBERED) break;
      this.#abis.delete(oldest);
    }
    this.#document.write();
  }

  /** Forgets what did not work again. */
  forget(sha256: string): void {
    if (this.#abis.delete(sha256)) this.#document.write();
  }
}

function read(file: string): [string, AbiName][] {
  try {
    return Object.entries(readStateFile(file, document)?.abis ?? {}).slice(-MAX_REMEMBERED);
  } catch {
    return [];
  }
}
