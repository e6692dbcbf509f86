import { describe, expect, it } from 'vitest';
import type { CallAnswer } from '../../../../src/supervisor/calls/pending-call.js';
import { ModuleStats } from '../../../../src/supervisor/news/module-stats.js';

const answer = (verdict: CallAnswer['verdict'], reason: CallAnswer['default'] = null): CallAnswer => ({
  verdict,
  default: reason,
  params: null,
  payload: null,
});

const NO_DEFAULTS = { crash: 0, hang: 0, deadline: 0, down: 0, overload: 0, quarantine: 0 };

describe('the counters of a status', () => {
  it('are 0 at first', () => {
    expect(new ModuleStats().status()).toEqual({
      restarts: 0,
      failedStarts: 0,
      crashes: {
        total: 0,
        byCause: { crash: 0, exit: 0, hang: 0, unreachable: 0, memory: 0, limit: 0 },
        lastSignal: null,
        lastAt: null,
      },
      messages: {
        total: 0,
        pass: 0,
        consumed: 0,
        default: 0,
        defaultConsumed: 0,
        defaultByReason: NO_DEFAULTS,
        late: 0,
        filtered: 0,
      },
      sends: {
        total: 0,
        undelivered: 0,
        refused: 0,
        waiting: 0,
        delivered: 0,
        refusedByServer: 0,
        expired: 0,
        consumed: 0,
      },
      dropped: { logLines: 0, outputBytes: 0 },
      latencyMicros: { p50: null, p99: null },
    });
  });

  it('count each message once: the module’s own verdicts apart from defaults', () => {
    const stats = new ModuleStats();
    for (let i = 0; i < 3; i++) stats.countMessage(answer('pass'), 10);
    stats.countMessage(answer('consumed'), 10);
    stats.countMessage(answer('pass', 'crash'), 10);
    stats.countMessage(answer('consumed', 'deadline'), 10);
    stats.totals.late += 1;
    const defaultByReason = { ...NO_DEFAULTS, crash: 1, deadline: 1 };
    expect(stats.status().messages).toEqual({
      total: 6,
      pass: 3,
      consumed: 1,
      default: 2,
      defaultConsumed: 1,
      defaultByReason,
      late: 1,
      filtered: 0,
    });
  });

  it('count sends, and dropped lines and bytes', () => {
    const stats = new ModuleStats();
    stats.totals.sends.total += 3;
    stats.totals.sends.undelivered += 1;
    stats.totals.sends.refused += 2;
    stats.countDropped('limited', 5);
    stats.countDropped('full', 1);
    stats.countDropped('stdout', 100);
    stats.countDropped('stderr', 10);
    expect(stats.status()).toMatchObject({
      sends: { total: 3, undelivered: 1, refused: 2 },
      dropped: { logLines: 6, outputBytes: 110 },
    });
  });

  it('use only the module’s own verdicts for its latency', () => {
    const stats = new ModuleStats();
    stats.countMessage(answer('pass', 'deadline'), 1_000_000);
    expect(stats.status().latencyMicros).toEqual({ p50: null, p99: null });
    stats.countMessage(answer('pass'), 1);
    expect(stats.status().latencyMicros).toEqual({ p50: 1, p99: 1 });
  });

  it('add up the causes and show the last death', () => {
    const stats = new ModuleStats();
    stats.countCrash('crash', 'SIGSEGV', new Date(1000));
    stats.countCrash('hang', 'SIGKILL', new Date(2000));
    stats.countCrash('exit', null, new Date(3000));
    stats.countCrash('exit', null, new Date(4000));
    stats.totals.failedStarts += 2;
    stats.totals.restarts += 4;
    expect(stats.status()).toMatchObject({
      restarts: 4,
      failedStarts: 2,
      crashes: {
        total: 4,
        byCause: { crash: 1, exit: 2, hang: 1, unreachable: 0, memory: 0, limit: 0 },
        lastSignal: null,
        lastAt: '1970-01-01T00:00:04.000Z',
      },
    });
  });
});

describe('the counters of metrics', () => {
  it('only grow: a reset clears those of the status alone', () => {
    const stats = new ModuleStats();
    const count = () => {
      stats.countMessage(answer('pass'), 1_000);
      stats.countMessage(answer('consumed', 'hang'), 1_000);
      stats.countCrash('memory', 'SIGKILL', new Date(1000));
      stats.countDropped('full', 2);
      stats.totals.late += 1;
      stats.totals.restarts += 1;
      stats.totals.failedStarts += 1;
      stats.totals.sends.total += 1;
      stats.totals.endedCpuSeconds += 0.5;
    };
    count();
    stats.reset();
    expect(stats.status()).toEqual(new ModuleStats().status());
    count();
    expect(stats.status()).toMatchObject({
      restarts: 1,
      failedStarts: 1,
      crashes: { total: 1, lastSignal: 'SIGKILL' },
      messages: {
        total: 2,
        pass: 1,
        consumed: 0,
        default: 1,
        defaultConsumed: 1,
        defaultByReason: { hang: 1 },
        late: 1,
        filtered: 0,
      },
      sends: { total: 1 },
      dropped: { logLines: 2 },
      latencyMicros: { p50: 956 },
    });
    expect(stats.totals).toMatchObject({
      own: { pass: 2, consumed: 0 },
      defaults: { pass: { hang: 0 }, consumed: { hang: 2 } },
      late: 2,
      filtered: 0,
      restarts: 2,
      failedStarts: 2,
      crashes: { memory: 2 },
      sends: { total: 2 },
      dropped: { logLines: 4 },
      endedCpuSeconds: 1,
    });
    expect(stats.durations.read()).toMatchObject({ total: 2, sumSeconds: 0.002 });
  });
});
