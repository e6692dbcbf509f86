import fc from 'fast-check';
import { expect, it } from 'vitest';
import { joinPatterns, readPatterns, splitPatterns, toListed } from '../../../src/filter/pattern-list.js';

it.each([
  ['alice', ['alice']],
  [' alice ,  bob\t', ['alice', 'bob']],
  ['a\\,b, c', ['a\\,b', 'c']],
  ['a\\\\,b', ['a\\\\', 'b']],
  ['a\\ , b', ['a\\ ', 'b']],
  ['a\\\\ , b', ['a\\\\', 'b']],
  ['a,', ['a', '']],
  ['', ['']],
  ['a\\', ['a\\']],
])('%s is cut at its commas', (text, patterns) => {
  expect(splitPatterns(text)).toEqual(patterns);
});

it('writes a list as it reads it', () => {
  const character = fc.constantFrom('a', ',', '\\', ' ', '\t', '!', '*', '[');
  const pattern = fc.string({ unit: character, minLength: 1, maxLength: 6 }).filter((text) => {
    // A "\" at the end of a pattern is refused, and so is a gap behind "!".
    return !/^(?:[^\\]|\\[\s\S])*\\$/.test(text) && !/^!\s/.test(text);
  });
  fc.assert(
    fc.property(fc.array(pattern, { minLength: 1, maxLength: 4 }), (patterns) => {
      const listed = patterns.map(toListed);
      expect(splitPatterns(joinPatterns(patterns))).toEqual(listed);
      expect(listed.map(toListed)).toEqual(listed);
    }),
    { numRuns: 3000 },
  );
});

const same = (pattern: string) => pattern;

it('keeps apart what stands behind "!"', () => {
  expect(readPatterns(['a', '!b', '! c', '\\!d'], same)).toEqual({ positive: ['a', '\\!d'], negative: ['b', 'c'] });
});

it.each([
  [[], /^expected a pattern$/],
  [[''], /^expected a pattern$/],
  [['a', ''], /none is empty; pattern 2 of 2 is/],
  [['a', '!'], /expected a pattern after each !; for an exclamation mark itself write \\!/],
  [['a'.repeat(257)], /at most 256 bytes; too long is "a{40}..."/],
  [['\u00fc'.repeat(129)], /at most 256 bytes/],
  [Array(257).fill('a'), /expected at most 256 patterns, not 257/],
])('%j cannot be', (patterns, message) => {
  expect(() => readPatterns(patterns, same)).toThrow(message);
});
