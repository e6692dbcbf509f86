/**
 * Globs over bytes: `*` for any, `?` for one, `[a-z]` and `[!a-z]` for one of a set, `\` before a character that is meant as it
 * stands. Pure.
 *
 * A glob is cut at its stars. Its first and its last part stand at the ends of a text, and each part between is taken where it is
 * found first. A part is found in one pass over the text, so no glob takes exponential time, or the product of two long lengths.
 */

import { PatternError, showPattern } from './pattern-error.js';
import { type Patterns, readPatterns } from './pattern-list.js';

/** From this many bytes on, a search of the system is faster than a loop. */
const LONG_TEXT = 128;
const WORD_BITS = 32;
const STAR = 0x2a;
const QUESTION = 0x3f;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const ESCAPE = 0x5c;
const NOT = 0x21;
const DASH = 0x2d;

/** What one position of a part may be: the byte, or a flag for each of the 256 bytes. */
type Position = number | Uint8Array;

const ANY = new Uint8Array(256).fill(1);

/** The most that all searches of one list may take together: each word of 32 positions takes some milliseconds a MiB. */
const MAX_SEARCH_WORDS = 128;

/**
 * Reads a list of globs.
 *
 * @throws {PatternError} at the first that cannot be, and for a list that would take too long
 */
export function readGlobs(patterns: readonly string[]): Patterns<Glob> {
  const list = readPatterns(patterns, (pattern) => new Glob(pattern));
  const words = [...list.positive, ...list.negative].reduce((sum, glob) => sum + glob.searchWords, 0);
  if (words <= MAX_SEARCH_WORDS) return list;
  throw new PatternError(
    `expected fewer patterns with ? or [ ] between two *: at most ${MAX_SEARCH_WORDS}, long ones count more than once`,
  );
}

/** A glob, ready to be compared. */
export class Glob {
  readonly #head: Part;
  readonly #middle: readonly Part[];
  /** `null`: there is no star, so the head is all. */
  readonly #tail: Part | null;
  readonly #least: number;

  /** @throws {PatternError} for a glob that cannot be */
  constructor(pattern: string) {
    const parts = readParts(pattern).map((positions) => new Part(positions));
    this.#head = parts[0] as Part;
    this.#tail = parts.length > 1 ? (parts.at(-1) as Part) : null;
    this.#middle = parts.slice(1, -1).filter(({ length }) => length > 0);
    this.#least = parts.reduce((sum, { length }) => sum + length, 0);
  }

  /** What a search for its parts between stars takes; 0: they are literal. */
  get searchWords(): number {
    return this.#middle.reduce((sum, part) => sum + part.searchWords, 0);
  }

