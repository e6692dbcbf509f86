/** Makes the lines of the log: the only place that knows pino. */

import { pino } from 'pino';
import { type LogEntry, levelName } from './entry.js';

let written = '';
/*
 * The lines go to our own files: pino's destinations do not rotate, do not count what they drop, and wait for a reader that does
 * not read. An entry brings its own time, and the core's pid would be on every line.
 */
const logger = pino(
  { level: 'trace', base: null, timestamp: false },
  {
    write: (line: string) => {
      written = line;
    },
  },
);

/** The line, without its newline, as files and standard output have it; control characters are escaped as JSON has them. */
export function serializeEntry({ level, time, module, generation, source, msg }: LogEntry): string {
  logger[levelName(level)]({ time, module, generation, source }, '%s', msg);
  return written.slice(0, -1);
}
