/** One line of a log file. */

import type { LogLine } from '../supervisor/types.js';

/** Levels as pino numbers them. */
export const LEVELS = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 } as const;

/** The name of a level. */
export type LevelName = keyof typeof LEVELS;

const BEGINNING = '{"level":';

/** One line of a log file, in the order in which its fields are written. */
export interface LogEntry {
  level: number;
  /** Milliseconds since the epoch. */
  time: number;
  /** `null` for the core itself. */
  module: string | null;
  generation: number | null;
  source: LogLine['source'];
  msg: string;
}

/** Reads a line of a log file; `null` when a crash cut the line or somebody else wrote it. */
export function parseEntry(line: string): LogEntry | null {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== 'object' || value === null) return null;
    const { level, time, module, generation, source, msg } = value as Partial<LogEntry>;
    if (typeof level !== 'number' || typeof time !== 'number' || typeof msg !== 'string') return null;
    return { level, time, module: module ?? null, generation: generation ?? null, source: source ?? 'supervisor', msg };
  } catch {
    return null;
  }
}

/** Levels by the names that syslog has for them. */
const SYSLOG_LEVELS: Readonly<Record<string, LevelName>> = {
  notice: 'info',
  warning: 'warn',
  err: 'error',
  crit: 'fatal',
  alert: 'fatal',
  emerg: 'fatal',
};

/** Reads the name of a level, ours or that of syslog; `null` for anything else. */
export function readLevel(name: string): LevelName | null {
  if (Object.hasOwn(LEVELS, name)) return name as LevelName;
  return Object.hasOwn(SYSLOG_LEVELS, name) ? (SYSLOG_LEVELS[name] ?? null) : null;
}

/**
 * A process that was killed may have left half a line, with the next one behind it: these are two.
 *
 * @returns the line, or its two parts if the second one is an entry
 */
export function splitLine(line: string): string[] {
  const at = line.lastIndexOf(BEGINNING);
  if (at <= 0 || parseEntry(line) !== null) return [line];
  const [head, tail] = [line.slice(0, at), line.slice(at)];
  return parseEntry(tail) === null ? [line] : [head, tail];
}

/** The name of a level. A number between two levels gets the name of the lower one. */
export function levelName(level: number): LevelName {
  const names = Object.keys(LEVELS) as LevelName[];
  return names.findLast((name) => LEVELS[name] <= level) ?? 'trace';
}
