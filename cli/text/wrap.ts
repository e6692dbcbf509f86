/** Lines of a terminal: pure. */

import { BETWEEN_WORDS, holdCommands, WITHIN_WORD } from './paste.js';
import { countColumns } from './table.js';

/**
 * Breaks a text into lines of at most `width` columns, the second and later ones indented. A command to paste stays in one
 * line if it fits, and is broken as a shell takes it if not; a longer word is cut up.
 */
export function wrap(text: string, width: number, indent = '  '): string[] {
  const room = width - indent.length;
  return fill(text, width, indent, (unit) => breakCommand(unit, room).flatMap((piece) => chop(piece, room)));
}

/** The same, but that a longer word, or command, stays whole: a terminal lets it be copied over two lines. */
export function wrapWords(text: string, width: number, indent = '  '): string[] {
  return fill(text, width, indent, (unit) => [unit]);
}

function fill(text: string, width: number, indent: string, pieces: (unit: string) => string[]): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of holdCommands(text).split(' ').flatMap(pieces)) {
    if (line !== '' && (line.endsWith(' \\') || countColumns(line) + 1 + countColumns(word) > width)) {
      lines.push(line);
      line = `${indent}${word}`;
    } else {
      line += line === '' ? word : ` ${word}`;
    }
  }
  return [...lines, line].map((line) => line.replaceAll(BETWEEN_WORDS, ' ').replaceAll(WITHIN_WORD, ' '));
}

/** A command that is too long in pieces, all but the last with a backslash at the end; anything else as it is. */
function breakCommand(unit: string, most: number): string[] {
  if (countColumns(unit) <= most) return [unit];
  const pieces: string[] = [];
  for (const word of unit.split(BETWEEN_WORDS)) {
    const last = pieces.at(-1);
    if (last !== undefined && countColumns(`${last} ${word} \\`) <= most) {
      pieces[pieces.length - 1] = `${last}${BETWEEN_WORDS}${word}`;
    } else {
      pieces.push(word);
    }
  }
  return pieces.map((piece, i) => (i < pieces.length - 1 ? `${piece}${BETWEEN_WORDS}\\` : piece));
}

function chop(word: string, most: number): string[] {
  const pieces: string[] = [];
  let piece = '';
  for (const character of word) {
    if (countColumns(piece + character) > most) {
      pieces.push(piece);
      piece = '';
    }
    piece += character;
  }
  return [...pieces, piece];
}
