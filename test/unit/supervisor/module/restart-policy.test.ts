import { describe, expect, it } from 'vitest';
import {
  afterCrash,
  afterFailedStart,
  NO_HISTORY,
  type RestartHistory,
} from '../../../../src/supervisor/module/restart-policy.js';

const settings = { backoff: { minMs: 100, maxMs: 30_000 }, maxCrashes: { count: 5, periodMs: 60_000 } };
const endless = { ...settings, maxCrashes: null };

/** The delays of one crash after the other, `null` for failed. */
function delays(
  times: number[],
  options: { servedMs?: number; random?: number; settings?: typeof settings | typeof endless } = {},
) {
  let history: RestartHistory = NO_HISTORY;
  return times.map((ms) => {
    const now = { ms, servedMs: options.servedMs ?? 0, random: options.random ?? 0 };
    const decision = afterCrash(history, options.settings ?? settings, now);
    history = decision.history;
    return decision.kind === 'restart' ? decision.delayMs : null;
  });
}

describe('after a crash', () => {
  it('restarts at once, then doubles up to the longest wait', () => {
    const times = Array.from({ length: 12 }, (_, i) => i);
    const expected = [0, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000];
    expect(delays(times, { settings: endless })).toEqual(expected);
  });

  it('shortens the wait at random by at most a quarter', () => {
    expect(delays([0, 1, 2], { random: 1, settings: endless })).toEqual([0, 75, 150]);
    expect(delays([0, 1, 2], { random: 0.5, settings: endless })).toEqual([0, 88, 175]);
  });

  it('begins anew after a minute of health', () => {
    expect(delays([0, 1, 2], { servedMs: 59_999, settings: endless })).toEqual([0, 100, 200]);
    expect(delays([0, 1, 2], { servedMs: 60_000, settings: endless })).toEqual([0, 0, 0]);
  });

  it('gives up at the sixth crash within a minute, at any uptime', () => {
    expect(delays([0, 10, 20, 30, 40, 50])).toEqual([0, 100, 200, 400, 800, null]);
    expect(delays([0, 10, 20, 30, 40, 59_999], { servedMs: 60_000 }).at(-1)).toBeNull();
    expect(delays([0, 10, 20, 30, 40, 60_000]).at(-1)).toBe(1600);
  });

  it('never gives up when max_crashes is off', () => {
    expect(delays(Array(100).fill(0), { settings: endless })).not.toContain(null);
  });

  it('goes on probing until a probe was healthy for a minute', () => {
    const probing = { ...NO_HISTORY, probes: 1 };
    expect(afterCrash(probing, settings, { ms: 0, servedMs: 59_999, random: 0 }).kind).toBe('fail');
    const healthy = afterCrash(probing, settings, { ms: 0, servedMs: 60_000, random: 0 });
    expect(healthy).toMatchObject({ kind: 'restart', delayMs: 0, history: { probes: 0 } });
    expect(afterFailedStart(probing, settings, { hasServed: true, random: 0 }).kind).toBe('fail');
  });

  it('probes after longer and longer waits, at random a little later, and begins anew after a healthy time', () => {
    const waits = (random: number) => {
      let history = NO_HISTORY;
      return Array.from({ length: 7 }, () => {
        const decision = afterFailedStart(history, settings, { hasServed: false, random });
        history = decision.history;
        return decision.kind === 'fail' ? decision.probeMs / 1000 : null;
      });
    };
    expect(waits(0)).toEqual([30, 60, 120, 240, 480, 600, 600]);
    expect(waits(1)).toEqual([37.5, 75, 150, 300, 600, 600, 600]);
    const crashed = afterCrash({ ...NO_HISTORY, probes: 3 }, settings, { ms: 0, servedMs: 10, random: 0 });
    expect(crashed).toMatchObject({ kind: 'fail', probeMs: 240_000, history: { probes: 4 } });
  });

  it('starts from nothing once it has given up', () => {
    expect(
      afterCrash({ ...NO_HISTORY, crashes: [1, 2, 3, 4, 5], attempts: 5 }, settings, { ms: 6, servedMs: 0, random: 0 }),
    ).toEqual({
      kind: 'fail',
      probeMs: 30_000,
      history: { ...NO_HISTORY, probes: 1 },
    });
  });
});

describe('after a start that failed', () => {
  it('only probes a module that has never served', () => {
    expect(afterFailedStart(NO_HISTORY, settings, { hasServed: false, random: 0 })).toMatchObject({
      kind: 'fail',
      probeMs: 30_000,
    });
  });

  it('backs off for a module that has served, never restarts at once, and probes in the end', () => {
    let history = NO_HISTORY;
    const seen: unknown[] = [];
    for (let i = 0; i < 10; i++) {
      const decision = afterFailedStart(history, settings, { hasServed: true, random: 0 });
      history = decision.history;
      seen.push(decision.kind === 'restart' ? decision.delayMs : 'probe');
      if (decision.kind === 'fail') break;
    }
    expect(seen).toEqual([100, 100, 200, 400, 800, 1600, 3200, 6400, 'probe']);
  });

  it('goes on for ever when nothing is limited', () => {
    let history = { ...NO_HISTORY, attempts: 1 };
    for (let i = 0; i < 100; i++) {
      const decision = afterFailedStart(history, endless, { hasServed: true, random: 0 });
      expect(decision.kind).toBe('restart');
      history = decision.history;
    }
  });

  it('does not count it among the crashes', () => {
    const before = { crashes: [1, 2, 3], attempts: 1, probes: 0 };
    expect(afterFailedStart(before, settings, { hasServed: true, random: 0 }).history.crashes).toEqual([1, 2, 3]);
  });
});
