/** The log on standard output: JSON, or readable lines on a terminal. */

import { pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { type LogEntry, levelName } from '../logs/entry.js';
import { escapeControl } from '../logs/format.js';
import { BackgroundWriter } from './background-writer.js';

/** Where entries go that somebody may be watching. */
export interface StdoutLog {
  write(entry: LogEntry): void;
  /** Resolves with `false` when a write hangs that holds up the exit of the process. */
  close(): Promise<boolean>;
}

const CLOSE_TIMEOUT_MS = 1_000;

/**
 * Opens standard output for logging.
 *
 * @param form - `pretty` for a person at a terminal, in `colour` or not.
 */
export function openStdoutLog(form: 'json' | 'pretty', colour: boolean): StdoutLog {
  // Not pino's own destination: at an exit it waits for the reader, for ever if need be.
  const writer = new BackgroundWriter(1);
  const format = form === 'pretty' ? makeFormatter(colour) : (line: string) => line;
  // The entry brings its own time, and the core's pid would be on every line.
  const logger = pino(
    { level: 'trace', base: null, timestamp: false },
    { write: (line: string) => writer.write(format(line)) },
  );
  return {
    write: ({ level, msg, ...rest }) => logger[levelName(level)](rest, '%s', msg),
    close: () => writer.close(CLOSE_TIMEOUT_MS),
  };
}

function makeFormatter(colour: boolean): (line: string) => string {
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
  return (line) => pretty(JSON.parse(line)) ?? '';
}
