import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { Core, makeConfig } from 'mesibo-modules';
import { GatewayClient } from 'mesibo-modules/client';
import { expect, it } from 'vitest';
import { fixtureModule, makeTempDir, sample } from '../core.js';
import { get, MetricsScene, type Scraped } from './scene.js';

const filter = { name: 'filter', path: sample('filter'), config: { blocked_words: 'darn' } };
const crashy = { name: 'crashy', path: sample('crashy'), quarantine: null };

it('verdicts, crashes, restarts, states and processes are shown by module', async () => {
  const slow = fixtureModule('slow', { deadlineMs: 300, hangMs: null, onFailure: 'consume' });
  const scene = new MetricsScene([filter, crashy, slow]);
  await scene.core.start();
  expect(await scene.send('0')).toBe('filter pass, crashy pass, slow pass');
  expect(await scene.send('darn')).toBe('filter consumed');
  expect(await scene.send('crash')).toBe('filter pass, crashy crash, slow pass');
  await scene.is('crashy', 'serving');
  await scene.core.stopModule('crashy');
  expect(await scene.send('0')).toBe('filter pass, crashy down, slow pass');
  const overdue = scene.send('5000');
  expect(await overdue).toBe('filter pass, crashy down, slow deadline');

  const page = await scene.scrape();
  const messages = (module: string, verdict: string, reason: string) =>
    page.value(`messages_total{module="${module}",verdict="${verdict}",default_reason="${reason}"}`);
  expect(messages('filter', 'pass', 'none')).toBe(4);
  expect(messages('filter', 'consumed', 'none')).toBe(1);
  expect(messages('crashy', 'pass', 'none')).toBe(1);
  expect(messages('crashy', 'pass', 'crash')).toBe(1);
  expect(messages('crashy', 'pass', 'down')).toBe(2);
  expect(messages('crashy', 'consumed', 'down')).toBeUndefined();
  expect(messages('slow', 'consumed', 'deadline')).toBe(1);
  expect(page.value('message_duration_seconds_count{module="filter"}')).toBe(5);
  expect(page.value('message_duration_seconds_bucket{module="filter",le="+Inf"}')).toBe(5);
  expect(page.value('message_duration_seconds_count{module="crashy"}')).toBe(1);
  expect(page.value('crashes_total{module="crashy",cause="crash"}')).toBe(1);
  expect(page.value('crashes_total{module="filter",cause="crash"}')).toBe(0);
  expect(page.value('restarts_total{module="crashy"}')).toBe(1);
  expect(page.value('generation{module="crashy"}')).toBe(2);
  expect(page.value('state{module="crashy",state="stopped"}')).toBe(1);
  expect(page.value('state{module="filter",state="serving"}')).toBe(1);
  expect(page.value('wanted{module="crashy"}')).toBe(0);
  expect(page.value('hosts{module="crashy"}')).toBe(0);
  expect(page.value('host_resident_memory_bytes{module="crashy"}')).toBe(0);
  // It is still at work on the message.
  expect(page.value('calls_in_flight{module="slow"}')).toBe(1);
  expect(page.value('host_resident_memory_bytes{module="slow"}')).toBeGreaterThan(10e6);
  expect(page.value('host_cpu_seconds_total{module="slow"}')).toBeGreaterThan(0);
  expect(page.value('host_cpu_seconds_total{module="crashy"}')).toBeGreaterThan(0);
  expect(page.value('deadline_seconds{module="slow"}')).toBe(0.3);
  expect(page.value('core_resident_memory_bytes')).toBeGreaterThan(10e6);
  expect(page.value('core_event_loop_lag_seconds_count')).toBeGreaterThan(0);
  expect(page.value('core_problems')).toBe(0);

  const { modules } = scene.core.status();
  const used = modules.flatMap(({ name, hosts }) => hosts.map((host) => ({ name, ...host })));
  expect(used.map(({ name }) => name)).toEqual(['filter', 'slow']);
  for (const { memoryBytes, cpuSeconds } of used) {
    expect(memoryBytes).toBeGreaterThan(10e6);
    expect(cpuSeconds).toBeGreaterThan(0);
  }
  expect(modules.find(({ name }) => name === 'crashy')?.messages.defaultByReason).toMatchObject({ crash: 1, down: 2 });
});

