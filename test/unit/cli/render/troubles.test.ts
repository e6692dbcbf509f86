import { expect, test } from 'vitest';
import { describeStop } from '../../../../cli/render/defaults.js';
import { describeTrouble, findTroubles, isWell } from '../../../../cli/render/troubles.js';
import type { ModuleStatus } from '../../../../src/supervisor/types.js';
import { crashed, NOW, serving, statusOf, stopping } from '../../../helpers/statuses.js';

function told(module: Partial<ModuleStatus>, of = serving): string[] {
  return findTroubles(statusOf({ ...of, ...module }), NOW).map((trouble) => {
    return `${trouble.level}: ${describeTrouble(trouble)} -> ${trouble.remedy}`;
  });
}

test('nothing is wrong with a module that serves, starts or is replaced', () => {
  for (const state of ['serving', 'starting', 'replacing'] as const) expect(told({ state })).toEqual([]);
});

test.each<[string, Partial<ModuleStatus>, string]>([
  [
    'waits',
    {},
    'error: module crashy: host 3 (pid 9) was ended by SIGSEGV (its messages wait, or pass it by; the next start is in 1m 5s) -> mesibo-modules logs crashy; when it is fixed: mesibo-modules reset crashy',
  ],
  [
    'is given up',
    { state: 'failed', nextStartAt: '2024-12-31T23:59:59.000Z' },
    'error: module crashy: host 3 (pid 9) was ended by SIGSEGV (its messages pass it by; the next start is now) -> mesibo-modules logs crashy; when it is fixed: mesibo-modules reset crashy',
  ],
  [
    'starts again',
    { state: 'starting' },
    'error: module crashy: host 3 (pid 9) was ended by SIGSEGV (it is starting) -> mesibo-modules logs crashy',
  ],
  [
    'serves again',
    { state: 'serving' },
    'warning: module crashy: host 3 (pid 9) was ended by SIGSEGV (it serves again; 3 in all, the last 0s ago; in all 3 messages got the default verdict and passed) -> mesibo-modules logs crashy',
  ],
  [
    'is stopped',
    { state: 'stopped', desired: 'down' },
    'note: stopped by order (its messages pass it by): crashy; to start: mesibo-modules start crashy -> null',
  ],
])('a module that crashed and %s', (_, module, line) => {
  expect(told(module, crashed)).toEqual([line]);
});

test.each<[string, Partial<ModuleStatus>, string]>([
  [
    'serves again',
    { state: 'serving' },
    'warning: module crashy: host 3 (pid 9) was ended by SIGSEGV (it serves again; 3 in all, the last 0s ago; in all it gave no verdict on 3 messages) -> mesibo-modules logs crashy',
  ],
  [
    'is given up',
    { state: 'failed' },
    'warning: module crashy: host 3 (pid 9) was ended by SIGSEGV (its messages are skipped; the next start is in 1m 5s) -> mesibo-modules logs crashy; when it is fixed: mesibo-modules reset crashy',
  ],
  [
    'starts again',
    { state: 'starting' },
    'warning: module crashy: host 3 (pid 9) was ended by SIGSEGV (it is starting) -> mesibo-modules logs crashy',
  ],
])('no message got a default verdict or waits because of a shadow that crashed and %s', (_, module, line) => {
  for (const onFailure of ['pass', 'consume'] as const) {
    expect(told({ ...module, shadowOf: 'filter', onFailure }, crashed)).toEqual([line]);
  }
});

test('the end of a stop says what becomes of messages, and nothing of that for a shadow', () => {
  expect(describeStop(serving)).toBe('its messages pass it by');
  expect(describeStop({ ...serving, onFailure: 'consume' })).toBe('its messages are DROPPED: on_failure = consume');
  const shadow: ModuleStatus = { ...serving, shadowOf: 'other', onFailure: 'consume' };
  expect(describeStop(shadow)).toBe('nothing is offered to it any more');
});

test('all is well unless a module that should be up does not serve, or the core has a problem', () => {
  const stopped: ModuleStatus = { ...crashed, desired: 'down', state: 'stopped' };
  const well = statusOf(serving, { ...serving, state: 'replacing' }, { ...crashed, state: 'serving' }, stopped);
  expect(isWell(well)).toBe(true);
  expect(isWell(statusOf(serving, crashed))).toBe(false);
  expect(isWell({ ...well, core: { ...well.core, problems: ['core.log cannot be written'] } })).toBe(false);
});

