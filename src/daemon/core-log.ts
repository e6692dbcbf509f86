/** The log of a running core: its files, and standard output when somebody may watch. */

import type { LogEntry } from '../logs/entry.js';
import { LogFiles, type LogFilesOptions } from '../logs/log-files.js';
import { serializeEntry } from '../logs/serialize.js';
import type { Supervisor } from '../supervisor/supervisor.js';
import { coreEntry, entryOfLifecycle, entryOfLine } from './entries.js';
import { openStdoutLog, type StdoutLog } from './stdout-log.js';

/** Where a core logs. */
export interface CoreLogOptions extends Omit<LogFilesOptions, 'onTrouble'> {
  stateDir: string;
  /** `null`: to the files only. */
  stdout: { form: 'json' | 'pretty'; colour: boolean } | null;
}

/** Takes entries for every place. No place makes its caller wait or fail. */
export class CoreLog {
  readonly #files: LogFiles;
  readonly #stdout: StdoutLog | null;

  constructor({ stateDir, stdout, ...options }: CoreLogOptions) {
    this.#stdout = stdout && openStdoutLog(stdout.form, stdout.colour);
    const onTrouble = (text: string) => {
      const entry = coreEntry('error', text, Date.now());
      this.#stdout?.write(entry, serializeEntry(entry));
    };
    this.#files = new LogFiles(stateDir, { ...options, onTrouble });
  }

  /** Logs everything that a supervisor announces. */
  follow(supervisor: Supervisor): void {
    supervisor.on('log', (line) => this.write(entryOfLine(line)));
    supervisor.on('lifecycle', (event) => {
      const entry = entryOfLifecycle(event, Date.now());
      if (entry) this.write(entry);
    });
  }

  /** Logs a line of the core itself. */
  say(level: 'info' | 'warn' | 'error' | 'fatal', text: string): void {
    this.write(coreEntry(level, text, Date.now()));
  }

  /** What is wrong with the log at the moment, a line each. */
  problems(): string[] {
    return this.#files.problems();
  }

  /** @see LogFiles.reopen */
  reopen(): void {
    this.#files.reopen();
  }

  /** @see LogFiles.keep */
  keep(options: Pick<LogFilesOptions, 'sizeBytes' | 'keep'>): void {
    this.#files.keep(options);
  }

  write(entry: LogEntry): void {
    // Made once, for the files and for standard output.
    const line = serializeEntry(entry);
    this.#files.write(entry, line);
    this.#stdout?.write(entry, line);
  }

  /** Resolves with `false` when standard output could not be written to its end. */
  async close(): Promise<boolean> {
    await this.#files.close();
    return (await this.#stdout?.close()) ?? true;
  }
}
