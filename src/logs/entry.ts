/** One line of a log file. */

import type { LogLine } from '../supervisor/types.js';

/** Levels as pino numbers them. */
export const LEVELS = { trace: 10, debug: 20, info: 30, warn: 40, error: 50, fatal: 60 } as const;

/** The name of a level. */
export type LevelName = keyof typeof LEVELS;

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

/** The name of a level. A number between two levels gets the name of the lower one. */
export function levelName(level: number): LevelName {
  const names = Object.keys(LEVELS) as LevelName[];
  return names.findLast((name) => LEVELS[name] <= level) ?? 'trace';
}
