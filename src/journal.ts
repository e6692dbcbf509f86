/** The journal of systemd: it takes the priority of a line from `<N>` before it (sd-daemon(3)). */

import { fstatSync } from 'node:fs';

/** How bad something is, in the words of our logs. */
export type Severity = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';

/** As syslog(3) numbers priorities. */
const PRIORITIES: Record<Severity, number> = { fatal: 2, error: 3, warn: 4, info: 6, debug: 7, trace: 7 };

/**
 * Whether what is written to a descriptor goes to the journal. systemd says which stream it has connected. A child whose output
 * goes elsewhere inherits the variable, so the descriptor is compared with it.
 */
export function isJournal(fd: number, { JOURNAL_STREAM: stream }: NodeJS.ProcessEnv = process.env): boolean {
  if (!stream) return false;
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}

/** What stands before a line in the journal. */
export function priorityMark(severity: Severity): string {
  return `<${PRIORITIES[severity]}>`;
}
