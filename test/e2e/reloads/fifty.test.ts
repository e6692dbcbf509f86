import { expect, it } from 'vitest';
import { patientConfig, startCore } from '../core.js';
import { FIFTY, fiftyModules, LightLoad, nameOf, Starts, TIMEOUT_MS } from './fifty.js';

it('50 modules changed by one reload start a few at a time, and no message is lost, doubled or defaulted', {
  timeout: TIMEOUT_MS,
}, async () => {
  const core = await startCore(fiftyModules(1));
  expect(core.report.refused).toEqual([]);
  const starts = new Starts(core);
  const load = new LightLoad(core);
  await load.more(10);
  const beganMs = performance.now();
  const report = await core.supervisor.reload(patientConfig({ modules: fiftyModules(2) }));
  const seconds = Math.round((performance.now() - beganMs) / 1000);
  const names = Array.from({ length: FIFTY }, (_, i) => nameOf(i));
  expect(report.replaced).toEqual(names);
  await load.more(10);
  const messages = await load.end();
  process.stdout.write(`${JSON.stringify({ modules: FIFTY, seconds, messages, ...starts })}\n`);
  for (const name of names) {
    const { hosts, generation, state, failedStarts, restarts } = core.module(name);
    expect({ name, hosts: hosts.length, generation, state, failedStarts, restarts }).toEqual({
      ...{ name, hosts: 1, generation: 2, state: 'serving', failedStarts: 0, restarts: 0 },
    });
  }
  // Those that load their module are beside those that come up. On two CPUs, with much else to do, about ten start at a time.
  expect(starts.most).toBeLessThan(FIFTY / 2);
  await core.close();
});
