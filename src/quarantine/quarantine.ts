/** The messages that modules do not get because they killed them: of all modules of a core. */

import { requireKnown } from '../module-names.js';
import type { QuarantineEntry } from './entry.js';
import { type KeptTable, putAside, readTable, reasonOf, TableFile } from './file.js';
import { findMessage } from './find.js';
import { QuarantineTable } from './table.js';
import type { QuarantinedMessage, QuarantineRequest, QuarantineSettings } from './types.js';

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

  /**
   * Answers what is asked, or does what is ordered.
   *
   * @returns the messages that it was about
   * @throws SupervisorError `MODULE_UNKNOWN`, and as {@link findMessage}
   */
  answer(request: QuarantineRequest): QuarantinedMessage[] {
    switch (request.kind) {
      case 'list':
        return this.list(request.module);
      case 'show':
        return [findMessage(this.list(null), request.id)];
      case 'release':
        return this.#release([findMessage(this.list(null), request.id)]);
      case 'release-all':
        return this.#release(this.list(request.module));
    }
  }

  /** Takes what a file has of a module; only for who reads without a core. */
  adopt(module: string, kept: KeptTable): void {
    this.#add(module, kept.settings, kept.entries);
  }

  /**
   * Every message.
   *
   * @param module - only its own; `null`: of all
   * @throws SupervisorError `MODULE_UNKNOWN`
   */
  list(module: string | null): QuarantinedMessage[] {
    if (module !== null) requireKnown(module, [...this.#members.keys()]);
    const tables = [...this.#members.values()].map(({ table }) => table);
    const meant = module === null ? tables : tables.filter((table) => table.module === module);
    return meant.flatMap((table) => table.list(this.#options.buildOf(table.module)));
  }

  /** Writes what is not written yet: how often messages were withheld. */
  close(): void {
    for (const { table } of this.#members.values()) table.save();
  }

  /** Gives messages to their modules again. */
  #release(messages: QuarantinedMessage[]): QuarantinedMessage[] {
    const ids = new Set(messages.map(({ id }) => id));
    for (const { table } of this.#members.values()) table.release(ids);
    return messages;
  }

  #open(module: string, settings: QuarantineSettings): Member {
    const { stateDir } = this.#options;
    const kept = stateDir === null ? null : this.#read(stateDir, module);
    return this.#add(module, settings, kept?.entries ?? []);
  }

  #add(module: string, settings: QuarantineSettings, entries: readonly QuarantineEntry[]): Member {
    const { stateDir } = this.#options;
    const file = new TableFile(stateDir, module, () => ({ settings: table.settings, entries: [...table.entries] }));
    const { quarantine, quarantineTtlMs } = settings;
    const table = new QuarantineTable({
      module,
      entries,
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
      this.#options.warn(
        `module ${module}: its quarantine cannot be read (${reasonOf(error)}), so it begins empty: the module gets messages again that killed it${where}`,
      );
      return null;
    }
  }
}