  /** Whether the bytes from `from` to `end` are such a text. */
  matches(bytes: Buffer, from: number, end: number): boolean {
    const head = this.#head;
    const tail = this.#tail;
    if (end - from < this.#least) return false;
    if (tail === null) return end - from === head.length && head.standsAt(bytes, from);
    if (!head.standsAt(bytes, from) || !tail.standsAt(bytes, end - tail.length)) return false;
    const last = end - tail.length;
    let at = from + head.length;
    for (let i = 0; i < this.#middle.length; i++) {
      at = (this.#middle[i] as Part).find(bytes, at, last);
      if (at < 0) return false;
    }
    return true;
  }
}

/** What stands between two stars. */
class Part {
  readonly length: number;
  readonly #positions: readonly Position[];
  /** `null`: some position may be more than one byte. */
  readonly #literal: Buffer | null;
  /** For each byte the positions that it may have, a bit each; made when it is first needed. */
  #table: Uint32Array | null = null;

  constructor(positions: readonly Position[]) {
    this.length = positions.length;
    this.#positions = positions;
    const isLiteral = positions.every((position) => typeof position === 'number');
    this.#literal = isLiteral ? Buffer.from(positions as number[]) : null;
  }

  get searchWords(): number {
    return this.#literal === null ? wordsOf(this.length) : 0;
  }

  /** Whether it stands there. The bytes up to its length are there. */
  standsAt(bytes: Buffer, from: number): boolean {
    const positions = this.#positions;
    for (let i = 0; i < positions.length; i++) {
      const position = positions[i] as Position;
      const byte = bytes[from + i] as number;
      if (typeof position === 'number' ? position !== byte : position[byte] === 0) return false;
    }
    return true;
  }

  /** Where its first occurrence ends; -1: there is none. */
  find(bytes: Buffer, from: number, end: number): number {
    if (end - from < this.length) return -1;
    const literal = this.#literal;
    if (literal === null) return this.#search(bytes, from, end);
    if (end - from >= LONG_TEXT) {
      const at = bytes.subarray(from, end).indexOf(literal);
      return at < 0 ? -1 : from + at + literal.length;
    }
    const first = literal[0];
    for (let at = from; at <= end - literal.length; at++) {
      if (bytes[at] === first && this.standsAt(bytes, at)) return at + literal.length;
    }
    return -1;
  }

  /** The algorithm of Baeza-Yates and Gonnet: a bit says that the text so far ends in the first so many positions. */
  #search(bytes: Buffer, from: number, end: number): number {
    this.#table ??= makeTable(this.#positions);
    const table = this.#table;
    if (this.length > WORD_BITS) return searchWide(table, this.length, bytes, from, end);
    const goal = 1 << (this.length - 1);
    let state = 0;
    for (let at = from; at < end; at++) {
      state = ((state << 1) | 1) & (table[bytes[at] as number] as number);
      if ((state & goal) !== 0) return at + 1;
    }
    return -1;
  }
}

function searchWide(table: Uint32Array, length: number, bytes: Buffer, from: number, end: number): number {
  const words = wordsOf(length);
  const state = new Uint32Array(words);
  const goal = 1 << ((length - 1) % WORD_BITS);
  for (let at = from; at < end; at++) {
    const row = (bytes[at] as number) * words;
    let carry = 1;
    for (let i = 0; i < words; i++) {
      const word = state[i] as number;
      state[i] = ((word << 1) | carry) & (table[row + i] as number);
      carry = word >>> (WORD_BITS - 1);
    }
    if (((state[words - 1] as number) & goal) !== 0) return at + 1;
  }
  return -1;
}

function wordsOf(length: number): number {
  return Math.ceil(length / WORD_BITS);
}

function makeTable(positions: readonly Position[]): Uint32Array {
  const words = wordsOf(positions.length);
  const table = new Uint32Array(256 * words);
  for (const [index, position] of positions.entries()) {
    const word = Math.floor(index / WORD_BITS);
    for (let byte = 0; byte < 256; byte++) {
      const fits = typeof position === 'number' ? position === byte : position[byte] === 1;
      if (fits) table[byte * words + word] = (table[byte * words + word] as number) | (1 << (index % WORD_BITS));
    }
  }
  return table;
}

/** The parts between the stars; one more than there are stars. */
function readParts(pattern: string): Position[][] {
  const bytes = Buffer.from(pattern, 'utf8');
  const parts: Position[][] = [[]];
  for (let at = 0; at < bytes.length; ) {
    const part = parts.at(-1) as Position[];
    const byte = bytes[at] as number;
    if (byte === STAR) {
      parts.push([]);
      at++;
    } else if (byte === QUESTION) {
      part.push(ANY);
      at++;
    } else if (byte === OPEN) {
      const { set, end } = readSet(bytes, at + 1, pattern);
      part.push(set);
      at = end;
    } else {
      const { byte, end } = readByte(bytes, at, pattern);
      part.push(byte);
      at = end;
    }
  }
  return parts;
}

/** What stands behind a `[`, up to its `]`. */
function readSet(bytes: Buffer, from: number, pattern: string): { set: Uint8Array; end: number } {
  const isNegative = bytes[from] === NOT;
  const set = new Uint8Array(256);
  let at = isNegative ? from + 1 : from;
  const begin = at;
  while (at < bytes.length && bytes[at] !== CLOSE) {
    const first = readMember(bytes, at, pattern);
    at = first.end;
    if (bytes[at] !== DASH || bytes[at + 1] === CLOSE || at + 1 >= bytes.length) {
      set[first.byte] = 1;
      continue;
    }
    const last = readMember(bytes, at + 1, pattern);
    at = last.end;
    if (last.byte < first.byte) {
      const [low, high] = [last.byte, first.byte].map((byte) => String.fromCharCode(byte));
      throw new PatternError(`expected [${low}-${high}] with the smaller one first in ${showPattern(pattern)}`);
    }
    set.fill(1, first.byte, last.byte + 1);
  }
  if (at >= bytes.length) {
    throw new PatternError(`expected a ] after the [ in ${showPattern(pattern)}; for a [ itself write \\[`);
  }
  if (at === begin) throw new PatternError(`expected characters between [ and ] in ${showPattern(pattern)}`);
  return { set: isNegative ? set.map((flag) => 1 - flag) : set, end: at + 1 };
}

/** A set is one of bytes, and a character beyond ASCII has several. */
function readMember(bytes: Buffer, from: number, pattern: string): { byte: number; end: number } {
  const member = readByte(bytes, from, pattern);
  if (member.byte < 0x80) return member;
  throw new PatternError(`expected ASCII characters between [ and ] in ${showPattern(pattern)}`);
}

function readByte(bytes: Buffer, from: number, pattern: string): { byte: number; end: number } {
  if (bytes[from] !== ESCAPE) return { byte: bytes[from] as number, end: from + 1 };
  if (from + 1 < bytes.length) return { byte: bytes[from + 1] as number, end: from + 2 };
  throw new PatternError(`expected a character after the \\ in ${showPattern(pattern)}; for a \\ itself write \\\\`);
}
