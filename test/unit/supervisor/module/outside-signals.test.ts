import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { OutsideSignals } from '../../../../src/supervisor/module/outside-signals.js';
import { describeSignal } from '../../../../src/supervisor/news/describe-signal.js';
import { nameSignal, PATIENCE_MS } from '../../../../src/supervisor/runner/outside-signals.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function observed() {
  const host = {};
  const done: string[] = [];
  const world = { isReady: true };
  const signals = new OutsideSignals<object>({
    told: (_, signal) => done.push(signal),
    replace: () => {
      done.push(world.isReady ? 'replaced' : 'too early');
      return world.isReady;
    },
  });
  return { host, done, world, signals };
}

describe('a host that was asked to end', () => {
  it('is replaced after a while, once, however often it is asked', () => {
    const { host, done, signals } = observed();
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGTERM'] as const) signals.signalled(host, signal, 1);
    vi.advanceTimersByTime(PATIENCE_MS - 1);
    expect(done).toEqual(['SIGTERM']);
    vi.advanceTimersByTime(1);
    vi.advanceTimersByTime(10 * PATIENCE_MS);
    expect(done).toEqual(['SIGTERM', 'replaced']);
  });

  it('is not forgotten when it is too early', () => {
    const { host, done, world, signals } = observed();
    world.isReady = false;
    signals.signalled(host, 'SIGTERM', 1);
    vi.advanceTimersByTime(PATIENCE_MS);
    world.isReady = true;
    vi.advanceTimersByTime(PATIENCE_MS);
    expect(done).toEqual(['SIGTERM', 'too early', 'replaced']);
  });

  it('is asked anew when it is asked again later', () => {
    const { host, done, signals } = observed();
    for (let i = 0; i < 2; i++) {
      signals.signalled(host, 'SIGTERM', 1);
      vi.advanceTimersByTime(PATIENCE_MS);
    }
    expect(done).toEqual(['SIGTERM', 'replaced', 'SIGTERM', 'replaced']);
  });
});

it('any other signal is logged once for each host, and does nothing', () => {
  const { host, done, signals } = observed();
  for (const to of [host, host, {}]) signals.signalled(to, 'SIGHUP', 1);
  vi.advanceTimersByTime(10 * PATIENCE_MS);
  expect(done).toEqual(['SIGHUP', 'SIGHUP']);
});

it('only signals that hosts pass on have a name', () => {
  expect([15, 2, 1, 10, 12].map(nameSignal)).toEqual(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2']);
  expect([0, 9, 11, 64, 255].map(nameSignal)).toEqual([null, null, null, null, null]);
});

it('is logged with its sender, when that is known', () => {
  expect(describeSignal('SIGTERM', 'bash (pid 7)', 'm')).toBe(
    'got SIGTERM from bash (pid 7): unless the core is stopped too, another host takes its place in 5 s',
  );
  expect(describeSignal('SIGHUP', null, 'm')).toBe(
    'got SIGHUP from outside; a host ignores it; to replace it: mesibo-modules reload m',
  );
});
