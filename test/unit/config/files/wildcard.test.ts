import fc from 'fast-check';
import { expect, it } from 'vitest';
import { matches } from '../../../../src/config/files/wildcard.js';

it.each([
  ['*.conf', 'a.conf', true],
  ['*.conf', '.conf', false],
  ['*.conf', '.a.conf', false],
  ['.*', '.a.conf', true],
  ['*', 'a', true],
  ['*', '', true],
  ['?', '\u{1F600}', true],
  ['??', '\u{1F600}', false],
  ['a*b*c', 'aXbXbc', true],
  ['a*b*c', 'aXbXb', false],
  ['[a]', 'a', false],
  ['[a]', '[a]', true],
  ['a.c', 'abc', false],
  ['10-?*', '10-', false],
])('"%s" for the name "%s": %s', (part, name, expected) => {
  expect(matches(part, name)).toBe(expected);
});

it('agrees with a regular expression', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 });
  const name = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 });
  fc.assert(
    fc.property(text, name, (part, name) => {
      const expression = new RegExp(`^${part.replaceAll('*', '.*').replaceAll('?', '.')}$`);
      expect(matches(part, name)).toBe(expression.test(name));
    }),
    { numRuns: 2000 },
  );
});

it('takes no longer for many stars', () => {
  const began = performance.now();
  expect(matches(`${'*a'.repeat(100)}b`, 'a'.repeat(255))).toBe(false);
  // A search that tries every way to divide the name would not end.
  expect(performance.now() - began).toBeLessThan(10_000);
});
