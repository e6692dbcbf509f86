import { expect, it } from 'vitest';
import { judge, type Observation } from '../../../../src/supervisor/host/liveness.js';

const NEVER = Number.NEGATIVE_INFINITY;
const quiet = { tracedMs: NEVER, heldMs: 0, heldUntilMs: NEVER, hasStack: true };
const busy = { hangMs: 2000, heartbeatMs: 1000, owes: true, heardMs: 0, beatMs: null, ...quiet };
const idle = { ...busy, owes: false, executingSinceMs: null };
const alive = (lookAgainMs: number, beat = false) => ({ kind: 'alive', lookAgainMs, beat });

it.each<[string, Omit<Observation, 'callbackMs'> & { callbackMs?: number | null }, object]>([
  ['a call that runs shorter than hang', { ...busy, nowMs: 1999, executingSinceMs: 0 }, alive(10)],
  ['a call that runs for hang', { ...busy, nowMs: 2000, executingSinceMs: 0, heardMs: 1900 }, { kind: 'hung' }],
  ['a call that began late', { ...busy, nowMs: 5000, executingSinceMs: 4500 }, alive(1500)],
  ['a call that may run for ever', { ...busy, nowMs: 1e9, executingSinceMs: 0, hangMs: null }, alive(10_000)],
  ['a call with less time than hang', { ...busy, callbackMs: 750, nowMs: 750, executingSinceMs: 0 }, { kind: 'hung' }],
  [
    'a silence with less time than hang for calls',
    { ...busy, callbackMs: 750, nowMs: 1800, executingSinceMs: null },
    alive(200),
  ],
  ['no call, and an answer not long ago', { ...busy, nowMs: 5000, executingSinceMs: null, heardMs: 4000 }, alive(1000)],
  [
    'no call, and no answer for hang',
    { ...busy, nowMs: 5000, executingSinceMs: null, heardMs: 3000 },
    { kind: 'unreachable', silentMs: 2000 },
  ],
  [
    'no call, and no answer for ten heartbeats, with a longer hang',
    { ...busy, nowMs: 1000, executingSinceMs: null, heartbeatMs: 100 },
    { kind: 'unreachable', silentMs: 1000 },
  ],
  [
    'no call, and no answer for ten heartbeats, with hang off',
    { ...busy, nowMs: 10_000, executingSinceMs: null, hangMs: null },
    { kind: 'unreachable', silentMs: 10_000 },
  ],
  [
    'a begin in the future, which only a module can have written',
    { ...busy, nowMs: 5000, executingSinceMs: 9e15, heardMs: 3000 },
    { kind: 'unreachable', silentMs: 2000 },
  ],
  ['an idle host that owes no sign of life', { ...idle, nowMs: 7000 }, alive(1000, true)],
  ['an idle host that owes one for a short time', { ...idle, nowMs: 7000, beatMs: 2000 }, alive(1000)],
  ['an idle host that soon owes one for too long', { ...idle, nowMs: 7000, beatMs: -2700 }, alive(300)],
  ['an idle host, however long ago its last answer', { ...idle, nowMs: 1e9, beatMs: 1e9 - 1 }, alive(1000)],
  [
    'an idle host that owes one for ten heartbeats',
    { ...idle, nowMs: 12_000, beatMs: 2000 },
    { kind: 'unreachable', silentMs: 10_000 },
  ],
  ['a long call since the debugger left', { ...busy, nowMs: 9000, executingSinceMs: 0, tracedMs: 8000 }, alive(1000)],
  [
    'a long silence since the debugger left',
    { ...busy, nowMs: 9000, executingSinceMs: null, tracedMs: 8500 },
    alive(1500),
  ],
  [
    'a call that has not run for half of hang, without a stack',
    { ...busy, nowMs: 900, executingSinceMs: 0, hasStack: false },
    alive(100),
  ],
  [
    'a call that has run for half of hang, without a stack',
    { ...busy, nowMs: 1000, executingSinceMs: 0, hasStack: false },
    { kind: 'slow', lookAgainMs: 1000 },
  ],
  [
    'a call that may run for long, some seconds before its end',
    { ...busy, hangMs: 30_000, nowMs: 27_000, executingSinceMs: 0, hasStack: false },
    { kind: 'slow', lookAgainMs: 3000 },
  ],
  ['a call that was held up', { ...busy, nowMs: 2000, executingSinceMs: 0, heldMs: 60 }, alive(60)],
  ['a call that was held up, later', { ...busy, nowMs: 2060, executingSinceMs: 0, heldMs: 60 }, { kind: 'hung' }],
  ['a silence since it was held up', { ...busy, nowMs: 9000, executingSinceMs: null, heldUntilMs: 8500 }, alive(1500)],
  [
    'an idle host that was held up while it owed a sign of life',
    { ...idle, nowMs: 12_000, beatMs: 2000, heldUntilMs: 11_500 },
    alive(1000),
  ],
])('%s', (_, observation, verdict) => {
  expect(judge({ callbackMs: observation.hangMs, ...observation })).toEqual(verdict);
});
