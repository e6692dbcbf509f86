/** The messages that one module does not get, all builds of it. */

import type { CallEvent } from '../wire/call-event.js';
import type { Kill, QuarantineEntry } from './entry.js';
import { BuildIndex } from './index-of-build.js';
import { addKill, describeEntry, dropExpired, isEnough, isExpired, stateOf, takeEntries } from './policy.js';
import type { QuarantinedMessage, QuarantineSettings } from './types.js';

/** What changes goes to the disk by itself. */
export interface TableOptions {
  module: string;
  entries: readonly QuarantineEntry[];
  settings: QuarantineSettings;
  /** Writes what is known now. */
  save: () => void;
  /** The wall clock: entries outlive a core. */
  now?: () => number;
}

/** Looked at for each message that is handed to a host, so it must say at once that there is nothing. */
export class QuarantineTable {
  readonly module: string;
  /** Whether no message is withheld from any build. */
  isEmpty = true;
  #entries: QuarantineEntry[];
  #settings: QuarantineSettings;
  readonly #save: () => void;
  readonly #now: () => number;
  /** Of each build that has entries which apply. */
  #indexes = new Map<string, BuildIndex>();
  #isSaved = true;

  constructor({ module, entries, settings, save, now = Date.now }: TableOptions) {
    this.module = module;
    this.#settings = settings;
    this.#save = save;
    this.#now = now;
    this.#entries = [...entries];
    this.#arrange();
  }

  /** All of them, as they go to the disk. */
  get entries(): readonly QuarantineEntry[] {
    return this.#entries;
  }

  get settings(): QuarantineSettings {
    return this.#settings;
  }

  /** Takes other settings, which hold for what is known already. */
  configure({ quarantine, quarantineTtlMs }: QuarantineSettings): void {
    const before = this.#settings;
    if (quarantine === before.quarantine && quarantineTtlMs === before.quarantineTtlMs) return;
    this.#settings = { quarantine, quarantineTtlMs };
    this.#arrange();
    if (this.#entries.length > 0) this.#isSaved = false;
  }

  /** Whether a message is withheld from a build; then that is counted. */
  withholds(event: CallEvent, build: string): boolean {
    const entry = this.#indexes.get(build)?.find(event) ?? null;
    if (entry === null) return false;
    if (isExpired(entry, this.#settings, this.#now())) {
      this.#entries = dropExpired(this.#entries, this.#settings, this.#now());
      this.#arrange();
      this.#isSaved = false;
      return false;
    }
    entry.withheld += 1;
    this.#isSaved = false;
    return true;
  }

  /** Remembers a death. @returns the message that caused it; `null`: nothing is remembered */
  add(kill: Kill): QuarantinedMessage | null {
    if (this.#settings.quarantine === null) return null;
    const { entries, entry } = addKill(this.#entries, kill, this.#settings, this.#now());
    this.#entries = entries;
    this.#arrange();
    this.#isSaved = false;
    return describeEntry(entry, this.module, this.#settings, kill.build);
  }

  /** What is known of a build. */
  ofBuild(build: string): QuarantineEntry[] {
    return this.#living().filter((entry) => entry.build === build);
  }

  /** Takes what another table knows of a build, which this module is about to run. */
  take(entries: readonly QuarantineEntry[]): void {
    if (this.#settings.quarantine === null || entries.length === 0) return;
    this.#entries = takeEntries(this.#entries, entries, this.module);
    this.#arrange();
    this.#isSaved = false;
  }

  /** How many messages a build does not get. */
  count(build: string | null): number {
    if (this.isEmpty) return 0;
    return this.#living().filter((entry) => stateOf(entry, this.#settings, build) === 'withheld').length;
  }

  /** Everything, the last death first. @param build - the one that runs; `null`: none is known */
  list(build: string | null): QuarantinedMessage[] {
    const shown = this.#living().map((entry) => describeEntry(entry, this.module, this.#settings, build));
    return shown.sort((a, b) => b.lastAt.localeCompare(a.lastAt) || a.id.localeCompare(b.id));
  }

  /** Forgets messages: the module gets them again. */
  release(ids: ReadonlySet<string>): void {
    const kept = this.#entries.filter(({ id }) => !ids.has(id));
    if (kept.length === this.#entries.length) return;
    this.#entries = kept;
    this.#arrange();
    this.#isSaved = false;
    this.save();
  }

  /** Writes what is not written yet. */
  save(): void {
    if (this.#isSaved) return;
    this.#isSaved = true;
    this.#save();
  }

  #living(): QuarantineEntry[] {
    return dropExpired(this.#entries, this.#settings, this.#now());
  }

  #arrange(): void {
    const byBuild = new Map<string, QuarantineEntry[]>();
    for (const entry of this.#entries) {
      if (!isEnough(entry, this.#settings)) continue;
      const alike = byBuild.get(entry.build);
      if (alike) alike.push(entry);
      else byBuild.set(entry.build, [entry]);
    }
    this.#indexes = new Map([...byBuild].map(([build, entries]) => [build, new BuildIndex(entries)]));
    this.isEmpty = this.#indexes.size === 0;
  }
}
