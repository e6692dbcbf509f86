import { expect, it } from 'vitest';
import { fateOf } from '../../../src/supervisor/settle.js';

const header = (currentSeq: number) => ({ currentSeq }) as Parameters<typeof fateOf>[1];

it.each([
  ['the call that was being executed', 5, header(5), 4, 'executing'],
  ['a call after it', 6, header(5), 4, 'never-started'],
  ['a call before it whose result is missing', 3, header(5), 4, 'executing'],
  ['the next call, when the host died between two', 5, header(0), 4, 'never-started'],
  ['any call, when the box cannot be read', 9, null, 4, 'executing'],
  ['a call before the last answered one', 4, header(0), 5, 'executing'],
] as const)('%s', (_, seq, box, lastAnswered, fate) => {
  expect(fateOf(seq, box, lastAnswered)).toBe(fate);
});
