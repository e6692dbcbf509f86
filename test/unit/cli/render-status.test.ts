import { expect, test } from 'vitest';
import { isServing, renderStatus } from '../../../cli/render-status.js';
import type { ModuleStatus, SupervisorStatus } from '../../../src/supervisor/types.js';

const serving: ModuleStatus = {
  name: 'filter',
  state: 'serving',
  desired: 'up',
  pid: 4242,
  generation: 1,
  abi: 'exports-2020',
  abiSource: 'symbols',
  abiReason: 'it imports mesibo_vlog',
  path: '/usr/lib64/mesibo/filter.so',
  description: null,
  callbacks: ['on_message'],
  hosts: [],
  restarts: 0,
  failedStarts: 0,
  sends: { total: 0, undelivered: 0, refused: 0 },
  dropped: { logLines: 0, outputBytes: 0 },
  crashes: {
    total: 0,
    byCause: { crash: 0, exit: 0, hang: 0, unreachable: 0, memory: 0 },
    lastSignal: null,
    lastAt: null,
  },
  lastError: null,
  nextStartAt: null,
  messages: { total: 12, pass: 9, consumed: 3, default: 0, late: 0 },
  inFlight: 0,
  queued: 0,
  latencyMicros: { p50: null, p99: null },
};

const crashed: ModuleStatus = {
  ...serving,
  name: 'crashy',
  state: 'backoff',
  pid: null,
  generation: 3,
  restarts: 2,
  crashes: {
    total: 3,
    byCause: { crash: 3, exit: 0, hang: 0, unreachable: 0, memory: 0 },
    lastSignal: 'SIGSEGV',
    lastAt: '2025-01-01T00:00:00.000Z',
  },
  lastError: 'module crashy: host 3 (pid 9) was ended by SIGSEGV',
  nextStartAt: '2025-01-01T00:01:05.000Z',
  messages: { total: 5, pass: 2, consumed: 0, default: 3, late: 0 },
};

function statusOf(...modules: ModuleStatus[]): SupervisorStatus {
  return {
    core: {
      pid: 7,
      version: '1.2.3',
      uptimeSeconds: 3723,
      config: '/etc/mesibo/mesibo.conf',
      problems: [],
      recoveredSends: 0,
    },
    modules,
  };
}

const now = Date.parse('2025-01-01T00:00:00.000Z');

test('modules are an aligned table below one line on the core', () => {
  expect(renderStatus(statusOf(serving, { ...serving, name: 'a', pid: 1, generation: 12, restarts: 11 }), now)).toBe(
    [
      'core 1.2.3, pid 7, up 1h 2m, /etc/mesibo/mesibo.conf',
      '',
      'NAME    STATE     PID  GENERATION  CRASHES  MESSAGES  PASS/CONSUMED/DEFAULT',
      'filter  serving  4242       1 (0)        0        12  9/3/0',
      'a       serving     1     12 (11)        0        12  9/3/0',
      '',
      'ABI exports-2020, it imports mesibo_vlog: filter, a',
    ].join('\n'),
  );
});

test('a module in trouble is explained below the table, with what follows and where to look', () => {
  const lines = renderStatus(statusOf(serving, crashed), now).split('\n');
  expect(lines[4]).toMatch(/^crashy {2}backoff +- +3 \(2\) +3 SIGSEGV +5 {2}2\/0\/3$/);
  expect(lines.slice(-2)).toEqual([
    'crashy: module crashy: host 3 (pid 9) was ended by SIGSEGV (last crash 2025-01-01T00:00:00.000Z)',
    '  messages bypass it; the next start is in 1m 5s; see: mesibo-modules logs crashy',
  ]);
});

test('the table fits 100 columns with long names and large counts', () => {
  const busy: ModuleStatus = {
    ...crashed,
    name: 'a_module_with_a_name_longer_than_any_column',
    pid: 4_194_304,
    generation: 99_999,
    restarts: 99_998,
    messages: { total: 9_999_999, pass: 9_000_000, consumed: 900_000, default: 99_999, late: 0 },
  };
  const table = renderStatus(statusOf(serving, busy), now).split('\n').slice(2, 5);
  expect(Math.max(...table.map((line) => line.length))).toBeLessThanOrEqual(100);
});

test('the ABIs stand below the table, those found alike together, in 100 columns, and not before one is known', () => {
  const abiReason =
    "found by a trial of exports-2020, exports-2019 (it imports mesibo_log\u001b); remembered by the file's sha256";
  const others = Array.from({ length: 9 }, (_, i): ModuleStatus => {
    return { ...serving, name: `translate_${i}`, abi: 'exports-2019', abiSource: 'trial', abiReason };
  });
  const text = renderStatus(statusOf(serving, ...others, { ...serving, name: 'b' }, { ...crashed, abi: null }), now);
  const block = text.split('\n\n')[2]?.split('\n') ?? [];
  expect(block[0]).toBe('ABI exports-2020, it imports mesibo_vlog: filter, b');
  expect(
    block
      .slice(1)
      .map((line) => line.trim())
      .join(' '),
  ).toBe(`ABI exports-2019, ${abiReason.replace('\u001b', '\\x1b')}: ${others.map(({ name }) => name).join(', ')}`);
  expect(Math.max(...block.map((line) => line.length))).toBeLessThanOrEqual(100);
  expect(Math.max(...block.slice(1, -1).map((line) => line.length))).toBeGreaterThan(80);
  expect(renderStatus(statusOf({ ...serving, abi: null, abiReason: null }), now)).not.toContain('ABI');
});

test('what is wrong with the core stands below the table, also without modules', () => {
  for (const modules of [[], [serving]]) {
    const status = statusOf(...modules);
    status.core.problems = ['core.log cannot be written\u001b[2J'];
    expect(renderStatus(status, now).split('\n').slice(-2)).toEqual(['', 'core.log cannot be written\\x1b[2J']);
  }
});

test('text of a module cannot drive the terminal', () => {
  const text = renderStatus(statusOf({ ...crashed, lastError: 'last words \u001b[2J' }), now);
  expect(text).toContain('last words \\x1b[2J');
});

test('without modules the core says what that means', () => {
  expect(renderStatus(statusOf(), now)).toMatch(/no module is configured: every message passes$/);
});

test('only a module that should be up and does not serve counts', () => {
  expect(isServing(statusOf(serving, { ...crashed, desired: 'down', state: 'stopped' }))).toBe(true);
  expect(isServing(statusOf(serving, crashed))).toBe(false);
});
