/** What `logs` shows: one module's log, or all logs merged by time. */

import { parseEntry } from './entry.js';
import { coreLogPath, listLoggedModules, logSegments, moduleLogPath } from './paths.js';
import { LogReader } from './reader.js';
import { EVERYTHING, isSelected, type LogSelection, readTime } from './selection.js';

interface Source {
  reader: LogReader;
  wanted: (line: string) => boolean;
}

/** What `logs` prints for the core in the place of a module. */
const CORE = 'core';

/** The lines of the logs in a state directory, oldest first. A line without a readable time stays behind the line before it. */
export class LogView {
  readonly #stateDir: string;
  readonly #module: string | null;
  readonly #selection: LogSelection;
  readonly #sources = new Map<string, Source>();

  /**
   * @param module - `null`: the core and every module, also those that appear later. `core`: what the core says of itself, unless a
   * module has that name
   */
  constructor(stateDir: string, module: string | null, selection = EVERYTHING) {
    this.#stateDir = stateDir;
    this.#module = module;
    this.#selection = selection;
  }

  /** The modules that have a log. */
  modules(): string[] {
    return listLoggedModules(this.#stateDir);
  }

  /** Whether there is anything to read. */
  exists(): boolean {
    const modules = this.modules();
    if (this.#module !== null && modules.includes(this.#module)) return true;
    const hasCore = logSegments(coreLogPath(this.#stateDir)).length > 0;
    return this.#module === null ? modules.length > 0 || hasCore : this.#module === CORE && hasCore;
  }

  /** The last of the lines that are wanted. */
  last(count: number): string[] {
    this.#discover();
    const perLog = [...this.#sources.values()].map(({ reader, wanted }) =>
      reader.last(count, wanted, this.#selection.sinceMs),
    );
    return count === 0 ? [] : mergeByTime(perLog).slice(-count);
  }

  /** All wanted lines, each read when it is asked for; once. */
  *all(): Generator<string> {
    this.#discover();
    const logs = [...this.#sources.values()].map((source) => new Merging(source, this.#selection.sinceMs));
    for (;;) {
      let next: Merging | null = null;
      for (const log of logs) if (log.line !== null && (next === null || log.time < next.time)) next = log;
      if (next === null) return;
      yield next.line as string;
      next.advance();
    }
  }

  /** The wanted lines that were added since the last read. */
  next(): string[] {
    this.#discover();
    return mergeByTime([...this.#sources.values()].map(({ reader, wanted }) => reader.next().filter(wanted)));
  }

  #discover(): void {
    if (this.#module === CORE && !this.modules().includes(CORE)) {
      this.#add(coreLogPath(this.#stateDir), (line) => (parseEntry(line)?.module ?? null) === null);
      return;
    }
    if (this.#module !== null) {
      this.#add(moduleLogPath(this.#stateDir, this.#module), () => true);
      return;
    }
    this.#add(coreLogPath(this.#stateDir), () => true);
    // What the supervisor says about a module is in the log of the core too, and is shown from there.
    const ownWords = (line: string) => parseEntry(line)?.source !== 'supervisor';
    for (const module of this.modules()) this.#add(moduleLogPath(this.#stateDir, module), ownWords);
  }

  #add(path: string, isShown: Source['wanted']): void {
    if (this.#sources.has(path)) return;
    const wanted = (line: string) => isSelected(line, this.#selection) && isShown(line);
    this.#sources.set(path, { reader: new LogReader(path), wanted });
  }
}

/** One log on its way into the merged one. */
class Merging {
  /** `null` at the end. */
  line: string | null = null;
  /** A log never goes back in time, even if the clock did: its order is the order of events. */
  time = 0;
  readonly #lines: Iterator<string>;
  readonly #wanted: Source['wanted'];

  constructor({ reader, wanted }: Source, sinceMs: number) {
    this.#lines = reader.all(sinceMs);
    this.#wanted = wanted;
    this.advance();
  }

  advance(): void {
    for (let { value, done } = this.#lines.next(); !done; { value, done } = this.#lines.next()) {
      if (!this.#wanted(value)) continue;
      this.line = value;
      this.time = Math.max(this.time, readTime(value) ?? 0);
      return;
    }
    this.line = null;
  }
}

function mergeByTime(logs: string[][]): string[] {
  const timed = logs.flatMap((lines) => {
    let time = 0;
    return lines.map((line) => {
      // As `Merging` has it.
      time = Math.max(time, readTime(line) ?? 0);
      return { time, line };
    });
  });
  return timed.sort((a, b) => a.time - b.time).map(({ line }) => line);
}
