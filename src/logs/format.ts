/** Log lines for people. */

import { styleText } from 'node:util';
import { escapeControl } from '../escape-control.js';
import { type LevelName, levelName, parseEntry } from './entry.js';

const COLOURS: Record<LevelName, 'gray' | 'cyan' | 'yellow' | 'red'> = {
  trace: 'gray',
  debug: 'gray',
  info: 'cyan',
  warn: 'yellow',
  error: 'red',
  fatal: 'red',
};

/** Turns one line of a log file into one line for a person: time, module, source or level, text. */
export function formatLogLine(line: string, colour = false): string {
  const entry = parseEntry(line);
  if (!entry) return escapeControl(line);
  const { time, module, generation, source, msg } = entry;
  const level = levelName(entry.level);
  const who = module === null ? 'core' : generation === null ? module : `${module}/${generation}`;
  const from = source === 'stdout' || source === 'stderr' ? source : level;
  const paint = (text: string) => (colour ? styleText(COLOURS[level], text) : text);
  return `${formatTime(time)} ${escapeControl(who).padEnd(14)} ${paint(from.padEnd(6))} ${escapeControl(withoutName(msg, module))}`;
}

/** The name stands before the text already. */
function withoutName(msg: string, module: string | null): string {
  const prefix = `module ${module}: `;
  return module !== null && msg.startsWith(prefix) ? msg.slice(prefix.length) : msg;
}

/** Local time to the millisecond, as `2025-01-31 08:05:09.007`. */
export function formatTime(time: number): string {
  const date = new Date(time);
  if (Number.isNaN(date.getTime())) return '?'.padEnd(23);
  const local = new Date(time - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 23).replace('T', ' ');
}