it('sends are shown by their result, and servers by their names', async () => {
  const scene = new MetricsScene([fixtureModule('sends-many')]);
  await scene.core.start();
  await scene.send('3');
  const before = await scene.scrape();
  expect(before.value('sent_messages_total{module="sends_many"}')).toBe(3);
  expect(before.value('sends_waiting{module="sends_many"}')).toBe(3);
  expect(before.value('core_sends_waiting')).toBe(3);
  expect(before.value('clients{server="xmpp"}')).toBeUndefined();

  const { gateway } = scene.core.status().core;
  let taken = 0;
  let allTaken: () => void = () => undefined;
  const isTaken = new Promise<void>((resolve) => {
    allTaken = resolve;
  });
  const client = new GatewayClient({
    server: 'xmpp',
    path: gateway as string,
    onSend: () => {
      taken += 1;
      if (taken === 3) allTaken();
      if (taken === 3) throw new Error('nobody is there');
    },
  });
  await isTaken;
  const read = (page: Scraped, fate: string) => page.value(`sends_total{module="sends_many",fate="${fate}"}`);
  let page = await scene.scrape();
  // What the server has taken is on its way here.
  for (let tries = 0; tries < 1_000 && page.value('core_sends_waiting') !== 0; tries++) page = await scene.scrape();
  expect(['delivered', 'refused', 'expired', 'consumed', 'undelivered'].map((fate) => read(page, fate))).toEqual([
    2, 1, 0, 0, 0,
  ]);
  expect(page.value('core_sends_total{fate="delivered"}')).toBe(2);
  expect(page.value('sends_waiting{module="sends_many"}')).toBe(0);
  expect(page.value('clients{server="xmpp"}')).toBe(1);
  expect(page.value('client_takes_sends{server="xmpp"}')).toBe(1);
  await client.close();
});

it('no counter goes backwards, whatever an operator does', async () => {
  const scene = new MetricsScene([crashy, filter]);
  await scene.core.start();
  const highest = new Map<string, number>();
  const look = async (what: string) => {
    const page = await scene.scrape();
    const lower = page.counters().filter(([series, value]) => value < (highest.get(series) ?? 0));
    expect([what, lower]).toEqual([what, []]);
    for (const [series, value] of page.counters()) highest.set(series, value);
    return page;
  };
  const work = async () => {
    for (const text of ['a', 'darn', 'crash']) await scene.send(text);
    await scene.until(() =>
      scene.core.status().modules.every(({ state, desired }) => state === 'serving' || desired === 'down'),
    );
  };
  await work();
  await look('at first');
  await scene.core.resetModule('crashy');
  await scene.core.resetModule('filter');
  expect(scene.core.describeModule('crashy')).toMatchObject({
    messages: { total: 0 },
    crashes: { total: 0 },
    restarts: 0,
  });
  await look('reset');
  await work();
  await scene.core.reload(scene.config([{ ...crashy, onFailure: 'consume', deadlineMs: 19_000 }, filter]));
  await look('a reload of settings');
  await work();
  await scene.core.reload(scene.config([crashy, filter]), { modules: ['filter'] });
  await look('another process');
  await work();
  await scene.core.reload(scene.config([filter]));
  const without = await look('a module that is removed');
  expect(without.value('wanted{module="crashy"}')).toBeUndefined();
  await work();
  await scene.core.reload(scene.config([filter, crashy]));
  const back = await look('a module that is added again');
  expect(back.value('crashes_total{module="crashy",cause="crash"}')).toBe(
    highest.get('mesibo_modules_crashes_total{module="crashy",cause="crash"}'),
  );
  expect(back.value('crashes_total{module="crashy",cause="crash"}')).toBeGreaterThan(2);
  expect(scene.core.describeModule('crashy')).toMatchObject({ messages: { total: 0 }, crashes: { total: 0 } });
  await work();
  await scene.core.stopModule('crashy');
  await look('stop');
  await scene.core.startModule('crashy');
  await scene.core.restartModule('crashy');
  await look('start and restart');
  await expect(scene.core.reload(scene.config([{ ...crashy, path: '/none.so' }, filter]))).rejects.toThrow();
  await look('a reload that fails');
});

