import { expect, it } from 'vitest';
import {
  describeCutShort,
  describePlan,
  describeReload,
  describeWentBack,
  listStillDown,
} from '../../../src/core/describe-reload.js';
import type { CoreReloadReport, ReloadReport } from '../../../src/supervisor/types.js';

const NOTHING: ReloadReport = {
  ...{ replaced: [], added: [], removed: [], configured: [], unchanged: ['a'], left: [], stopped: [] },
  ...{ settings: [], needRestart: [], changes: [], probation: [], wentBack: [], cutShort: [] },
};

it.each<[Partial<CoreReloadReport>, string]>([
  [{}, 'nothing has changed'],
  [{ replaced: ['a', 'b'], removed: ['c'] }, 'new processes for a, b; removed c'],
  [{ settings: ['chain_deadline'] }, 'now in use: chain_deadline'],
  [{ needRestart: ['max_message'] }, 'changed, but needs a restart of the core: max_message'],
  [{ secrets: ['http_token'] }, 'http_token: a new token is in use'],
  [{ secrets: ['webhook_secret'] }, 'webhook_secret: a new key is in use'],
  [
    { settings: ['http_token', 'chain_deadline'], secrets: ['http_token'] },
    'now in use: chain_deadline; http_token: a new token is in use',
  ],
  [{ replaced: ['a'], probation: ['a'] }, 'new processes for a; on probation: a'],
  [{ left: ['b'] }, 'nothing has changed; changed, but left as they were: b'],
  [{ stopped: ['a'] }, 'nothing has changed; a is stopped, until: mesibo-modules start a'],
  [{ added: ['a', 'b'], stopped: ['a', 'b'] }, 'added a, b; a, b are stopped, until: mesibo-modules start a b'],
])('%j: %s', (report, text) => {
  expect(`${describeReload({ ...NOTHING, ...report })}`).toBe(text);
});

it('says which settings of a module differ, by their keys, and whether its file does', () => {
  const changes = [
    { module: 'a', settings: ['window', 'env.KEY'], file: true },
    { module: 'b', settings: [], file: true },
    { module: 'c', settings: Array.from({ length: 10 }, (_, i) => `config.${i}`), file: false },
  ];
  const report = { ...NOTHING, replaced: ['a', 'b', 'd'], left: ['c'], changes };
  expect(`${describeReload(report)}`).toBe(
    'new processes for a (window, env.KEY; its file has changed), b (its file has changed), d; changed, but left as they were: ' +
      'c (config.0, config.1, config.2, config.3, config.4, config.5, config.6, config.7 and 2 more)',
  );
});

it.each<[string, Partial<CoreReloadReport>, string[]]>([
  ['nothing', {}, ['a reload would change nothing', 'unchanged: a']],
  [
    'everything',
    {
      ...{ replaced: ['a'], added: ['b'], removed: ['c'], configured: ['d'], left: ['e'], stopped: ['b'] },
      ...{ settings: ['log_keep', 'http_token'], secrets: ['http_token'], needRestart: ['gateway'], unchanged: [] },
      changes: [{ module: 'd', settings: ['queue'], file: false }],
    },
    [
      'a reload would do this; nothing has been changed yet',
      'get a new process: a',
      'are added: b',
      'are removed: c',
      'get other settings without a new process: d (queue)',
      'take effect at once: log_keep, http_token',
      'take effect at the next start of the core: gateway',
      'changed, but not part of this reload: e',
      'stay stopped: b; to start: mesibo-modules start b',
    ],
  ],
])('a plan of %s', (_, report, lines) => {
  const plan = { ...NOTHING, dryRun: true, secrets: [], warnings: [], ...report };
  expect(describePlan(plan).map(String)).toEqual(lines);
});

it('says of a module that went back why, and what to do', () => {
  const told = describeWentBack({ module: 'filter', reason: 'module filter: host 2 (pid 9) was ended by SIGABRT' });
  expect(`${told}`).toBe(
    'module filter went back to the process and the settings that it had before, because on probation host 2 (pid 9) was ended by ' +
      'SIGABRT; when it is corrected: mesibo-modules reload filter',
  );
});

it.each([
  [900, '900ms'],
  [3456, '3s'],
  [61_000, '61s'],
])('says of a probation that was cut short after how long, and why', (afterMs, forLong) => {
  expect(describeCutShort({ module: 'filter', afterMs, reason: 'the module was stopped' })).toBe(
    `module filter: its probation ended early, after ${forLong}, because the module was stopped; so this reload was not shown to hold`,
  );
});

it('modules that a reload leaves failed are told of', () => {
  const lastError = 'module translate: host 3 (pid 9) was ended by SIGSEGV';
  const failed = { name: 'translate', shadowOf: null, state: 'failed', desired: 'up', lastError } as const;
  const others = [
    { ...failed, name: 'crashy' },
    { ...failed, name: 'filter', state: 'serving' },
    { ...failed, name: 'stopped', desired: 'down' },
    { ...failed, name: 'waits', state: 'backoff', lastError: null },
  ] as const;
  expect(listStillDown([failed, ...others], { ...NOTHING, replaced: ['crashy'] })).toEqual([
    'module translate is still failed, because its process was not replaced: host 3 (pid 9) was ended by SIGSEGV',
    'module waits is still down, because its process was not replaced',
  ]);
});
