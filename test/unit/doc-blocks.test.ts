import { expect, it } from 'vitest';
import { findBlocks } from '../helpers/doc-blocks.js';

it('finds fenced blocks, with their lines, languages, and without the indentation of a list', () => {
  const markdown = 'a\n```sh\nls\n```\n1. b\n\n   ```\n   m {\n       k = v\n\n   }\n   ```\n```js title\n  1;\n```';
  expect(findBlocks(markdown)).toEqual([
    { line: 3, language: 'sh', text: 'ls\n' },
    { line: 8, language: '', text: 'm {\n    k = v\n\n}\n' },
    { line: 14, language: 'js', text: '  1;\n' },
  ]);
  expect(() => findBlocks('a\n```\nb')).toThrow('line 2: the block has no end');
});
