import { expect, it } from 'vitest';
import { readTyped } from '../../../../cli/input/prompt.js';

it.each([
  ['hello', { kind: 'message', text: 'hello' }],
  ['  two  spaces ', { kind: 'message', text: '  two  spaces ' }],
  ['//quit', { kind: 'message', text: '/quit' }],
  ['', { kind: 'nothing' }],
  ['   ', { kind: 'nothing' }],
  ['/as bob', { kind: 'as', name: 'bob' }],
  ['/as', { kind: 'mistake', text: 'expected one name: /as NAME' }],
  ['/as bob and carol', { kind: 'mistake', text: 'expected one name: /as NAME' }],
  ['/help', { kind: 'help' }],
  ['/quit', { kind: 'quit' }],
  ['/exit', { kind: 'quit' }],
  ['/asbob', { kind: 'mistake', text: '/asbob is not known; /help shows what is' }],
])('%j is read as what it means', (line, typed) => {
  expect(readTyped(line)).toEqual(typed);
});
