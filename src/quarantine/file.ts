/** The file of one module in the state directory: the messages that it does not get. */

import { readdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { makeFolders } from '../directories.js';
import { readStateFile, StateDocument } from '../state-file.js';
import { entrySchema, type QuarantineEntry } from './entry.js';
import { MAX_ENTRIES } from './policy.js';
import type { QuarantineSettings } from './types.js';

/** Its folder, in the state directory. */
const FOLDER = 'quarantine';
const VERSION = 1;
/** As many entries as there may be, with all their text as escapes. */
const MAX_FILE_BYTES = 8 * 1024 * 1024;
const NAME = /^([A-Za-z0-9_]{1,64})\.json$/;

const document = z.strictObject({
  version: z.literal(VERSION),
  /** As they were when it was written, for who reads it without a core. */
  settings: z.strictObject({
    quarantine: z.int().positive().nullable(),
    quarantineTtlMs: z.int().positive(),
  }),
  entries: z.array(entrySchema).max(MAX_ENTRIES),
});

/** What stands in a file. */
export interface KeptTable {
  entries: QuarantineEntry[];
  settings: QuarantineSettings;
}

/** The folder of all modules. */
export function folderOf(stateDir: string): string {
  return join(stateDir, FOLDER);
}

/** The modules that have a file. @throws the error of the system, unless there is no folder */
export function listTables(stateDir: string): string[] {
  try {
    const names = readdirSync(folderOf(stateDir)).map((name) => NAME.exec(name)?.[1]);
    return names.filter((name) => name !== undefined).sort();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/**
 * Reads the file of a module.
 *
 * @returns `null` when there is none
 * @throws Error when it cannot be read, is damaged, or is of a later version
 */
export function readTable(stateDir: string, module: string): KeptTable | null {
  return readStateFile(fileOf(stateDir, module), document, MAX_FILE_BYTES);
}

/** The code of the system; what is in a file that is none of ours says nothing to people. */
export function reasonOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'it is damaged, or of another version';
}

/** Puts a file aside that cannot be read. @returns where it is now; `null`: it is where it was */
export function putAside(stateDir: string, module: string): string | null {
  const file = fileOf(stateDir, module);
  const aside = `${file}.damaged`;
  try {
    renameSync(file, aside);
    return aside;
  } catch {
    return null;
  }
}

/** The file as it follows what is known. The folder is made when there is something to write. */
export class TableFile {
  readonly #folder: string | null;
  readonly #document: StateDocument;

  /** @param stateDir - `null`: nothing is written, and nothing fails */
  constructor(stateDir: string | null, module: string, content: () => KeptTable) {
    this.#folder = stateDir === null ? null : folderOf(stateDir);
    const file = stateDir === null ? null : fileOf(stateDir, module);
    this.#document = new StateDocument(file, () => ({ version: VERSION, ...content() }));
  }

  /** Why the file does not say what is known; `null`: it does. */
  get failure(): string | null {
    return this.#document.failure;
  }

  /** Writes what is known now. @returns whether that went well */
  write(): boolean {
    try {
      if (this.#folder !== null) makeFolders(this.#folder);
    } catch {
      // Then the document says why it cannot be written.
    }
    return this.#document.write();
  }
}

function fileOf(stateDir: string, module: string): string {
  return join(folderOf(stateDir), `${module}.json`);
}
