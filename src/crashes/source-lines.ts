/** The lines of a source file around the one that crashed, where the file is at hand. */

import { closeSync, constants, fstatSync, readFileSync, realpathSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { openFile } from '../own-files.js';
import { blamedFrame, type CrashCard } from './card.js';

/** Lines before and after. */
const AROUND = 2;
const MAX_BYTES = 4 * 1024 * 1024;
const LONGEST_LINE = 400;
/** The path comes from the module's file, which may name anything. Only sources are shown. */
const SOURCES = /\.(?:c|cc|cpp|cxx|c\+\+|h|hh|hpp|hxx|inc|inl|ipp|tcc|rs|go|zig|s|l|y|m|mm|d|nim|pas|f90)$/i;

/** What was read. */
export interface SourceLines {
  /** The number of the first line. */
  first: number;
  lines: string[];
  /** The file was written after the crash: the lines may be others. */
  isNewer: boolean;
}

/**
 * Reads them.
 *
 * @param diedMs when the crash was
 * @returns `null`: the file is not at hand, or has no such line
 */
export function readSourceLines(path: string, line: number, diedMs: number): SourceLines | null {
  if (!isAbsolute(path) || line < 1) return null;
  let fd: number;
  try {
    // A link may have the name of a source and lead elsewhere.
    const real = realpathSync(path);
    if (!SOURCES.test(real)) return null;
    fd = openFile(real, constants.O_RDONLY | constants.O_NOFOLLOW);
  } catch {
    return null;
  }
  try {
    const { size, mtimeMs } = fstatSync(fd);
    if (size > MAX_BYTES) return null;
    const all = readFileSync(fd, 'utf8').split('\n');
    if (line > all.length) return null;
    const first = Math.max(1, line - AROUND);
    const lines = all.slice(first - 1, line + AROUND).map((text) => text.slice(0, LONGEST_LINE));
    return { first, lines, isNewer: mtimeMs > diedMs };
  } catch {
    return null;
  } finally {
    closeSync(fd);
  }
}

/** Those of the function that a card blames. */
export function readBlamedLines({ frames, time }: Pick<CrashCard, 'frames' | 'time'>): SourceLines | null {
  const frame = blamedFrame(frames);
  if (frame?.source == null || frame.line === null) return null;
  return readSourceLines(frame.source, frame.line, Date.parse(time));
}
