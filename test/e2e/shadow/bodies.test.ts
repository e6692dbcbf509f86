/** Bodies of messages that must not be kept, and counts of versions that are gone. */

import type { ModuleOptions, ShadowReport } from 'mesibo-modules';
import { afterEach, expect, it } from 'vitest';
import { keptCalls } from '../../../src/crashes/build-card.js';
import type { DeathEvidence } from '../../../src/supervisor/types.js';
import { fixtureModule, patientConfig, sample, TestCore } from '../core.js';

let core: TestCore;
afterEach(() => core.close());

const primary = (file: string, options: Partial<ModuleOptions> = {}) =>
  fixtureModule(file, { name: 'primary', ...options });
const shadow = (file: string, options: Partial<ModuleOptions> = {}) =>
  fixtureModule(file, { name: 'shadow', shadowOf: 'primary', ...options });

it('does not keep in a crash card of the shadow what its primary must not keep', async () => {
  const deaths: DeathEvidence[] = [];
  const crashKeeper = { died: (evidence: DeathEvidence) => void deaths.push(evidence) };
  const modules = (crashBody: 'no' | 'last') => [
    primary('silent-2020', { crashBody }),
    shadow('sends-then-crashes', { abi: 'table', backoff: { minMs: 1, maxMs: 1 } }),
  ];
  core = await new TestCore({ modules: modules('last') }, {}, { crashKeeper }).start();
  const bodies = async () => {
    const count = deaths.length;
    await core.send('crash');
    await core.until(() => deaths.length > count);
    await core.serving('shadow', deaths.length + 1);
    return [...keptCalls(deaths.at(-1) as DeathEvidence)].length;
  };
  expect(await bodies()).toBe(1);
  // The block of the shadow says nothing, and a reload that is for the primary alone is enough.
  await core.supervisor.reload(patientConfig({ modules: modules('no') }), { modules: ['primary'] });
  expect(await bodies()).toBe(0);
});

it('goes by the settings of before when a reload of the primary was taken back', async () => {
  const version = (name: string, options: Partial<ModuleOptions>) =>
    primary('breaks-later', {
      probationMs: 300_000,
      config: { version: name, at: name === 'bad' ? '2' : '0' },
      ...options,
    });
  const config = (one: ModuleOptions) => ({
    modules: [
      one,
      { name: 'shadow', shadowOf: 'primary', path: sample('filter'), config: { blocked_words: 'secret' } },
    ],
  });
  const compared = async (count: number): Promise<ShadowReport> => {
    await expect.poll(() => core.supervisor.shadowReport('shadow').compared, { timeout: 60_000 }).toBe(count);
    return core.supervisor.shadowReport('shadow');
  };
  core = await new TestCore(config(version('good', { crashBody: 'no' }))).start();
  await core.supervisor.reload(patientConfig(config(version('bad', { crashBody: 'last' }))), { wait: false });
  await core.send('secret 1');
  expect(JSON.stringify((await compared(1)).examples)).toContain('secret 1');
  const wentBack = core.until(() => core.logs.some(({ text }) => text.includes('again')));
  await core.send('secret 2');
  await wentBack;
  // What the failed version answered does not count, and no body is kept.
  expect(core.supervisor.shadowReport('shadow')).toMatchObject({ compared: 0, examples: [], keepsBodies: false });
  await core.send('secret 3');
  const { totals, examples } = await compared(1);
  expect(totals).toMatchObject({ otherVerdict: 1, primaryDefaulted: 0 });
  expect(JSON.stringify(examples)).not.toContain('secret');
});
