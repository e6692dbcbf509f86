/** Which lines of the logs are wanted: of what time, and how severe. */

import { parseEntry } from './entry.js';

/** Bounds are included. Times are in milliseconds since the epoch. */
export interface LogSelection {
  sinceMs: number;
  untilMs: number;
  /** The least level, as pino numbers it. */
  level: number;
}

/** Every line, also one that is no entry. */
export const EVERYTHING: LogSelection = {
  sinceMs: Number.NEGATIVE_INFINITY,
  untilMs: Number.POSITIVE_INFINITY,
  level: Number.NEGATIVE_INFINITY,
};

/** How an entry begins. A line that was cut still has its beginning. */
const HEAD = /^\{"level":(\d+),"time":(\d+)/;

/** Whether a line is wanted. A line without time and level, which somebody else wrote, is wanted only with everything. */
export function isSelected(line: string, { sinceMs, untilMs, level }: LogSelection): boolean {
  const head = readHead(line);
  if (!head) return sinceMs === EVERYTHING.sinceMs && untilMs === EVERYTHING.untilMs && level === EVERYTHING.level;
  return head.time >= sinceMs && head.time <= untilMs && head.level >= level;
}

/** When a line was logged; `null` where it does not say so. */
export function readTime(line: string): number | null {
  return readHead(line)?.time ?? null;
}

function readHead(line: string): { level: number; time: number } | null {
  const [, level, time] = HEAD.exec(line) ?? [];
  return level === undefined ? parseEntry(line) : { level: Number(level), time: Number(time) };
}
