import { expect, it } from 'vitest';
import { splitArguments } from '../../../../cli/input/texts.js';

it.each<[string[], string[], string[]]>([
  [['a.so'], ['a.so'], []],
  [
    ['a.so', 'b.so.1', 'hello', 'c.so'],
    ['a.so', 'b.so.1'],
    ['hello', 'c.so'],
  ],
  // A mistake in the first one is reported as a mistake in a file.
  [['/etc/passwd', 'hello'], ['/etc/passwd'], ['hello']],
  [[], [], []],
])('%j are files and then texts', (args, files, texts) => {
  expect(splitArguments(args)).toEqual({ files, texts });
});
