/** Makes the lines of the log: the only place that knows pino. */

import { pino } from 'pino';
import { type LogEntry, levelName } from './entry.js';

let written = '';
/*
 * The lines go to our own files: the destinations of pino do not rotate, do not count what they drop, and block when their
 * reader does not read. The options leave out the time, which an entry already has, and the pid, which is always the core's.
 */
const logger = pino(
  { level: 'trace', base: null, timestamp: false },
  {
    write: (line: string) => {
      written = line;
    },
  },
);

/** The line without its newline, for files and standard output. Control characters are escaped as in JSON. */
export function serializeEntry({ level, time, module, generation, source, msg }: LogEntry): string {
  logger[levelName(level)]({ time, module, generation, source }, '%s', msg);
  return written.slice(0, -1);
}
