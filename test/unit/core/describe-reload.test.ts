import { expect, it } from 'vitest';
import { describeReload, listStillDown } from '../../../src/core/describe-reload.js';
import type { CoreReloadReport, ReloadReport } from '../../../src/supervisor/types.js';

const NOTHING: ReloadReport = {
  ...{ replaced: [], added: [], removed: [], configured: [], unchanged: ['a'], left: [], stopped: [] },
  ...{ settings: [], needRestart: [] },
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
  [{ left: ['b'] }, 'nothing has changed; changed, but left as they were: b'],
  [{ stopped: ['a'] }, 'nothing has changed; a is stopped, until: mesibo-modules start a'],
  [{ added: ['a', 'b'], stopped: ['a', 'b'] }, 'added a, b; a, b are stopped, until: mesibo-modules start a b'],
])('%j: %s', (report, text) => {
  expect(`${describeReload({ ...NOTHING, ...report })}`).toBe(text);
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
