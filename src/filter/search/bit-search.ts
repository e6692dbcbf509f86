/**
 * A search for parts whose automaton would be too large, such as a letter and twenty `?`. It is the algorithm of Baeza-Yates and Gonnet:
 * a bit for each position of each part says that the text so far ends in the part up to there.
 */

import type { Glob } from '../glob.js';
import { allows, type Position } from '../glob-syntax.js';
import { findParts } from './parts.js';
import { Progress } from './progress.js';
import type { Search } from './search.js';

const WORD_BITS = 32;
const WORDS = 2;
/** The most positions of one search: its two words are local variables, because an array of words is several times slower. */
export const MAX_BIT_POSITIONS = WORDS * WORD_BITS;

/** How many positions a search for these globs has. */
export function countPositions(globs: readonly Glob[]): number {
  return findParts(globs).parts.reduce((sum, { length }) => sum + length, 0);
}

/** Searches for some globs, which have at most {@link MAX_BIT_POSITIONS}. */
export class BitSearch implements Search {
  /** For each byte the positions that it may have, a bit each. */
  readonly #table: Int32Array;
  /** The first positions of all parts. */
  readonly #begins = new Int32Array(WORDS);
  /** The last positions of the parts that a glob waits for. */
  readonly #wanted: Int32Array;
  /** For each position the part that ends there. */
  readonly #partAt = new Int32Array(MAX_BIT_POSITIONS);
  readonly #progress: Progress;

  constructor(globs: readonly Glob[]) {
    const { labels, parts, steps } = findParts(globs);
    this.#table = makeTable(parts.flat().map((label) => labels[label] as Position));
    const wanted = new Int32Array(WORDS);
    this.#wanted = wanted;
    const lasts: number[] = [];
    let at = 0;
    for (const [part, { length }] of parts.entries()) {
      setBit(this.#begins, at, true);
      at += length;
      lasts.push(at - 1);
      this.#partAt[at - 1] = part;
    }
    const lengths = parts.map(({ length }) => length);
    this.#progress = new Progress(globs, steps, lengths, (part, is) => setBit(wanted, lasts[part] as number, is));
  }

  finds(bytes: Buffer, from: number, end: number): boolean {
    const found = this.#follow(bytes, from, end);
    this.#progress.reset();
    return found;
  }

  #follow(bytes: Buffer, from: number, end: number): boolean {
    const table = this.#table;
    const wanted = this.#wanted;
    const [begin0, begin1] = this.#begins as unknown as [number, number];
    let [word0, word1] = [0, 0];
    for (let at = from; at < end; at++) {
      const row = (bytes[at] as number) * WORDS;
      // The second word first, because it takes the last bit of the first one. The last bit of a part goes to the first one of the next
      // part, which is set anyway.
      word1 = ((word1 << 1) | (word0 >>> 31) | begin1) & (table[row + 1] as number);
      word0 = ((word0 << 1) | begin0) & (table[row] as number);
      const ends0 = word0 & (wanted[0] as number);
      const ends1 = word1 & (wanted[1] as number);
      if ((ends0 | ends1) === 0) continue;
      if (ends0 !== 0 && this.#reach(0, ends0, bytes, from, at + 1, end)) return true;
      if (ends1 !== 0 && this.#reach(1, ends1, bytes, from, at + 1, end)) return true;
    }
    return false;
  }

  #reach(word: number, ends: number, bytes: Buffer, from: number, at: number, end: number): boolean {
    for (let left = ends; left !== 0; left &= left - 1) {
      const bit = WORD_BITS - 1 - Math.clz32(left & -left);
      if (this.#progress.reach(this.#partAt[word * WORD_BITS + bit] as number, bytes, from, at, end)) return true;
    }
    return false;
  }
}

function makeTable(positions: readonly Position[]): Int32Array {
  const table = new Int32Array(256 * WORDS);
  for (const [index, position] of positions.entries()) {
    for (let byte = 0; byte < 256; byte++) {
      if (allows(position, byte)) setBit(table, byte * WORDS * WORD_BITS + index, true);
    }
  }
  return table;
}

function setBit(words: Int32Array, index: number, isSet: boolean): void {
  const bit = 1 << (index % WORD_BITS);
  const at = Math.floor(index / WORD_BITS);
  words[at] = isSet ? (words[at] as number) | bit : (words[at] as number) & ~bit;
}
