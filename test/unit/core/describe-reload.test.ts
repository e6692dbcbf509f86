import { expect, it } from 'vitest';
import { describeReload } from '../../../src/core/describe-reload.js';
import type { CoreReloadReport, ReloadReport } from '../../../src/supervisor/types.js';

const NOTHING: ReloadReport = {
  ...{ replaced: [], added: [], removed: [], configured: [], unchanged: ['a'], left: [], stopped: [] },
  ...{ settings: [], needRestart: [] },
};

it.each<[Partial<CoreReloadReport>, string]>([
  [{}, 'nothing has changed'],
  [{ replaced: ['a', 'b'], removed: ['c'] }, 'new processes for a, b; removed c'],
  [{ settings: ['chain_deadline'] }, 'in force: chain_deadline'],
  [{ needRestart: ['max_message'] }, 'changed, but needs a restart of the core: max_message'],
  [{ secrets: ['http_token'] }, 'http_token: another token is in force'],
  [{ secrets: ['webhook_secret'] }, 'webhook_secret: another key is in force'],
  [
    { settings: ['http_token', 'chain_deadline'], secrets: ['http_token'] },
    'in force: chain_deadline; http_token: another token is in force',
  ],
  [{ left: ['b'] }, 'nothing has changed; left as they were, although changed: b'],
  [{ stopped: ['a'] }, 'nothing has changed; a is stopped, until: mesibo-modules start a'],
  [{ added: ['a', 'b'], stopped: ['a', 'b'] }, 'added a, b; a, b are stopped, until: mesibo-modules start a b'],
])('%j: %s', (report, text) => {
  expect(`${describeReload({ ...NOTHING, ...report })}`).toBe(text);
});
