/** How pieces of a configuration appear in messages. */

import type { Position } from './types.js';

const LONGEST = 60;

/** Returns `text` in double quotes, cut to 60 characters, with what cannot be printed written as `U+XXXX`. */
export function showText(text: string): string {
  // A cut by code units first: a value may be megabytes long.
  const characters = [...text.slice(0, 2 * LONGEST + 2)];
  const cut = characters.length > LONGEST;
  const shown = (cut ? characters.slice(0, LONGEST) : characters).map((c) => (isPrintable(c) ? c : codePoint(c)));
  return `"${shown.join('')}${cut ? '...' : ''}"`;
}

/** Returns one character for a message: quoted where it can be seen (itself no quote), else as `U+XXXX`. */
export function showCharacter(character: string): string {
  if (character === '"') return character;
  return isPrintable(character) && character !== ' ' ? `"${character}"` : codePoint(character);
}

/** Counts characters (code points, not UTF-16 units), as the columns of a position do. */
export function countCharacters(text: string, from = 0, to = text.length): number {
  let count = 0;
  for (let i = from; i < to; i++) if (!isLowSurrogate(text.charCodeAt(i))) count++;
  return count;
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}

function isPrintable(character: string): boolean {
  return character === ' ' || !/[\p{Z}\p{C}]/u.test(character);
}

function codePoint(character: string): string {
  return `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
}

/** Writes a place. The name of the file is left out when the reader is in that file, which is `here`. */
export function placeOf({ file, line, column }: Position, here?: string): string {
  return file === here ? `${line}:${column}` : `${file}:${line}:${column}`;
}

/** Writes a key or a name: as it is where it is a short plain word, else in quotes. */
export function showKey(key: string): string {
  return /^[\w.-]{1,64}$/.test(key) ? key : showText(key);
}
