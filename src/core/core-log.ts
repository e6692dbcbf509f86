/** The log of a running core: its files, and another receiver. */

import { LEVELS, type LogEntry } from '../logs/entry.js';
import { LogFiles, type LogFilesOptions } from '../logs/log-files.js';
import { serializeEntry } from '../logs/serialize.js';
import type { Supervisor } from '../supervisor/supervisor.js';
import type { LogLine } from '../supervisor/types.js';
import { coreEntry, entryOfLifecycle, entryOfLine } from './entries.js';

/** How much a line of the core itself matters. */
export type SayLevel = 'info' | 'warn' | 'error' | 'fatal';

/** Takes what is logged, as the files have it: the entry, and the same as a line of JSON. */
export type LogSink = (entry: LogEntry, line: string) => void;

/** Where a core logs. */
export interface CoreLogOptions extends Omit<LogFilesOptions, 'onTrouble'> {
  stateDir: string;
  /** Takes every entry; `null`: the files alone have them. */
  sink: LogSink | null;
  /** Takes what the core itself says. What a supervisor says is announced by that. */
  onSaid: (line: LogLine) => void;
}

/** Takes entries for every place. No place makes its caller wait or fail. */
export class CoreLog {
  readonly #files: LogFiles;
  readonly #sink: LogSink | null;
  readonly #onSaid: (line: LogLine) => void;
  #isClosed = false;

  constructor({ stateDir, sink, onSaid, ...options }: CoreLogOptions) {
    this.#sink = sink;
    this.#onSaid = onSaid;
    const onTrouble = (text: string) => {
      const entry = coreEntry('error', text, Date.now());
      this.#onSaid(lineOf(entry));
      this.#pour(entry, serializeEntry(entry));
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
  say(level: SayLevel, text: string): void {
    if (this.#isClosed) return;
    const entry = coreEntry(level, text, Date.now());
    this.write(entry);
    this.#onSaid(lineOf(entry));
  }

  /** Logs a line about a module, as the supervisor would say it, or about none. */
  tell(level: 'error' | 'warn', text: string, about: { module: string; generation: number } | null): void {
    if (this.#isClosed) return;
    if (about === null) {
      this.say(level, text);
      return;
    }
    const line: LogLine = { time: Date.now(), ...about, source: 'supervisor', level: level === 'error' ? 0 : 1, text };
    this.write(entryOfLine(line));
    this.#onSaid(line);
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
    if (this.#isClosed) return;
    // Made once, for the files and for the sink.
    const line = serializeEntry(entry);
    this.#files.write(entry, line);
    this.#pour(entry, line);
  }

  /** A sink that throws does not affect the caller: its error surfaces on its own, as that of a listener. */
  #pour(entry: LogEntry, line: string): void {
    try {
      this.#sink?.(entry, line);
    } catch (error) {
      setImmediate(() => {
        throw error;
      });
    }
  }

  /** Resolves when all is in the files. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#files.close();
  }
}

function lineOf({ level, time, msg: text }: LogEntry): LogLine {
  const own = level >= LEVELS.error ? 0 : level >= LEVELS.warn ? 1 : 2;
  return { time, module: null, generation: null, source: 'supervisor', level: own, text };
}
