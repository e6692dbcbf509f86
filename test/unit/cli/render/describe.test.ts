import { describe, expect, test } from 'vitest';
import { renderDescription } from '../../../../cli/render/describe.js';
import type { View } from '../../../../cli/render/view.js';
import { countColumns } from '../../../../cli/text/columns.js';
import type { ModuleDescription } from '../../../../src/supervisor/types.js';
import { crashed, NOW, serving } from '../../../helpers/statuses.js';
import { withoutColour } from '../../../helpers/without-colour.js';

const file = `/srv/${'a-directory/'.repeat(4)}mesibo.conf:17`;
const more = {
  settings: [
    { key: 'deadline', value: '1s', hidden: false, origin: 'default' },
    { key: 'blocked_words_of_every_kind', value: 'darn,heck,'.repeat(7), hidden: false, origin: file },
  ],
  env: [],
  config: [],
};
const module: ModuleDescription = {
  ...crashed,
  ...more,
  lastError: `module crashy: ${file}: it refused to start, for reasons that take a while to tell`,
  nextStartAt: '2025-01-01T00:00:30.000Z',
  crashes: { ...crashed.crashes, lastAt: '2024-12-31T23:55:00.000Z' },
};
const view: View = { nowMs: NOW, width: 100, colour: false, options: [] };

