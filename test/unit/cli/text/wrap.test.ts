import { expect, test } from 'vitest';
import { wrap, wrapWords } from '../../../../cli/text/wrap.js';
import { coreCommand, sentence } from '../../../../src/sentence.js';

test('long words are cut up, or stay whole where that is wanted', () => {
  expect(wrap('one two three', 8)).toEqual(['one two', '  three']);
  expect(wrap('abcdefghijklmnop', 8)).toEqual(['abcdef', '  ghijkl', '  mnop']);
  expect(wrapWords('see /a/path/that/is/long for it', 8)).toEqual(['see', '  /a/path/that/is/long', '  for it']);
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
