import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Glob } from '../../../src/filter/glob.js';
import { GlobSet } from '../../../src/filter/glob-set.js';

const MIB = 1024 ** 2;
const setOf = (patterns: readonly string[]) => new GlobSet(patterns.map((pattern) => new Glob(pattern)));
const matches = (patterns: readonly string[], text: string) => asksOf(setOf(patterns), text);

function asksOf(set: GlobSet, text: string): boolean {
  // Among other bytes, as the text of an event stands in its memory.
  const bytes = Buffer.from(`ab${text}ba`);
  return set.matches(bytes, 2, bytes.length - 2);
}

/** One pattern after the other, as a regular expression. */
function naive(patterns: readonly string[], text: string): boolean {
  const toExpression = (pattern: string) =>
    new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.').replaceAll('[!', '[^')}$`);
  return patterns.some((pattern) => toExpression(pattern).test(text));
}

/** Counts how often a byte is read. */
function counted(text: Buffer): { bytes: Buffer; reads: () => number } {
  let reads = 0;
  const bytes = new Proxy(text, {
    get(target, key) {
      if (typeof key === 'string' && /^\d/.test(key)) reads++;
      return Reflect.get(target, key);
    },
  });
  return { bytes, reads: () => reads };
}

describe('a list of globs says what each of them says', () => {
  const letter = fc.constantFrom('a', 'b', 'c');
  const text = fc.array(letter, { maxLength: 30 }).map((letters) => letters.join(''));
  const agree = (patterns: fc.Arbitrary<string[]>, numRuns = 500) =>
    fc.assert(
      fc.property(patterns, fc.array(text, { minLength: 1, maxLength: 4 }), (patterns, texts) => {
        const set = setOf(patterns);
        // The same list again and again, because a text must not change what the next one finds.
        for (const one of [...texts, ...texts]) expect(asksOf(set, one)).toBe(naive(patterns, one));
      }),
      { numRuns },
    );
  const piece = (max: number) =>
    fc.array(fc.constantFrom('a', 'b', 'c', '?', '[ab]', '[!a]'), { maxLength: max }).map((all) => all.join(''));
  const word = fc.array(letter, { minLength: 1, maxLength: 6 }).map((letters) => letters.join(''));
  const list = (one: fc.Arbitrary<string>, most = 8) => fc.array(one, { minLength: 1, maxLength: most });

  it('of words', () => {
    agree(list(word.map((one) => `*${one}*`)));
  });

  it('of words one after the other, which may share letters and repeat', () => {
    agree(list(fc.array(word, { minLength: 2, maxLength: 5 }).map((words) => `*${words.join('*')}*`)));
  });

  it('of words between a head and a tail', () => {
    agree(list(fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join('*'))));
    agree(list(fc.tuple(word, word, word).map((words) => words.join('*'))));
  });

  it('of words, sets and all else', () => {
    agree(list(fc.array(piece(4), { minLength: 2, maxLength: 5 }).map((pieces) => pieces.join('*'))));
  });

  it('with parts that no automaton is small enough for', () => {
    const hard = fc
      .tuple(fc.constantFrom('a', 'b', '[ab]'), fc.integer({ min: 14, max: 17 }), fc.constantFrom('a', 'b', '[bc]'))
      .map(([first, count, last]) => `${first}${'?'.repeat(count)}${last}`);
    const glob = fc.tuple(piece(2), fc.array(fc.oneof(hard, word), { minLength: 1, maxLength: 2 }), piece(2));
    agree(
      list(
        glob.map(([head, parts, tail]) => [head, ...parts, tail].join('*')),
        1,
      ),
      50,
    );
  });
});

it('a part does not overlap with the one before, nor with head and tail', () => {
  expect(matches(['*aba*aba*'], 'ababa')).toBe(false);
  expect(matches(['*aba*aba*'], 'abacaba')).toBe(true);
  expect(matches(['ab*ba*ab'], 'abab')).toBe(false);
  expect(matches(['ab*ba*ab'], 'abbaab')).toBe(true);
  expect(matches(['*a*a*a*'], 'aa')).toBe(false);
  expect(matches(['*a*a*a*', '*b*'], 'aaa')).toBe(true);
});

describe('a list reads each byte of a text once', () => {
  const words = Array.from({ length: 256 }, (_, i) => `a${'ab'.repeat(i % 6)}${String.fromCharCode(99 + (i % 20))}`);
  const text = Buffer.alloc(10_000, 'a');

  it.each([
    ['256 short words that begin as the text does', words.map((word) => `*${word}*`)],
    ['256 literals of 250 bytes', words.map((word, i) => `*${'a'.repeat(244)}${word.slice(-1)}${i}*`)],
    [
      '256 words in capitals and small letters',
      words.map((word) => `*${[...word].map((one) => `[${one}A]`).join('')}*`),
    ],
    ['256 words one after the other', words.map((word, i) => `*a*${word}*${words[255 - i]}*`)],
    ['the most stars', words.map((_, i) => `*${'a*'.repeat(120)}b${i}*`)],
    ['256 parts of 250 "?"', words.map((_, i) => `*${'?'.repeat(250)}b${i}*`)],
    ['parts that are ends of each other', Array.from({ length: 60 }, (_, i) => `*${'a'.repeat(i + 1)}*b*`)],
  ])('%s', (_, patterns) => {
    const { bytes, reads } = counted(text);
    expect(setOf(patterns).matches(bytes, 0, text.length)).toBe(false);
    expect(reads()).toBe(text.length);
  });

  it('twice with a part that no automaton is small enough for', () => {
    const { bytes, reads } = counted(text);
    const patterns = [`*a${'?'.repeat(30)}b*`, ...words.slice(1).map((word) => `*[ab]${word}*`)];
    expect(setOf(patterns).matches(bytes, 0, text.length)).toBe(false);
    expect(reads()).toBe(2 * text.length);
  });

  it('and its ends once for each pattern', () => {
    const { bytes, reads } = counted(text);
    const patterns = words.map((_, i) => `${'a'.repeat(100)}*b${i}*${'a'.repeat(100)}`);
    expect(setOf(patterns).matches(bytes, 0, text.length)).toBe(false);
    expect(reads()).toBeLessThanOrEqual(text.length + 256 * 200);
  });
});

it('stops where it has found one', () => {
  const { bytes, reads } = counted(Buffer.from(`help${'a'.repeat(10_000)}`));
  expect(setOf(['*help*', '*refund*']).matches(bytes, 0, 10_004)).toBe(true);
  expect(reads()).toBe(4);
});

it.each([
  ['many stars', ['*a*a*a*a*a*a*a*a*b*']],
  ['stars and sets', [`${'*[ab]?'.repeat(30)}*c*`]],
  ['256 short words', Array.from({ length: 256 }, (_, i) => `*aaa${String.fromCharCode(98 + (i % 24))}${i}*`)],
  ['256 words one after the other', Array.from({ length: 256 }, (_, i) => `*a*aa*b${i}*`)],
  ['parts that no automaton is small enough for', [1, 2].map((i) => `*a${'?'.repeat(28)}b${i}*`)],
])('a long text takes no long time: %s', (_, patterns) => {
  const text = Buffer.alloc(4 * MIB, 'a');
  const set = setOf(patterns);
  const began = performance.now();
  expect(set.matches(text, 0, text.length)).toBe(false);
  // Some 10 to 40 ms on the machine that this was written on. One search for each of 256 words takes 10 s.
  expect(performance.now() - began).toBeLessThan(3000);
});

/** Characters of three bytes, which differ from list to list. */
function pseudo(seed: number): string {
  return Array.from({ length: 78 }, (_, i) =>
    String.fromCodePoint(0x1000 + ((seed * 7919 + i * 104_729) % 0x7000)),
  ).join('');
}

describe('a list that would take too long is refused', () => {
  it.each([
    [
      'many parts that no automaton is small enough for',
      Array.from({ length: 6 }, (_, i) => `*${i}${'?'.repeat(30)}b*`),
    ],
    ['a great many bytes', Array.from({ length: 256 }, (_, i) => `*${pseudo(i)}*`)],
    ['one that is long', [`*a${'?'.repeat(200)}b*`]],
    [
      'a great many parts that are ends of each other',
      Array.from({ length: 250 }, (_, i) => `*${'a'.repeat(i + 1)}*b*`),
    ],
  ])('%s', (_, patterns) => {
    expect(() => setOf(patterns)).toThrow(/^expected simpler patterns: these would take too long to look for/);
  });
});
