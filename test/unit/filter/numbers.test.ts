import { describe, expect, it } from 'vitest';
import { readBits, readRange } from '../../../src/filter/numbers.js';

const ask = (pattern: { matches(high: number, low: number): boolean }, value: bigint) =>
  pattern.matches(Number(value >> 32n), Number(value & 0xffffffffn));

describe('a range', () => {
  it.each([
    ['5', 5n, true],
    ['5', 6n, false],
    ['0x10', 16n, true],
    ['100-199', 100n, true],
    ['100 - 199', 199n, true],
    ['100-199', 200n, false],
    ['1-', 0n, false],
    ['1-', 2n ** 64n - 1n, true],
    // They are the same as numbers of JavaScript.
    ['9007199254740993', 9007199254740993n, true],
    ['9007199254740993', 9007199254740992n, false],
    ['18446744073709551615', 2n ** 64n - 1n, true],
    ['4294967295-4294967297', 2n ** 32n, true],
    ['4294967296-8589934592', 2n ** 32n - 1n, false],
    ['4294967297-', 2n ** 32n, false],
  ])('%s and %s: %s', (pattern, value, expected) => {
    expect(ask(readRange(pattern), value)).toBe(expected);
  });

  it.each([
    ['9-1', /the smaller number first in the range "9-1"/],
    ['18446744073709551616', /expected a number from 0 to 2\^64-1/],
    ['-5', /expected a number/],
    ['5x', /expected a number .* not "5x"/],
    ['1-2-3', /expected a number/],
    ['0x', /expected a number/],
    ['1.5', /expected a number/],
    ['9'.repeat(256), /expected a number/],
  ])('%s cannot be', (pattern, message) => {
    expect(() => readRange(pattern)).toThrow(message);
  });
});

describe('bits', () => {
  it.each([
    ['0x4', 0x4n, true],
    ['0x4', 0x7n, true],
    ['0x4', 0x3n, false],
    ['0x6', 0x2n, false],
    ['0x6', 0xen, true],
    ['0', 0n, true],
    ['0', 1n, false],
    ['0x1/0x3', 0x5n, true],
    ['0x1/0x3', 0x3n, false],
    ['0/0x3', 0x4n, true],
    ['0/0x3', 0x1n, false],
    ['0x8000000080000000', 0x8000000080000001n, true],
    ['0x8000000080000000', 0x8000000000000000n, false],
    ['3/0xffffffffffffffff', 3n, true],
    ['3/0xffffffffffffffff', 2n ** 32n + 3n, false],
  ])('%s and %s: %s', (pattern, value, expected) => {
    expect(ask(readBits(pattern), value)).toBe(expected);
  });

  it.each([
    ['1-3', /flags are bits, so there are no ranges of them/],
    ['0x4/0x2', /expected only bits of the mask before the \//],
    ['all', /expected bits such as 0x4, or bits and a mask/],
    ['1/', /expected bits/],
  ])('%s cannot be', (pattern, message) => {
    expect(() => readBits(pattern)).toThrow(message);
  });
});
