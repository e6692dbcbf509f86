/** Patterns of numbers of 64 bits: ranges, and bits. Numbers are in two halves of 32 bits, which are exact. Pure. */

import { PatternError, showPattern } from './pattern-error.js';

const MAX = 2n ** 64n - 1n;

/** A set of numbers. */
export interface NumberPattern {
  /** @param high, low halves of 32 bits, not negative */
  matches(high: number, low: number): boolean;
}

/** Both ends are in it. */
class Range implements NumberPattern {
  readonly #fromHigh: number;
  readonly #fromLow: number;
  readonly #toHigh: number;
  readonly #toLow: number;

  constructor(from: bigint, to: bigint) {
    [this.#fromHigh, this.#fromLow] = halves(from);
    [this.#toHigh, this.#toLow] = halves(to);
  }

  matches(high: number, low: number): boolean {
    const isBelow = high < this.#fromHigh || (high === this.#fromHigh && low < this.#fromLow);
    const isAbove = high > this.#toHigh || (high === this.#toHigh && low > this.#toLow);
    return !isBelow && !isAbove;
  }
}

/** Those that have these values in these bits. */
class Bits implements NumberPattern {
  readonly #maskHigh: number;
  readonly #maskLow: number;
  readonly #high: number;
  readonly #low: number;

  constructor(value: bigint, mask: bigint) {
    [this.#maskHigh, this.#maskLow] = halves(mask);
    [this.#high, this.#low] = halves(value);
  }

  matches(high: number, low: number): boolean {
    return (high & this.#maskHigh) >>> 0 === this.#high && (low & this.#maskLow) >>> 0 === this.#low;
  }
}

/**
 * Reads a number or a range: `5`, `0x10`, `100-199`, `1-` for 1 and more.
 *
 * @throws {PatternError} when it is anything else
 */
export function readRange(pattern: string): NumberPattern {
  const [, first, dash, last] = /^(\w+)[ \t]*(-?)[ \t]*(\w*)$/.exec(pattern) ?? [];
  const from = readNumber(first ?? '');
  const to = dash ? (last ? readNumber(last) : MAX) : from;
  if (from === null || to === null || (!dash && last)) {
    throw new PatternError(
      `expected a number from 0 to 2^64-1, or a range such as 100-199 or 1-, not ${showPattern(pattern)}`,
    );
  }
  if (from > to) throw new PatternError(`expected the smaller number first in the range ${showPattern(pattern)}`);
  return new Range(from, to);
}

/**
 * Reads a set of bits: `0x3` for numbers that have both bits, `0` for the number that has none, `0x1/0x3` for those that have of
 * the bits 0x3 exactly 0x1.
 *
 * @throws {PatternError} when it is anything else
 */
export function readBits(pattern: string): NumberPattern {
  const [, first = '', second] = /^(\w+)(?:[ \t]*\/[ \t]*(\w+))?$/.exec(pattern) ?? [];
  const value = readNumber(first);
  const mask = second === undefined ? value : readNumber(second);
  if (value === null || mask === null) {
    const hint = /^\w+[ \t]*-/.test(pattern) ? ' (flags are bits, so there are no ranges of them)' : '';
    throw new PatternError(
      `expected bits such as 0x4, or bits and a mask such as 0x4/0x6, not ${showPattern(pattern)}${hint}`,
    );
  }
  if ((value & ~mask) !== 0n) {
    throw new PatternError(
      `expected only bits of the mask before the / in ${showPattern(pattern)}; it can never match`,
    );
  }
  return new Bits(value, second === undefined && value === 0n ? MAX : mask);
}

function readNumber(text: string): bigint | null {
  if (text.length > 80 || !/^(?:[0-9]+|0[xX][0-9a-fA-F]+)$/.test(text)) return null;
  const value = BigInt(text);
  return value > MAX ? null : value;
}

function halves(value: bigint): [high: number, low: number] {
  return [Number(value >> 32n), Number(value & 0xffffffffn)];
}
