import { describe, expect, test } from 'vitest';
import { renderAbsence, renderOverview, renderStatus } from '../../../../cli/render/status.js';
import { isWell } from '../../../../cli/render/troubles.js';
import type { View } from '../../../../cli/render/view.js';
import { countColumns } from '../../../../cli/text/columns.js';
import type { ModuleState, ModuleStatus } from '../../../../src/supervisor/types.js';
import { crashed, halved, NOW, serving, statusOf } from '../../../helpers/statuses.js';
import { withoutColour } from '../../../helpers/without-colour.js';

const tried: ModuleStatus = { ...serving, name: 'tried', abiSource: 'trial', abiReason: 'found by a trial' };
const view: View = { nowMs: NOW, width: 100, colour: false, options: [] };

test('modules are an aligned table below one line on the core', () => {
  const messages = { ...serving.messages, total: 1_234_567, pass: 0, consumed: 99_999 };
  const busy: ModuleStatus = { ...serving, name: 'a', messages, latencyMicros: { p50: 300, p99: 1_234 } };
  expect(renderStatus(statusOf(serving, busy), view)).toBe(
    [
      'core 1.2.3, pid 7, up 1h 2m, /etc/mesibo/mesibo.conf',
      '',
      'NAME    STATE       UP   PID  MEMORY    CPU  MESSAGES  CONSUMED  DEFAULT  CRASHES    P99',
      'filter  serving  2m 3s  4242   62 MB  0.37s        12         3        0        0      -',
      'a       serving  2m 3s  4242   62 MB  0.37s      1.2M     99999        0        0  1.2ms',
    ].join('\n'),
  );
});

test('problems stand below the table, with what to do', () => {
  const lines = renderStatus(statusOf(serving, crashed), view).split('\n');
  expect(lines[4]).toBe('crashy  backoff      -     -       -      -         5         0        3        3    -');
  expect(lines.slice(-3)).toEqual([
    'module crashy: host 3 (pid 9) was ended by SIGSEGV (its messages wait, or pass it by; the next start',
    '  is in 1m 5s)',
    '  -> mesibo-modules logs crashy; when it is fixed: mesibo-modules reset crashy',
  ]);
});

test('a shadow has no default verdicts', () => {
  const lines = renderStatus(statusOf(serving, { ...crashed, shadowOf: 'filter' }), { ...view, width: 120 }).split(
    '\n',
  );
  expect(lines[2]).toMatch(/ MESSAGES +CONSUMED +DEFAULT +CRASHES /);
  expect(lines[3]).toMatch(/^filter +serving +- .* 12 +3 +0 +0 +-$/);
  expect(lines[4]).toMatch(/^crashy +backoff +filter .* 5 +0 +- +3 +-$/);
});

test('with several replicas the state says how many serve, and those that do not are named', () => {
  const lines = renderStatus(statusOf(serving, halved), view).split('\n');
  expect(lines.slice(2, 5)).toEqual([
    'NAME    STATE           UP   PID  MEMORY    CPU  MESSAGES  CONSUMED  DEFAULT  CRASHES  P99',
    'filter  serving      2m 3s  4242   62 MB  0.37s        12         3        0        0    -',
    'halved  serving 1/2  2m 3s  4242   62 MB  0.37s        12         3        0        0    -',
  ]);
  expect(lines.slice(-3)).toEqual([
    'module halved: replica 1 (the next start is in 5s) does not serve, and the others of 2 take the',
    '  messages: host 5 (pid 9, replica 1) was ended by SIGSEGV',
    '  -> mesibo-modules describe halved',
  ]);
  // Messages are served.
  expect(isWell(statusOf(halved))).toBe(true);
});

test('a core that does not know replicas has one of each module', () => {
  const { replicas: _, ...old } = serving;
  expect(renderStatus(statusOf(old as ModuleStatus), view)).toContain('filter  serving  2m 3s');
});

describe.each([120, 100, 80, 60])('in %d columns', (width) => {
  test('every line fits, whatever the names and counts', () => {
    const busy: ModuleStatus = {
      ...crashed,
      name: 'a_module_with_a_name_longer_than_any_column',
      pid: 4_194_304,
      messages: { ...crashed.messages, total: 9_999_999_999, consumed: 9_000_000_000, default: 99_999 },
      latencyMicros: { p50: null, p99: 999_999 },
      lastError: `${'x'.repeat(150)} \u4f60\u597d ${'word '.repeat(60)}`,
    };
    const long: ModuleStatus = { ...tried, name: 'b'.repeat(64), abiReason: 'found by '.repeat(30) };
    const status = statusOf(long, busy);
    status.core.config = `/srv/${'x'.repeat(120)}/mesibo.conf`;
    const text = renderStatus(status, { ...view, width });
    const lines = text.split('\n');
    expect(lines.slice(0, 2).join('\n')).toMatch(/^core 1\.2\.3, pid 7, up 1h 2m, \/srv.*\.\.\.x*\/mesibo\.conf\n$/);
    expect(Math.max(...lines.map(countColumns))).toBeLessThanOrEqual(width);
    const head = lines.find((line) => line.startsWith('NAME')) ?? '';
    for (const heading of ['STATE', 'PID', 'MESSAGES', 'CRASHES']) expect(head).toContain(heading);
    const hidden = ['UP', 'MEMORY', 'CPU', 'CONSUMED', 'DEFAULT', 'P99'].filter((heading) => !head.includes(heading));
    const note = /^a wider terminal shows ((?:.*,\n {2})*.*)$/m.exec(text)?.[1] ?? '';
    expect(note.split(/,\s+/).filter((heading) => heading !== '')).toEqual(hidden);
  });
});