test('a problem of the core says how long ago its time is', () => {
  const status = statusOf(serving);
  status.core.problems = ['the reload of 2024-12-31T23:59:48.172Z failed: line 3: a setting; reload again'];
  expect(findTroubles(status, NOW).map(({ what }) => what)).toEqual([
    'the reload 11s ago failed: line 3: a setting; reload again',
  ]);
});

test('a module that is ordered to stop counts as stopped only once its host has ended', () => {
  expect(told({}, stopping)[0]).toContain(': slow (stopping); to start: mesibo-modules start slow');
});

test('modules that were stopped by order are named in one line, after the problems', () => {
  const stopped = ['a', 'b'].map(
    (name): ModuleStatus => ({ ...serving, name, state: 'stopped', desired: 'down', hosts: [] }),
  );
  const troubles = findTroubles(statusOf(...stopped, stopping, crashed), NOW).map(
    (trouble) => `${describeTrouble(trouble)}`,
  );
  expect(troubles).toEqual([
    expect.stringMatching(/^module crashy: host 3/),
    'stopped by order (their messages pass them by): a, b, slow (stopping); to start: mesibo-modules start a b slow',
  ]);
});

test('a module that drops messages when it fails says so, and never that they pass', () => {
  const dropping: ModuleStatus = {
    ...crashed,
    onFailure: 'consume',
    messages: { ...crashed.messages, defaultConsumed: 3 },
  };
  const lines = [
    ...told({ state: 'failed' }, dropping),
    ...told({}, dropping),
    ...told({ state: 'serving' }, dropping),
    ...told({ state: 'stopped', desired: 'down' }, dropping),
  ];
  expect(lines).toEqual([
    expect.stringContaining('(its messages are DROPPED: on_failure = consume; the next start is in'),
    expect.stringContaining('(its messages wait, or are DROPPED: on_failure = consume; the next start is in'),
    expect.stringContaining('; in all 3 messages got the default verdict and were DROPPED)'),
    expect.stringContaining('stopped by order (its messages are DROPPED: on_failure = consume): crashy; to start'),
  ]);
  expect(lines.join('\n')).not.toMatch(/pass|bypass/);
});

test('modules that were stopped by order are told of apart when only some drop their messages', () => {
  const down: ModuleStatus = { ...serving, state: 'stopped', desired: 'down', hosts: [] };
  const troubles = findTroubles(statusOf(down, { ...down, name: 'b', onFailure: 'consume' }), NOW);
  expect(troubles.map(({ what }) => `${what}`)).toEqual([
    'stopped by order (its messages pass it by): filter; to start: mesibo-modules start filter',
    'stopped by order (its messages are DROPPED: on_failure = consume): b; to start: mesibo-modules start b',
  ]);
});

test('of a core that does not say it, messages neither pass nor are dropped', () => {
  const { onFailure: _, ...older } = crashed;
  const { defaultConsumed: __, ...messages } = crashed.messages;
  const before = { ...older, messages } as ModuleStatus;
  expect(told({ state: 'failed' }, before)[0]).toContain('(its messages get the default verdict; the next start');
  expect(told({ state: 'serving' }, before)[0]).toContain('in all 3 messages got the default verdict)');
});

test('a replica that does not serve again has one line, with what ended it and how often that was', () => {
  const [one] = serving.replicas.each as [ModuleStatus['replicas']['each'][number]];
  const lastError = crashed.lastError;
  const down = { ...one, replica: 1, state: 'failed' as const, isServing: false, nextStartAt: crashed.nextStartAt };
  const replicas = { wanted: 2, serving: 1, each: [one, { ...down, lastError }] };
  expect(told({ state: 'serving', nextStartAt: null, replicas }, crashed)).toEqual([
    'warning: module crashy: replica 1 (the next start is in 1m 5s) does not serve, and the others of 2 take the messages: host 3 ' +
      '(pid 9) was ended by SIGSEGV (3 in all, the last 0s ago; in all 3 messages got the default verdict and passed) -> ' +
      'mesibo-modules logs crashy',
  ]);
  const older = 'module crashy: host 2 (pid 8) exited';
  const other = { ...replicas, each: [one, { ...down, lastError: older }] };
  expect(told({ state: 'serving', nextStartAt: null, replicas: other }, crashed)).toEqual([
    expect.stringContaining('host 3 (pid 9) was ended by SIGSEGV (it serves again; 3 in all'),
    expect.stringMatching(/replica 1 .*: host 2 \(pid 8\) exited -> mesibo-modules describe crashy$/),
  ]);
});

