import { monitorEventLoopDelay } from 'node:perf_hooks';
import { expect, it } from 'vitest';
import { sample } from '../core.js';
import { MetricsScene } from './scene.js';

const MODULES = 100;
const SCRAPES = 20;

it('a scrape of 100 modules has them all, is bounded, and holds up nothing for long', {
  timeout: 600_000,
}, async () => {
  const modules = Array.from({ length: MODULES }, (_, i) => {
    return { name: `filter_${i}`, path: sample('filter'), config: { blocked_words: 'darn' }, startTimeoutMs: 300_000 };
  });
  const scene = new MetricsScene(modules);
  const started = scene.core.start();
  await scene.listens();
  const starting = await scene.scrape();
  expect([...starting.values.keys()].filter((series) => series.includes('state="starting"'))).toHaveLength(MODULES);
  await started;
  expect(await scene.send('hello')).toContain('filter_99 pass');

  const page = await scene.scrape();
  const delay = monitorEventLoopDelay({ resolution: 1 });
  const before = process.cpuUsage();
  delay.enable();
  for (let i = 0; i < SCRAPES; i++) await scene.core.metrics();
  delay.disable();
  const { user, system } = process.cpuUsage(before);

  for (let i = 0; i < MODULES; i++) {
    expect(page.value(`state{module="filter_${i}",state="serving"}`)).toBe(1);
    expect(page.value(`host_resident_memory_bytes{module="filter_${i}"}`)).toBeGreaterThan(10e6);
    expect(page.value(`message_duration_seconds_count{module="filter_${i}"}`)).toBe(1);
  }
  const ofOne = [...page.values.keys()].filter((series) => series.includes('module="filter_7"'));
  expect(ofOne.length).toBeLessThan(70);
  expect(page.values.size - MODULES * ofOne.length).toBeLessThan(70);
  // These figures include the core's other work. The bound is ten times what it takes on a busy machine.
  const cpuMs = (user + system) / 1_000 / SCRAPES;
  const longestMs = delay.max / 1e6;
  console.log(
    `a scrape of ${MODULES} modules: ${cpuMs.toFixed(1)} ms of CPU; longest hold-up ${longestMs.toFixed(1)} ms`,
  );
  expect(cpuMs).toBeLessThan(1_000);
  expect(longestMs).toBeLessThan(1_000);
});