test('on a terminal of 80 columns the process and the counters of messages are shown', () => {
  const lines = renderStatus(statusOf(serving), { ...view, width: 80 }).split('\n');
  expect(lines.slice(2)).toEqual([
    'NAME    STATE       UP   PID  MEMORY  MESSAGES  CONSUMED  DEFAULT  CRASHES  P99',
    'filter  serving  2m 3s  4242   62 MB        12         3        0        0    -',
    'a wider terminal shows CPU',
  ]);
});

test('on the narrowest terminal only names, states and crashes are left', () => {
  const long: ModuleStatus = { ...crashed, name: 'a_module_with_a_name_longer_than_any_column' };
  const table = (...modules: ModuleStatus[]) =>
    renderStatus(statusOf(...modules), { ...view, width: 40 }).split('\n\n')[1];
  expect(table(long)?.split('\n')).toEqual([
    'NAME                    STATE    CRASHES',
    'a_module_with_a_nam...  backoff        3',
    'a wider terminal shows UP, PID, MEMORY,',
    '  CPU, MESSAGES, CONSUMED, DEFAULT, P99',
  ]);
  expect(table(serving)?.split('\n')[0]).toBe('NAME    STATE     PID  MESSAGES  CRASHES');
});

test('the command that starts many stopped modules is broken as a shell takes it', () => {
  const stopped = Array.from({ length: 12 }, (_, i): ModuleStatus => {
    return { ...serving, name: `module_${i}`, state: 'stopped', desired: 'down', hosts: [] };
  });
  const lines = renderStatus(statusOf(...stopped), { ...view, options: ['--run-dir', '/r'] }).split('\n');
  const at = lines.findIndex((line) => line.includes('mesibo-modules'));
  expect(lines.slice(at)).toEqual([
    '  mesibo-modules --run-dir /r start module_0 module_1 module_2 module_3 module_4 module_5 module_6 \\',
    '  module_7 module_8 module_9 module_10 module_11',
  ]);
});

test('without a terminal, nothing is cut', () => {
  const name = 'n'.repeat(64);
  const lines = renderStatus(statusOf({ ...crashed, name }), { ...view, width: Number.POSITIVE_INFINITY }).split('\n');
  expect(lines[3]).toMatch(/^n{64} +backoff/);
  expect(lines.at(-2)).toMatch(/^module n{64}: .*the next start is in 1m 5s\)$/);
});

test('states are coloured where colour is wanted, and the columns stay aligned', () => {
  const status = statusOf(serving, crashed, { ...serving, name: 'x', state: 'new in a later version' as ModuleState });
  const plain = renderStatus(status, view);
  const coloured = renderStatus(status, { ...view, colour: true });
  expect(coloured).toContain('\x1b[32mserving');
  expect(coloured).toContain('\x1b[33mbackoff');
  expect(withoutColour(coloured)).toBe(plain);
});

test('the reason why no core can be asked is broken into lines between words', () => {
  expect(
    renderAbsence(`no core serves /run/mesibo; ${'start one '.repeat(9)}`, { width: 60, options: [] }).split('\n'),
  ).toEqual([
    'no core serves /run/mesibo; start one start one start one',
    '  start one start one start one start one start one start',
    '  one ',
    'waiting for one ...',
  ]);
});

test('the ABIs found by trials stand last, equal ones together, and are left out of an overview', () => {
  const abiReason =
    "found by a trial of exports-2020, exports-2019 (it imports mesibo_log\u001b); remembered by the file's sha256";
  const others = Array.from({ length: 9 }, (_, i): ModuleStatus => {
    return { ...serving, name: `translate_${i}`, abi: 'exports-2019', abiSource: 'trial', abiReason };
  });
  const status = statusOf(serving, tried, ...others, { ...tried, name: 'b' }, { ...crashed, abi: null });
  const [, , troubles, abis = ''] = renderStatus(status, view).split('\n\n');
  const block = abis.split('\n');
  expect(troubles).toMatch(/^module crashy: /);
  expect(block[0]).toBe('ABI exports-2020, found by a trial: tried, b');
  expect(
    block
      .slice(1)
      .map((line) => line.trim())
      .join(' '),
  ).toBe(`ABI exports-2019, ${abiReason.replace('\u001b', '\\x1b')}: ${others.map(({ name }) => name).join(', ')}`);
  expect(Math.max(...block.slice(1, -1).map((line) => line.length))).toBeGreaterThan(80);
  expect(renderOverview(status, view)).not.toContain('ABI');
  expect(renderStatus(statusOf(serving), view)).not.toContain('ABI');
});

test('problems of the core stand below the table, also without modules', () => {
  for (const modules of [[], [serving]]) {
    const status = statusOf(...modules);
    status.core.problems = ['core.log cannot be written\u001b[2J'];
    expect(renderStatus(status, view).split('\n').slice(-2)).toEqual(['', 'core.log cannot be written\\x1b[2J']);
  }
});

test('text of a module cannot drive the terminal', () => {
  const text = renderStatus(statusOf({ ...crashed, lastError: 'last words \u001b[2J' }), view);
  expect(text).toContain('last words \\x1b[2J');
});

test('without modules the core says what that means', () => {
  expect(renderStatus(statusOf(), view)).toMatch(/no module is configured: every message passes$/);
});
