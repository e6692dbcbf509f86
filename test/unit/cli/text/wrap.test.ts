import { expect, test } from 'vitest';
import { countColumns } from '../../../../cli/text/columns.js';
import { wrap, wrapWords } from '../../../../cli/text/wrap.js';
import { coreCommand, sentence } from '../../../../src/sentence.js';
import { seeded } from '../../../helpers/random.js';

test('long words are cut up, or stay whole where that is wanted', () => {
  expect(wrap('one two three', 8)).toEqual(['one two', '  three']);
  expect(wrap('abcdefghijklmnop', 8)).toEqual(['abcdef', '  ghijkl', '  mnop']);
  expect(wrapWords('see /a/path/that/is/long for it', 8)).toEqual(['see', '  /a/path/that/is/long', '  for it']);
});

test('words are cut up by the columns that they take, whatever is in them', () => {
  expect(wrap('ab\u4f60\u597de\u0301f', 6, '')).toEqual(['ab\u4f60\u597d', 'e\u0301f']);
  const next = seeded(5);
  const characters = ['a', '\t', '\u4f60', '\u0301', '\u{1f600}', '\u00e9'];
  for (let round = 0; round < 500; round++) {
    const word = Array.from({ length: next(40) }, () => characters[next(characters.length)]).join('');
    const width = 2 + next(12);
    const lines = wrap(word, width, '');
    expect(lines.join('')).toBe(word);
    for (const [at, line] of lines.entries()) {
      expect(countColumns(line)).toBeLessThanOrEqual(width);
      // As full as it can be.
      const [following = ''] = lines[at + 1] ?? '';
      if (at + 1 < lines.length) expect(countColumns(line) + countColumns(following)).toBeGreaterThan(width);
    }
  }
});

test('a command that fits stays in one line', () => {
  expect(wrap(sentence`it is stopped; to start it: ${coreCommand('start', 'filter')}`, 40)).toEqual([
    'it is stopped; to start it:',
    '  mesibo-modules start filter',
  ]);
});

test('a command that does not fit is broken as a shell takes it, or stays whole', () => {
  const command = coreCommand('--run-dir', '/srv/a b/c', 'reset', 'filter');
  const text = "mesibo-modules --run-dir '/srv/a b/c' reset filter";
  expect(wrap(sentence`now: ${command}; or not`, 36)).toEqual([
    'now: mesibo-modules --run-dir \\',
    "  '/srv/a b/c' reset filter; or not",
  ]);
  expect(wrapWords(sentence`now: ${command}; or not`, 36)).toEqual(['now:', `  ${text};`, '  or not']);
});
