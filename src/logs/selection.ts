/** Selects lines of the logs by their time and their level. */

import { parseEntry } from './entry.js';

/** Bounds are included. Times are in milliseconds since the epoch. */
export interface LogSelection {
  sinceMs: number;
  untilMs: number;
  /** The least level, as pino numbers it. */
  level: number;
}

/** Every line, even one that is not an entry. */
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

/** When a line was logged; `null` when the line has no time. */
export function readTime(line: string): number | null {
  return readHead(line)?.time ?? null;
}

function readHead(line: string): { level: number; time: number } | null {
  const [, level, time] = HEAD.exec(line) ?? [];
  return level === undefined ? parseEntry(line) : { level: Number(level), time: Number(time) };
}
