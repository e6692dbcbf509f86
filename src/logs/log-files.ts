/** The log files of a core: one of its own and one a module. */

import { counted } from '../counted.js';
import { LEVELS, type LogEntry } from './entry.js';
import { coreLogPath, moduleLogPath } from './paths.js';
import { RotatingFile, type RotatingFileOptions } from './rotating-file.js';
import { serializeEntry } from './serialize.js';

/** How log files are kept. */
export interface LogFilesOptions extends Pick<RotatingFileOptions, 'sizeBytes' | 'keep'> {
  /** Is called, with the reason in words, when a file can no longer be written. */
  onTrouble?: (text: string) => void;
}

/**
 * Writes each entry where it belongs. What the supervisor says about a module goes into the file of the core and into the
 * file of the module. What a module says itself goes only into the file of the module.
 */
export class LogFiles {
  readonly #stateDir: string;
  #options: LogFilesOptions;
  readonly #files = new Map<string, RotatingFile>();

  constructor(stateDir: string, options: LogFilesOptions) {
    this.#stateDir = stateDir;
    this.#options = options;
  }

  /** Never throws, and never waits for the disk. @param line - the entry as a line */
  write(entry: LogEntry, line: string = serializeEntry(entry)): void {
    if (entry.module === null || entry.source === 'supervisor') this.#file(null).append(line);
    if (entry.module !== null) this.#file(entry.module).append(line);
  }

  /** Opens all files again by their names: the old ones may have been moved away or removed. */
  reopen(): void {
    for (const file of this.#files.values()) file.reopen();
  }

  /** Takes another size and number of files. */
  keep(options: Pick<LogFilesOptions, 'sizeBytes' | 'keep'>): void {
    this.#options = { ...this.#options, ...options };
    for (const file of this.#files.values()) file.keep(options);
  }

  /** What is wrong with files at the moment, a line each. */
  problems(): string[] {
    return [...this.#files.values()].map(({ problem }) => problem).filter((problem) => problem !== null);
  }

  /** Writes what is pending and closes the files. */
  async close(): Promise<void> {
    await Promise.all([...this.#files.values()].map((file) => file.close()));
  }

  #file(module: string | null): RotatingFile {
    const path = module === null ? coreLogPath(this.#stateDir) : moduleLogPath(this.#stateDir, module);
    let file = this.#files.get(path);
    if (!file) {
      file = new RotatingFile(path, {
        ...this.#options,
        gapLine: (dropped, reason) => gap(module, dropped, reason),
        onTrouble: (reason) => this.#options.onTrouble?.(`${path} cannot be written, its lines are lost: ${reason}`),
      });
      this.#files.set(path, file);
    }
    return file;
  }
}

function gap(module: string | null, dropped: number, reason: string): string {
  const lost = dropped === 1 ? 'was lost, because it' : 'were lost, because they';
  const msg = `${counted(dropped, 'line')} of this log ${lost} could not be written: ${reason}`;
  const level = LEVELS.warn;
  return serializeEntry({ level, time: Date.now(), module, generation: null, source: 'supervisor', msg });
}
