import { expect, it } from 'vitest';
import { callbackLimit } from '../../../src/config/probation.js';

it.each([
  ['three quarters of the deadline', { hangMs: 5000, deadlineMs: 1000 }, 750],
  ['three quarters of the deadline, also without hang', { hangMs: null, deadlineMs: 20_000 }, 15_000],
  ['hang, if that is less', { hangMs: 5000, deadlineMs: 20_000 }, 5000],
  ['half a second at least', { hangMs: 5000, deadlineMs: 50 }, 500],
  ['hang, if that is less than half a second', { hangMs: 200, deadlineMs: 50 }, 200],
])('on probation a callback has %s', (_, spec, ms) => {
  expect(callbackLimit(spec)).toBe(ms);
});
