/** The messages that modules do not get because they killed them: of all modules of a core. */

import { type KeptTable, putAside, readTable, TableFile } from './file.js';
import { findMessage } from './find.js';
import { QuarantineTable } from './table.js';
import type { QuarantinedMessage, QuarantineSettings } from './types.js';

/** What it needs. */
export interface QuarantineOptions {
  /** `null`: it is forgotten with the core. */
  stateDir: string | null;
  /** The build that a module runs, or ran last; `null`: that is not known. */
  buildOf: (module: string) => string | null;
  /** Tells the operator. */
  warn: (text: string) => void;
}

interface Member {
  table: QuarantineTable;
  file: TableFile;
}

/** Survives the restart of a module and of the core. A module that is removed and added again finds its messages again. */
export class Quarantine {
  readonly #options: QuarantineOptions;
  readonly #members = new Map<string, Member>();

  constructor(options: QuarantineOptions) {
    this.#options = options;
  }

  /** The messages of one module. */
  of(module: string, settings: QuarantineSettings): QuarantineTable {
    const { table } = this.#members.get(module) ?? this.#open(module, settings);
    return table;
  }

  /** Why the next core will not know what this one knows, a line each. */
  get problems(): string[] {
    const failures = [...this.#members.values()].map(({ file }) => file.failure).filter((failure) => failure !== null);
    const remedy = 'make room, or let the core write there; the core tries again';
    return failures.map(
      (failure) => `the next start of the core will give modules messages that killed them: ${failure}; ${remedy}`,
    );
  }

  /** Every message. @param module - only its own; `null`: of all */
  list(module: string | null = null): QuarantinedMessage[] {
    const tables = [...this.#members.values()].map(({ table }) => table);
    const meant = module === null ? tables : tables.filter((table) => table.module === module);
    return meant.flatMap((table) => table.list(this.#options.buildOf(table.module)));
  }

  /** @throws SupervisorError as {@link findMessage} */
  find(id: string): QuarantinedMessage {
    return findMessage(this.list(), id);
  }

  /** Gives messages to their modules again. @returns what they were */
  release(messages: readonly QuarantinedMessage[]): QuarantinedMessage[] {
    const ids = new Set(messages.map(({ id }) => id));
    for (const { table } of this.#members.values()) table.release(ids);
    return [...messages];
  }

  /** Writes what is not written yet: how often messages were withheld. */
  close(): void {
    for (const { table } of this.#members.values()) table.save();
  }

  #open(module: string, settings: QuarantineSettings): Member {
    const { stateDir } = this.#options;
    const kept = stateDir === null ? null : this.#read(stateDir, module);
    const file = new TableFile(stateDir, module, () => ({ settings: table.settings, entries: [...table.entries] }));
    const { quarantine, quarantineTtlMs } = settings;
    const table = new QuarantineTable({
      module,
      entries: kept?.entries ?? [],
      settings: { quarantine, quarantineTtlMs },
      save: () => void file.write(),
    });
    const member = { table, file };
    this.#members.set(module, member);
    return member;
  }

  #read(stateDir: string, module: string): KeptTable | null {
    try {
      return readTable(stateDir, module);
    } catch (error) {
      const aside = putAside(stateDir, module);
      const where = aside === null ? '' : `; it is kept as ${aside}`;
      const why = (error as NodeJS.ErrnoException).code ?? 'it is damaged, or of another version';
      this.#options.warn(
        `module ${module}: its quarantine cannot be read (${why}), so it begins empty: the module gets messages again that killed it${where}`,
      );
      return null;
    }
  }
}
