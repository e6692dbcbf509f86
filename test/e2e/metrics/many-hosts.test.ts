/** What a dashboard shows of modules with several processes: replicas, probations, recycling and shadows. */

import { expect, it } from 'vitest';
import { fixtureModule, sample } from '../core.js';
import { MetricsScene } from './scene.js';

const filter = { name: 'filter', path: sample('filter'), config: { blocked_words: 'darn' } };

it('events that waited for a replica which dies are shown as relocated', async () => {
  const scene = new MetricsScene([fixtureModule('slow', { replicas: 2, hangMs: null, maxCrashes: null })]);
  await scene.core.start();
  const replicas = () => scene.core.status().modules[0]?.replicas.each ?? [];
  expect((await scene.scrape()).value('relocated_total{module="slow"}')).toBe(0);
  const outcomes = ['5000', '0', '0', '0', '0'].map((text) => scene.send(text));
  await expect.poll(() => replicas().some(({ inFlight }) => inFlight === 5), { timeout: 30_000 }).toBe(true);
  const { replica } = replicas().find(({ inFlight }) => inFlight === 5) ?? { replica: -1 };
  const host = scene.core.status().modules[0]?.hosts.find((host) => host.replica === replica);
  process.kill(host?.pid as number, 'SIGKILL');
  const crashed = (await Promise.all(outcomes)).filter((told) => told === 'slow crash').length;
  // All but the one that the process worked on.
  const page = await scene.scrape();
  expect(page.value('relocated_total{module="slow"}')).toBe(5 - crashed);
  const shown = [0, 1].map((replica) => page.value(`replica_up{module="slow",replica="${replica}"}`));
  expect(shown).toContain(1);
  expect(shown).not.toContain(undefined);
});

it('a reload is shown while it is on probation, and when it was taken back', async () => {
  const version = (config: Record<string, string>) => fixtureModule('breaks-later', { config, probationMs: 300_000 });
  const scene = new MetricsScene([version({ version: '1' })]);
  await scene.core.start();
  const read = async () => {
    const page = await scene.scrape();
    return ['on_probation', 'taken_back_total'].map((name) => page.value(`${name}{module="breaks_later"}`));
  };
  expect(await read()).toEqual([0, 0]);
  await scene.core.reload(scene.config([version({ version: '2', at: '1', how: 'crash' })]), { wait: false });
  expect(await read()).toEqual([1, 0]);
  await scene.send('a');
  await scene.until(() => scene.core.status().modules[0]?.takenBack !== null);
  expect(await read()).toEqual([0, 1]);
});

it('recycled processes are shown by the setting that they had reached', async () => {
  const scene = new MetricsScene([{ ...filter, maxMessages: 10 }]);
  await scene.core.start();
  for (let i = 0; i < 10; i++) await scene.send('hello');
  await scene.until(() => scene.core.status().modules[0]?.recycled.messages === 1);
  const page = await scene.scrape();
  const shown = ['messages', 'age', 'memory'].map((cause) =>
    page.value(`recycled_total{module="filter",cause="${cause}"}`),
  );
  expect(shown).toEqual([1, 0, 0]);
});

it('a shadow is shown beside its primary', async () => {
  const shadow = { ...filter, name: 'shadow', shadowOf: 'filter', config: { blocked_words: 'darn, heck' } };
  const scene = new MetricsScene([filter, shadow]);
  await scene.core.start();
  for (const text of ['hello', 'darn', 'heck']) await scene.send(text);
  const results = async () => {
    const page = await scene.scrape();
    return ['agreed', 'verdict', 'skipped'].map((result) =>
      page.value(`shadow_messages_total{module="shadow",shadow_of="filter",result="${result}"}`),
    );
  };
  await expect.poll(results, { timeout: 30_000 }).toEqual([2, 1, 0]);
  const page = await scene.scrape();
  expect(page.value('message_duration_seconds_count{module="filter"}')).toBe(3);
  expect(page.value('message_duration_seconds_count{module="shadow"}')).toBe(3);
  expect(page.value('shadow_messages_total{module="filter"}')).toBeUndefined();
});