test('a reload that was taken back is reported until the next one', () => {
  expect(told({ takenBack: 'module filter: host 2 (pid 9) was ended by SIGABRT' })).toEqual([
    'warning: module filter: its last reload was taken back: it runs with the process and the settings of before, because on ' +
      'probation host 2 (pid 9) was ended by SIGABRT -> when it is corrected: mesibo-modules reload filter',
  ]);
  expect(told({ takenBack: 'x', desired: 'down', state: 'stopped' }).join()).not.toContain('taken back');
});

test('a crash is old news after an hour', () => {
  const crashes = { ...crashed.crashes, lastAt: '2024-12-31T22:59:00.000Z' };
  expect(told({ state: 'serving', crashes }, crashed)).toEqual([]);
});

test('messages that nobody took and output that was not kept are reported', () => {
  expect(told({ sends: { ...serving.sends, total: 9, undelivered: 4 } })).toEqual([
    'warning: module filter: nobody took 4 of the 9 messages that it sent -> let a server take them: set gateway = auto',
  ]);
  expect(told({ sends: { ...serving.sends, total: 9, refused: 2 } })).toEqual([
    'warning: module filter: send_message returned -1 2 times, because too many messages waited for a server -> let a server take them, or raise black_box, send_queue and send_memory',
  ]);
  expect(told({ dropped: { logLines: 7, outputBytes: 0 } })[0]).toContain(
    '7 of its log lines and 0 bytes of its output were dropped',
  );
});

const build = { sha256: '5f'.repeat(32), path: '/s/builds/5f/m/filter.so', kept: true, problem: null };

test.each<[string, Partial<ModuleStatus>, string[]]>([
  [
    'was replaced',
    { fileChanged: true },
    [
      'note: module filter: its file has changed since its process loaded it -> to take the file: mesibo-modules reload filter',
    ],
  ],
  [
    'was replaced before a crash',
    { fileChanged: true, build },
    [
      'note: module filter: its file has changed; the core runs its copy of the accepted build -> to take the file: mesibo-modules reload filter',
    ],
  ],
  [
    'is missing',
    { fileChanged: true, fileMissing: true },
    [
      'warning: module filter: its file is missing; its process runs the build that it loaded -> put it back, or correct "path"',
    ],
  ],
  [
    'was missing before a crash',
    { fileChanged: true, fileMissing: true, build },
    [
      'warning: module filter: its file is missing; the core runs its copy of the accepted build -> put it back, or correct "path"',
    ],
  ],
  [
    'cannot be kept',
    { build: { ...build, kept: false, problem: 'no copy of it can be kept (ENOSPC)' } },
    [
      'warning: module filter: no copy of it can be kept (ENOSPC): if its file is replaced, the running build cannot start again after a crash -> null',
    ],
  ],
  ['was replaced, and that is stopped', { desired: 'down', state: 'stopped', fileChanged: false, build }, []],
])('of a module whose file %s', (_, changes, expected) => {
  const troubles = told(changes).filter((line) => !line.includes('stopped by order'));
  expect(troubles).toEqual(expected);
  expect(isWell(statusOf({ ...serving, ...changes }))).toBe(true);
});

test('a problem of a build is shown with its command, whatever version the core has', () => {
  const problem = 'the copy is gone; to keep another: mesibo-modules reload filter';
  const problemParts = ['the copy is gone; to keep another: ', { kind: 'core' as const, words: ['reload', 'filter'] }];
  const tell = (parts: unknown) => {
    const of = { ...serving, build: { ...build, problem, problemParts: parts as typeof problemParts } };
    return findTroubles(statusOf(of), NOW).map(
      (trouble) => `${describeTrouble(trouble).withOptions(['--run-dir', '/r'])}`,
    );
  };
  const rest = ': if its file is replaced, the running build cannot start again after a crash';
  expect(tell(problemParts)).toEqual([
    `module filter: the copy is gone; to keep another: mesibo-modules --run-dir /r reload filter${rest}`,
  ]);
  for (const parts of [undefined, [{ kind: 'link' }]])
    expect(tell(parts)).toEqual([`module filter: ${problem}${rest}`]);
});

test('the remedy for dropped lines names the rate and the black box', () => {
  expect(told({ dropped: { logLines: 7, outputBytes: 0 } })[0]).toMatch(
    / -> raise log_rate or black_box, or let it log less$/,
  );
});