it('a scrape gets a whole page even while another page is written', async () => {
  const scene = new MetricsScene([filter]);
  await scene.core.start();
  const pages = await Promise.all(Array.from({ length: 50 }, () => scene.scrape()));
  for (const page of pages) expect(page.values.size).toBeGreaterThan(60);
});

it('scrapes are answered while a core starts and stops, and each answer is whole', async () => {
  const late = fixtureModule('init-hangs', { startTimeoutMs: 10_000 });
  const slow = fixtureModule('slow', { hangMs: null });
  const scene = new MetricsScene([filter, slow, late]);
  const started = scene.core.start();
  // The core listens before its modules are ready.
  await scene.listens();
  const starting = await scene.scrape();
  expect(starting.value('state{module="init_hangs",state="starting"}')).toBe(1);
  expect(starting.value('wanted{module="init_hangs"}')).toBe(1);
  await started;
  const { address } = scene;
  const running = scene.send('1000');
  const stopped = scene.core.stop();
  const scraping: Promise<Scraped>[] = [];
  for (let i = 0; i < 20; i++) scraping.push(scene.scrape(address));
  for (const result of await Promise.allSettled(scraping)) {
    if (result.status === 'fulfilled') expect(result.value.values.size).toBeGreaterThan(60);
    // Nobody listens any more, or the core says that it stops.
    else expect(String(result.reason)).toMatch(/ECONNREFUSED|ECONNRESET|hang up|status 503/);
  }
  await running;
  await stopped;
});

it('without the token nobody gets figures', async () => {
  const scene = new MetricsScene([]);
  await scene.core.start();
  for (const headers of [{}, { authorization: 'Bearer nonsense' }] as Record<string, string>[]) {
    const { status, body } = await get(`http://${scene.address}/metrics`, headers);
    expect(status).toBe(401);
    expect(body).not.toContain('mesibo_modules_');
  }
});

it('a core loads nothing for metrics before somebody may ask', () => {
  const places = makeTempDir();
  const program = `
import { createRequire } from 'node:module';
import { Core, makeConfig } from 'mesibo-modules';
const { cache } = createRequire(import.meta.url);
const isLoaded = () => Object.keys(cache).some((file) => file.includes('/prom-client/'));
const core = new Core(makeConfig({}), { runDir: '${places}/run', stateDir: '${places}/state' });
await core.start();
const before = isLoaded();
await core.metrics();
console.log(before, isLoaded());
await core.stop();`;
  const args = ['--input-type=module', '-e', program];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  expect([stdout, stderr]).toEqual(['false true\n', '']);
});

it('a program that embeds a core asks for the page itself', async () => {
  const directory = makeTempDir();
  const places = { runDir: join(directory, 'run'), stateDir: join(directory, 'state') };
  const core = new Core(makeConfig({ modules: [], gateway: 'off' }), places);
  await expect(core.metrics()).rejects.toThrow('metrics: the core is new, and must be running');
  await core.start();
  const { contentType, text } = await core.metrics();
  expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
  expect(text).toContain('mesibo_modules_core_info{version="');
  // Nothing that modules send is kept there.
  expect(text).not.toMatch(/^mesibo_modules_core_sends_waiting /m);
  await core.stop();
});
