import { expect, it } from 'vitest';
import { textOf, wholeCharacters } from '../../../src/wire/utf8.js';

it.each([
  ['abc', 5, 'abc'],
  ['abc', 2, 'ab'],
  ['aä', 2, 'a'],
  ['aä', 3, 'aä'],
  ['€€', 5, '€'],
  ['€€', 4, '€'],
  ['€€', 3, '€'],
  ['\u{1f600}b', 3, ''],
  ['\u{1f600}b', 4, '\u{1f600}'],
])('%s in %i bytes is %s', (text, bytes, cut) => {
  expect(textOf(Buffer.from(text), bytes)).toBe(cut);
});

it('keeps its bounds in bytes that are not UTF-8', () => {
  const bytes = Buffer.alloc(10, 0x80);
  for (let end = 0; end <= bytes.length; end++) {
    expect(wholeCharacters(bytes, end)).toBeLessThanOrEqual(end);
    expect(wholeCharacters(bytes, end)).toBeGreaterThanOrEqual(Math.max(0, end - 3));
  }
});
