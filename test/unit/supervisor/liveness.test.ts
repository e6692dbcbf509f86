import { expect, it } from 'vitest';
import { judge } from '../../../src/supervisor/liveness.js';

it.each([
  [
    'a call that runs shorter than hang',
    { nowMs: 1999, executingSinceMs: 0, progressMs: 0 },
    { kind: 'alive', lookAgainMs: 10 },
  ],
  ['a call that runs for hang', { nowMs: 2000, executingSinceMs: 0, progressMs: 1900 }, { kind: 'hung' }],
  [
    'a call that began late, however long ago the last answer',
    { nowMs: 5000, executingSinceMs: 4500, progressMs: 0 },
    { kind: 'alive', lookAgainMs: 1500 },
  ],
  [
    'no call, and an answer not long ago',
    { nowMs: 5000, executingSinceMs: null, progressMs: 4000 },
    { kind: 'alive', lookAgainMs: 1000 },
  ],
  ['no call, and no answer for hang', { nowMs: 5000, executingSinceMs: null, progressMs: 3000 }, { kind: 'hung' }],
  [
    'a begin in the future, which only a module can have written',
    { nowMs: 5000, executingSinceMs: 9e15, progressMs: 3000 },
    { kind: 'hung' },
  ],
] as const)('%s', (_, observation, verdict) => {
  expect(judge({ hangMs: 2000, ...observation })).toEqual(verdict);
});
