/** Lines of a terminal: pure. */

import { quoteWord, type Sentence, wordsOf } from '../../src/sentence.js';
import { countColumns } from './columns.js';

/** Stands for a space at which a line may end only with a backslash. */
const BETWEEN_WORDS = '\u0001';
/** Stands for a space at which no line may end. */
const WITHIN_WORD = '\u0002';

/**
 * Breaks a text into lines of at most `width` columns, the second and later ones indented. A command to paste stays in one
 * line if it fits. Otherwise it is broken in a way that a shell understands. A word that is too long is cut up.
 */
export function wrap(text: string | Sentence, width: number, indent = '  '): string[] {
  const room = width - indent.length;
  return fill(text, width, indent, (unit) => breakCommand(unit, room).flatMap((piece) => chop(piece, room)));
}

/** The same, but a word or a command that is too long stays whole: a terminal lets a user copy it over two lines. */
export function wrapWords(text: string | Sentence, width: number, indent = '  '): string[] {
  return fill(text, width, indent, (unit) => [unit]);
}

/** The columns that the longest word or command takes. */
export function longestOf(text: string | Sentence): number {
  return Math.max(...unitsOf(text).map(countColumns));
}

/** The pieces that stay together where they fit: words, and whole commands. */
function unitsOf(text: string | Sentence): string[] {
  const parts = typeof text === 'string' ? [text] : text.parts;
  const held = parts.map((part) => {
    if (typeof part === 'string') return part;
    const words = wordsOf(part).map((word) => quoteWord(word).replaceAll(' ', WITHIN_WORD));
    return words.join(BETWEEN_WORDS);
  });
  return held.join('').split(' ');
}

function fill(text: string | Sentence, width: number, indent: string, pieces: (unit: string) => string[]): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of unitsOf(text).flatMap(pieces)) {
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
  if (countColumns(word) <= most) return [word];
  const pieces: string[] = [];
  let piece = '';
  let columns = 0;
  for (const character of word) {
    const more = countColumns(character);
    if (columns + more > most) {
      pieces.push(piece);
      piece = '';
      columns = 0;
    }
    piece += character;
    columns += more;
  }
  return [...pieces, piece];
}
