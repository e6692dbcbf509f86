import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Deadlines } from '../../../../src/supervisor/calls/deadlines.js';
import type { PendingCall } from '../../../../src/supervisor/calls/pending-call.js';
import { makeCall } from '../../../helpers/calls.js';
import { type Clock, stopClock } from '../../../helpers/clock.js';

let clock: Clock;
let deadlines: Deadlines;
let expired: [atMs: number, deadlinesMs: number[]][];

beforeEach(() => {
  clock = stopClock();
  expired = [];
  deadlines = new Deadlines(
    (overdue) => {
      expired.push([clock.nowMs, overdue.map(({ deadlineMs }) => deadlineMs)]);
      for (const pending of overdue) deadlines.delete(pending);
    },
    () => clock.nowMs,
  );
});

function add(deadlineMs: number): PendingCall {
  const pending = makeCall({ call: {} }, deadlineMs);
  deadlines.add(pending);
  return pending;
}

describe('deadlines', () => {
  it.each([
    ['in their order', [100, 200, 300]],
    ['against their order', [300, 200, 100]],
    ['in any order', [200, 100, 300]],
  ])('fire when they are due, added %s', (_, order) => {
    for (const deadlineMs of order) add(deadlineMs);
    clock.advance(1000);
    expect(expired).toEqual([
      [100, [100]],
      [200, [200]],
      [300, [300]],
    ]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('need one timer for any number of calls', () => {
    for (let i = 0; i < 1000; i++) add(100 + i);
    expect(vi.getTimerCount()).toBe(1);
  });

  it('that are equal, or passed while the core was held up, fire together', () => {
    for (const deadlineMs of [100, 100, 250]) add(deadlineMs);
    clock.hold(300);
    clock.advance(100);
    expect(expired).toEqual([[400, [100, 100, 250]]]);
  });

  it('of calls that have their verdict do not fire', () => {
    const first = add(100);
    add(200);
    deadlines.delete(first);
    clock.advance(1000);
    expect(expired).toEqual([[200, [200]]]);
  });

  it('fire after everything that has arrived was read', () => {
    const pending = add(100);
    // An answer that is read in the same turn of the event loop as the timer.
    setTimeout(() => deadlines.delete(pending), 100);
    clock.advance(1000);
    expect(expired).toEqual([]);
  });

  it('are watched again after there were none', () => {
    deadlines.delete(add(100));
    // Who comes next does not need another timer.
    expect(vi.getTimerCount()).toBe(1);
    add(300);
    expect(vi.getTimerCount()).toBe(1);
    clock.advance(300);
    expect(expired).toEqual([[300, [300]]]);
  });

  it('with fractions of a millisecond do not fire early', () => {
    add(100.4);
    clock.advance(100);
    expect(expired).toEqual([]);
    clock.advance(1);
    expect(expired).toEqual([[101, [100.4]]]);
  });
});
