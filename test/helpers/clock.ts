/** A clock that stands still until a test moves it. */

import { performance } from 'node:perf_hooks';
import { onTestFinished, vi } from 'vitest';

/** Every monotonic clock and every timer, moved together. */
export interface Clock {
  /** Milliseconds since the test began. */
  readonly nowMs: number;
  /** Moves the clock, by whole milliseconds, and fires what is due on the way. */
  advance(ms: number): void;
  /** Moves the clock alone, as when the process was held up: no timer fires. */
  hold(ms: number): void;
}

/** What CLOCK_MONOTONIC shows when performance.now() shows 0: the machine started before the process. */
export const PROCESS_START_NS = 7_000_000_000n;

/** Replaces timeouts, `setImmediate`, `performance.now()` and `process.hrtime.bigint()` until the test has ended. */
export function stopClock(): Clock {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 0 });
  const immediates: (() => void)[] = [];
  vi.stubGlobal('setImmediate', (run: () => void) => immediates.push(run));
  let heldMs = 0;
  const nowMs = () => Date.now() + heldMs;
  vi.spyOn(performance, 'now').mockImplementation(nowMs);
  vi.spyOn(process.hrtime, 'bigint').mockImplementation(() => PROCESS_START_NS + BigInt(nowMs()) * 1_000_000n);
  onTestFinished(() => {
    vi.restoreAllMocks();
    vi.unstubAllGlobals();
    vi.useRealTimers();
  });
  return {
    get nowMs() {
      return nowMs();
    },
    advance: (ms) => {
      // A small event loop: the timers of a millisecond, then everything that they postponed to the end of the turn.
      for (let i = 0; i < ms; i++) {
        vi.advanceTimersByTime(1);
        for (const run of immediates.splice(0)) run();
      }
    },
    hold: (ms) => {
      heldMs += ms;
    },
  };
}
