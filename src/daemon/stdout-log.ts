/** The log on standard output: JSON, or readable lines on a terminal. */

import { prettyFactory } from 'pino-pretty';
import { escapeControl } from '../escape-control.js';
import { isJournal, priorityMark } from '../journal.js';
import { type LogEntry, levelName } from '../logs/entry.js';
import { BackgroundWriter } from './background-writer.js';

/** Where entries go that somebody may be watching. */
export interface StdoutLog {
  /** @param line - the entry as a line of JSON */
  write(entry: LogEntry, line: string): void;
  /** Resolves with `false` when a write hangs that holds up the exit of the process. */
  close(): Promise<boolean>;
}

/** `pretty` for a person at a terminal, in `colour` or not. */
export interface StdoutForm {
  form: 'json' | 'pretty';
  colour: boolean;
}

interface Destination {
  write(text: string): void;
}

const CLOSE_TIMEOUT_MS = 1_000;

/** Opens standard output for logging. */
export function openStdoutLog({ form, colour }: StdoutForm): StdoutLog {
  const writer = new BackgroundWriter(1);
  const destination = { write: (text: string) => writer.write(text) };
  return {
    write: form === 'pretty' ? prettyLines(destination, colour) : jsonLines(destination),
    close: () => writer.close(CLOSE_TIMEOUT_MS),
  };
}

/** In the journal of systemd, each with its priority. */
function jsonLines(destination: Destination): StdoutLog['write'] {
  if (!isJournal(1)) return (_, line) => destination.write(`${line}\n`);
  return ({ level }, line) => destination.write(`${priorityMark(levelName(level))}${line}\n`);
}

/** An entry is never JSON on its way to a person. */
function prettyLines(destination: Destination, colour: boolean): StdoutLog['write'] {
  const pretty = prettyFactory({
    colorize: colour,
    translateTime: 'SYS:HH:MM:ss.l',
    ignore: 'module,generation,source',
    minimumLevel: 'trace',
    messageFormat: ({ module, generation, source, msg }) => {
      const who = module === null ? 'core' : generation === null ? module : `${module}/${generation}`;
      const from = source === 'stdout' || source === 'stderr' ? ` ${source}` : '';
      return escapeControl(`${who}${from}: ${msg}`);
    },
  });
  return (entry) => destination.write(pretty({ ...entry }) ?? '');
}
