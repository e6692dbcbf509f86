/** The log on standard output: JSON, or readable lines on a terminal. */

import { pino } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { type LogEntry, levelName } from '../logs/entry.js';
import { escapeControl } from '../logs/format.js';

/** Where entries go that somebody may be watching. */
export interface StdoutLog {
  write(entry: LogEntry): void;
  /** Resolves with `false` when the reader takes nothing any more, so that what is left cannot be written. */
  close(): Promise<boolean>;
}

/** What waits for a slow reader, in bytes; lines beyond it are dropped. */
const MAX_PENDING_BYTES = 4 * 1024 * 1024;
const CLOSE_TIMEOUT_MS = 1_000;

/**
 * Opens standard output for logging. A reader that is slow, stuck or gone costs lines, never the core: writing goes on
 * in the background.
 *
 * @param form - `pretty` for a person at a terminal, in `colour` or not.
 */
export function openStdoutLog(form: 'json' | 'pretty', colour: boolean): StdoutLog {
  const stdout = pino.destination({ dest: 1, sync: false, maxLength: MAX_PENDING_BYTES });
  let readerGone = false;
  // Whatever the error, a closed pipe or a full disk: there is no place left to tell of it.
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    readerGone ||= error.code === 'EPIPE';
  });
  const format = form === 'pretty' ? makeFormatter(colour) : (line: string) => line;
  // The entry brings its own time, and the core's pid would be on every line.
  const logger = pino(
    { level: 'trace', base: null, timestamp: false },
    { write: (line: string) => void stdout.write(format(line)) },
  );
  return {
    write: ({ level, msg, ...rest }) => logger[levelName(level)](rest, '%s', msg),
    close: () =>
      new Promise((resolve) => {
        const timer = setTimeout(() => resolve(readerGone), CLOSE_TIMEOUT_MS);
        stdout.once('error', () => resolve(true));
        if (readerGone) resolve(true);
        stdout.flush(() => {
          clearTimeout(timer);
          resolve(true);
        });
      }),
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
