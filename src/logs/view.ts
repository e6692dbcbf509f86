/** What `logs` shows: one module's log, or all logs merged by time. */

import { parseEntry } from './entry.js';
import { coreLogPath, listLoggedModules, logSegments, moduleLogPath } from './paths.js';
import { LogReader } from './reader.js';

interface Source {
  reader: LogReader;
  wanted: (line: string) => boolean;
}

/** The lines of a state directory's logs, oldest first; a line without a readable time stays behind its predecessor. */
export class LogView {
  readonly #stateDir: string;
  readonly #module: string | null;
  readonly #sources = new Map<string, Source>();

  /** @param module - `null`: the core and every module, also those that appear later. */
  constructor(stateDir: string, module: string | null) {
    this.#stateDir = stateDir;
    this.#module = module;
  }

  /** The modules that have a log. */
  modules(): string[] {
    return listLoggedModules(this.#stateDir);
  }

  /** Whether there is anything to read. */
  exists(): boolean {
    const modules = this.modules();
    if (this.#module !== null) return modules.includes(this.#module);
    return modules.length > 0 || logSegments(coreLogPath(this.#stateDir)).length > 0;
  }

  /** The last lines of all. */
  last(count: number): string[] {
    this.#discover();
    const perLog = [...this.#sources.values()].map(({ reader, wanted }) => reader.last(count, wanted));
    return count === 0 ? [] : mergeByTime(perLog).slice(-count);
  }

  /** The lines added since the last read. */
  next(): string[] {
    this.#discover();
    return mergeByTime([...this.#sources.values()].map(({ reader, wanted }) => reader.next().filter(wanted)));
  }

  #discover(): void {
    if (this.#module !== null) {
      this.#add(moduleLogPath(this.#stateDir, this.#module), () => true);
      return;
    }
    this.#add(coreLogPath(this.#stateDir), () => true);
    // What the supervisor says of a module stands in the core's log too, and is shown from there.
    const ownWords = (line: string) => parseEntry(line)?.source !== 'supervisor';
    for (const module of this.modules()) this.#add(moduleLogPath(this.#stateDir, module), ownWords);
  }

  #add(path: string, wanted: Source['wanted']): void {
    if (!this.#sources.has(path)) this.#sources.set(path, { reader: new LogReader(path), wanted });
  }
}

function mergeByTime(logs: string[][]): string[] {
  const timed = logs.flatMap((lines) => {
    let time = 0;
    return lines.map((line) => {
      // A log never goes back in time, even where the clock did: its order is what happened.
      time = Math.max(time, parseEntry(line)?.time ?? 0);
      return { time, line };
    });
  });
  return timed.sort((a, b) => a.time - b.time).map(({ line }) => line);
}