describe.each([100, 80, 60])('in %d columns', (width) => {
  test.each([true, false])(
    'every line fits, except for a path or value that is too long, which stays whole (colour: %s)',
    (colour) => {
      const lines = withoutColour(renderDescription(module, { ...view, width, colour })).split('\n');
      const long = lines.filter((line) => countColumns(line) > width).map((line) => line.trim());
      const values = ['darn,heck,'.repeat(7), `# ${file}`, `${file}:`];
      expect(long.filter((line) => !values.includes(line))).toEqual([]);
      if (width > 60) expect(long).toEqual([]);
      expect(lines.filter((line) => line.includes(file))).toHaveLength(2);
      expect(lines).toContainEqual(expect.stringMatching(/^ {2}blocked_words_of_every_kind = ?/));
      expect(lines).toContainEqual(expect.stringMatching(/^ {2}deadline {20}= 1s +# default$/));
    },
  );
});

test('a value of several lines stays beside its label', () => {
  const lastError = 'it refused to start, '.repeat(6).trimEnd();
  const lines = renderDescription({ ...module, lastError }, { ...view, width: 80 }).split('\n');
  const at = lines.findIndex((line) => line.startsWith('  last error'));
  expect(lines.slice(at, at + 2)).toEqual([
    '  last error  it refused to start, it refused to start, it refused to start, it',
    '              refused to start, it refused to start, it refused to start,',
  ]);
});

test('a shadow gave no verdict, and no message got another one because of that', () => {
  const wide = { ...view, width: 120 };
  const shown = renderDescription({ ...module, shadowOf: 'filter' }, wide);
  expect(shown).toMatch(/messages +5: 2 passed, 0 consumed, no verdict on 3 \(3 crash\)\n/);
  expect(renderDescription(module, wide)).toMatch(/ 0 consumed, 3 got the default verdict and passed \(3 crash\)\n/);
});

test('times say how long they are ago or ahead', () => {
  const text = renderDescription({ ...module, hosts: serving.hosts }, { ...view, width: 120 });
  expect(text).toContain('next start  in 30s (2025-01-01T00:00:30.000Z)');
  expect(text).toContain('3: 3 crash; the last 5m ago (2024-12-31T23:55:00.000Z) by SIGSEGV');
  expect(text).toContain('pid 4242, ready, started 2m 3s ago (2024-12-31T23:57:57.000Z)');
});

test('the resources of a process are shown, when they are known', () => {
  const host = {
    replica: 0,
    inFlight: 0,
    pid: 1,
    generation: 4,
    state: 'ready',
    role: 'serving',
    startedAt: '2024-12-31T23:57:57.000Z',
  } as const;
  const show = (usage: { memoryBytes: number | null; cpuSeconds: number | null; openRequests?: number }) =>
    renderDescription({ ...module, hosts: [{ ...host, openRequests: 0, ...usage }] }, { ...view, width: 200 });
  expect(show({ memoryBytes: 61_500_000, cpuSeconds: 75.2 })).toContain(
    '57.000Z), 62 MB of memory, 1m 15s of CPU time\n',
  );
  expect(show({ memoryBytes: null, cpuSeconds: null })).toContain('57.000Z)\n');
  expect(show({ memoryBytes: null, cpuSeconds: null, openRequests: 2 })).toContain('57.000Z), 2 http requests open\n');
});

test('a process that is kept for a probation is marked', () => {
  const [host] = serving.hosts as [ModuleDescription['hosts'][number]];
  const both = [
    { ...host, pid: 4300, generation: 2 },
    { ...host, role: 'kept' as const },
  ];
  const text = renderDescription({ ...module, hosts: both }, { ...view, width: 200 });
  expect(text).toMatch(/pid 4300, ready, started .*\n.*pid 4242, ready, kept to take over again, started /);
});

test('default verdicts say why they were given', () => {
  expect(renderDescription(module, view)).toContain(
    '5: 2 passed, 0 consumed, 3 got the default verdict and passed (3 crash)\n',
  );
  expect(renderDescription({ ...module, messages: serving.messages }, view)).toContain('0 got the default verdict\n');
  const dropped = (defaultConsumed: number) =>
    renderDescription({ ...module, messages: { ...crashed.messages, defaultConsumed } }, { ...view, width: 200 });
  expect(dropped(3)).toContain(' 3 got the default verdict and were DROPPED (3 crash)\n');
  expect(dropped(1)).toContain(' 3 got the default verdict: 2 passed, 1 was DROPPED (3 crash)\n');
});

test('the times of answers are shown, once there are any', () => {
  const latency = (latencyMicros: ModuleDescription['latencyMicros']) =>
    /^ {2}latency +(.*)$/m.exec(renderDescription({ ...module, latencyMicros }, view))?.[1];
  expect(latency({ p50: null, p99: null })).toBe('none yet: it has answered no message');
  expect(latency({ p50: 300, p99: 1_234 })).toBe('half within 300 us, 99% within 1.2 ms');
});

test('the state is coloured as in a status', () => {
  const coloured = renderDescription({ ...serving, ...more }, { ...view, colour: true });
  expect(coloured).toContain('state      \x1b[32mserving\x1b[0m\n');
  expect(withoutColour(coloured)).toBe(renderDescription({ ...serving, ...more }, view));
});

test('without a terminal, no line is broken', () => {
  const text = renderDescription(module, { ...view, width: Number.POSITIVE_INFINITY });
  expect(text).toContain(`last error  ${module.lastError}\n`);
  expect(text).toContain(`${'darn,heck,'.repeat(7)}  # ${file}`);
});

test.each<[string, Partial<ModuleDescription>, string[]]>([
  ['its file', {}, ['sha256 5f5f5f5f5f5f, loaded from its file']],
  [
    'its file, which is another one now',
    { fileChanged: true },
    [
      'it has changed since its process loaded it; after a crash, the build that its process loaded starts again; to load it: mesibo-modules reload filter',
    ],
  ],
  [
    'its file, which is missing',
    { fileChanged: true, fileMissing: true },
    ['it is missing; after a crash, the build that its process loaded starts again'],
  ],
  [
    'a copy',
    { fileChanged: true, build: { sha256: 'ab'.repeat(32), path: '/s/builds/ab/m/f.so', kept: true, problem: null } },
    ['sha256 abababababab, loaded from the copy that the core keeps: /s/builds/ab/m/f.so'],
  ],
  [
    'its file, of which no copy is kept',
    { build: { sha256: 'ab'.repeat(32), path: '/m/f.so', kept: false, problem: 'no copy of it can be kept (ENOSPC)' } },
    ['loaded from its file; no copy of it can be kept (ENOSPC)'],
  ],
])('a build that was loaded from %s', (_, changes, said) => {
  const text = renderDescription({ ...serving, ...more, ...changes }, { ...view, width: 200 });
  for (const words of said) expect(text).toContain(words);
});

test('builds are left out for a core that knows none', () => {
  const older: Partial<ModuleDescription> = { ...serving, ...more };
  delete older.build;
  expect(renderDescription(older as ModuleDescription, view)).not.toContain('build');
});

test('a single thing is written in the singular', () => {
  const text = renderDescription(
    { ...serving, ...more, failedStarts: 1, dropped: { logLines: 1, outputBytes: 2 } },
    view,
  );
  expect(text).toMatch(/; 1 start failed\n[\s\S]* 1 log line, 2 bytes of output\n/);
});

test('a hidden value comes with the command that shows it, and with the options that reach the core', () => {
  const config = [{ key: 'api_key', value: '(hidden)', hidden: true, origin: file }];
  const text = renderDescription({ ...module, config }, { ...view, width: 200, options: ['--run-dir', '/r'] });
  expect(text).toContain(`  api_key = (hidden)  # ${file}\n`);
  expect(text).toMatch(/\n\n {2}hidden +secrets; to show them: mesibo-modules --run-dir \/r describe crashy --reveal$/);
  expect(renderDescription(module, view)).not.toContain('--reveal');
});
