import { spawnSync } from 'node:child_process';
import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { DurationBuckets } from '../../../src/duration-buckets.js';
import { CATALOGUE, PREFIX } from '../../../src/metrics/catalogue.js';
import { Page } from '../../../src/metrics/page.js';
import { FastRegistry, type ReadMetric } from '../../../src/metrics/registry.js';
import type { Scrape } from '../../../src/metrics/types.js';
import { ModuleStats } from '../../../src/supervisor/news/module-stats.js';
import type { ModuleFigures } from '../../../src/supervisor/types.js';

function figuresOf(stats: ModuleStats, settings: Partial<ModuleFigures> = {}): ModuleFigures {
  return {
    name: 'filter',
    state: 'serving',
    desired: 'up',
    generation: 3,
    isOnProbation: false,
    onFailure: 'pass',
    deadlineMs: 1_500,
    queueLimit: 8_192,
    inFlight: 4,
    queued: 5,
    replicas: [{ replica: 0, isServing: true, inFlight: 1, queued: 2, restarts: 3 }],
    quarantined: 6,
    hosts: 1,
    memoryBytes: 60_000_000,
    cpuSeconds: 1.25,
    totals: stats.totals,
    durations: stats.durations.read(),
    shadow: null,
    ...settings,
  };
}

function scrapeOf(modules: ModuleFigures[], more: Partial<Scrape> = {}): Scrape {
  const loopLag = new DurationBuckets([1_000]).read();
  return {
    core: { version: '1.2.3', startedAtSeconds: 1_700_000_000.5, problems: 0, recoveredSends: 0 },
    process: {
      memoryBytes: 90_000_000,
      cpuSeconds: 2.5,
      heapUsedBytes: 20_000_000,
      openDescriptors: 60,
      maxDescriptors: 1_024,
      loopActiveSeconds: 0.125,
      loopLag,
    },
    modules,
    sends: null,
    servers: [],
    ...more,
  };
}

const kept: Scrape['sends'] = {
  counters: { waiting: 9, bytes: 900, unacknowledged: 1, delivered: 10, refused: 20, expired: 30, consumed: 40 },
  maxMessages: 100_000,
  maxBytes: 67_108_864,
  away: [{ server: 'xmpp', waiting: 7 }],
  ofModule: () => ({ waiting: 8, delivered: 1, refusedByServer: 2, expired: 3, consumed: 4 }),
};
const servers = [{ name: 'xmpp', connections: 2, takesSends: true, inProgress: 5, unacknowledged: 6 }];

/** What was counted of a shadow. */
const shadow = {
  of: 'filter',
  totals: {
    agreed: 1,
    otherVerdict: 2,
    otherChanges: 3,
    defaulted: { crash: 4, hang: 5, deadline: 6, quarantine: 7 },
    skipped: { overload: 8, down: 9 },
    primaryDefaulted: 10,
    others: 11,
    sends: 12,
    refusedHttp: 13,
  },
};

const write = async (scrape: Scrape) => (await new Page().write(scrape)).text;
const linesOf = (text: string, name: string) => text.split('\n').filter((line) => line.startsWith(PREFIX + name));

it('verdicts are shown by module, verdict and default reason, with every possible value from the beginning', async () => {
  const stats = new ModuleStats();
  const answer = { verdict: 'pass', default: null, params: null, payload: null } as const;
  stats.countMessage(answer, 100);
  stats.countMessage({ ...answer, verdict: 'consumed' }, 100);
  stats.countMessage({ ...answer, default: 'crash' }, 100);
  // It was set to consume before.
  stats.countMessage({ ...answer, verdict: 'consumed', default: 'deadline' }, 100);
  const labels = (verdict: string, reason: string) =>
    `{module="filter",verdict="${verdict}",default_reason="${reason}"}`;
  expect(linesOf(await write(scrapeOf([figuresOf(stats)])), 'messages_total')).toEqual([
    `mesibo_modules_messages_total${labels('pass', 'none')} 1`,
    `mesibo_modules_messages_total${labels('consumed', 'none')} 1`,
    `mesibo_modules_messages_total${labels('pass', 'crash')} 1`,
    `mesibo_modules_messages_total${labels('pass', 'hang')} 0`,
    `mesibo_modules_messages_total${labels('pass', 'deadline')} 0`,
    `mesibo_modules_messages_total${labels('pass', 'down')} 0`,
    `mesibo_modules_messages_total${labels('pass', 'overload')} 0`,
    `mesibo_modules_messages_total${labels('pass', 'quarantine')} 0`,
    `mesibo_modules_messages_total${labels('consumed', 'deadline')} 1`,
  ]);
});

it('the histogram has the module’s own verdicts alone, and its buckets add up', async () => {
  const stats = new ModuleStats();
  const answer = { verdict: 'pass', default: null, params: null, payload: null } as const;
  for (const micros of [90, 100, 900, 30_000_000]) stats.countMessage(answer, micros);
  stats.countMessage({ ...answer, default: 'down' }, 5);
  const lines = linesOf(await write(scrapeOf([figuresOf(stats)])), 'message_duration_seconds');
  const of = (line: string) => lines.find((other) => other.startsWith(PREFIX + line))?.split(' ')[1];
  expect(of('message_duration_seconds_bucket{module="filter",le="0.0001"}')).toBe('2');
  expect(of('message_duration_seconds_bucket{module="filter",le="0.0005"}')).toBe('2');
  expect(of('message_duration_seconds_bucket{module="filter",le="0.001"}')).toBe('3');
  expect(of('message_duration_seconds_bucket{module="filter",le="10"}')).toBe('3');
  expect(of('message_duration_seconds_bucket{module="filter",le="+Inf"}')).toBe('4');
  expect(of('message_duration_seconds_count{module="filter"}')).toBe('4');
  expect(of('message_duration_seconds_sum{module="filter"}')).toBe('30.00109');
});

it('sends are shown by their result, and servers by their names', async () => {
  const stats = new ModuleStats();
  stats.totals.sends.undelivered += 5;
  const text = await write(scrapeOf([figuresOf(stats)], { sends: kept, servers }));
  expect(linesOf(text, 'sends_')).toEqual([
    'mesibo_modules_sends_total{module="filter",fate="delivered"} 1',
    'mesibo_modules_sends_total{module="filter",fate="refused"} 2',
    'mesibo_modules_sends_total{module="filter",fate="expired"} 3',
    'mesibo_modules_sends_total{module="filter",fate="consumed"} 4',
    'mesibo_modules_sends_total{module="filter",fate="undelivered"} 5',
    'mesibo_modules_sends_waiting{module="filter"} 8',
    'mesibo_modules_sends_waiting_for_absent_server{server="xmpp"} 7',
  ]);
  expect(linesOf(text, 'client')).toEqual([
    'mesibo_modules_clients{server="xmpp"} 2',
    'mesibo_modules_client_takes_sends{server="xmpp"} 1',
    'mesibo_modules_client_events_in_progress{server="xmpp"} 5',
    'mesibo_modules_client_sends_unacknowledged{server="xmpp"} 6',
  ]);
});

it('what a shadow agreed on is shown by its result, and nothing of a module of the chain', async () => {
  const text = await write(scrapeOf([figuresOf(new ModuleStats(), { name: 'new', shadow })]));
  const labels = (result: string) => `{module="new",shadow_of="filter",result="${result}"}`;
  expect(linesOf(text, 'shadow_')).toEqual([
    `mesibo_modules_shadow_messages_total${labels('agreed')} 1`,
    `mesibo_modules_shadow_messages_total${labels('verdict')} 2`,
    `mesibo_modules_shadow_messages_total${labels('changes')} 3`,
    `mesibo_modules_shadow_messages_total${labels('no_verdict')} 22`,
    `mesibo_modules_shadow_messages_total${labels('skipped')} 17`,
    `mesibo_modules_shadow_messages_total${labels('no_primary_verdict')} 10`,
    'mesibo_modules_shadow_sends_total{module="new"} 12',
    'mesibo_modules_shadow_refused_http_total{module="new"} 13',
  ]);
  expect(linesOf(await write(scrapeOf([figuresOf(new ModuleStats())])), 'shadow_')).toEqual([]);
});

it('one state of a module is 1, and the others are 0', async () => {
  const text = await write(scrapeOf([figuresOf(new ModuleStats(), { state: 'failed', desired: 'down' })]));
  expect(linesOf(text, 'state').filter((line) => line.endsWith(' 1'))).toEqual([
    'mesibo_modules_state{module="filter",state="failed"} 1',
  ]);
  expect(linesOf(text, 'state')).toHaveLength(6);
  expect(linesOf(text, 'wanted')).toEqual(['mesibo_modules_wanted{module="filter"} 0']);
});

it('a core without modules, sends and servers has a page too', async () => {
  const text = await write(scrapeOf([]));
  expect(linesOf(text, 'core_info')).toEqual(['mesibo_modules_core_info{version="1.2.3"} 1']);
  expect(text).not.toContain('module=');
});

it('every value belongs to a metric of the table, and has its labels', async () => {
  const text = await write(scrapeOf([figuresOf(new ModuleStats(), { shadow })], { sends: kept, servers }));
  for (const { name, type, help, labels } of CATALOGUE) {
    expect(text).toContain(`# HELP ${PREFIX}${name} ${help}\n# TYPE ${PREFIX}${name} ${type}\n`);
    expect(help).toMatch(/^[A-Z1].{8,}[^.]$/);
    const pattern = new RegExp(`^${PREFIX}${name}(?:_bucket|_sum|_count)?(?:\\{(.*)\\})? `);
    const lines = text.split('\n').flatMap((line) => pattern.exec(line) ?? []);
    expect(lines.length).toBeGreaterThan(0);
    const written = new Set(
      text
        .split('\n')
        .flatMap((line) => [...(pattern.exec(line)?.[1] ?? '').matchAll(/(\w+)="/g)].map(([, label]) => label)),
    );
    expect([...written].sort()).toEqual([...labels].sort());
  }
});

it('a page equals the one that prom-client writes itself', async () => {
  const { getMetricsAsString } = Registry.prototype as unknown as Record<
    string,
    (metric: ReadMetric) => Promise<string>
  >;
  if (getMetricsAsString === undefined) throw new Error('prom-client has another registry');
  const fast = new FastRegistry();
  const stats = new ModuleStats();
  stats.durations.record(12_345);
  const scrape = scrapeOf(
    [figuresOf(stats), figuresOf(stats, { name: 'a"b\\c\nd', cpuSeconds: 1e-7, queueLimit: 1e21 })],
    { sends: kept, servers },
  );
  for (const { name, type, help, read } of CATALOGUE) {
    const head = { name, type, help: `${help} \\ and \n more`, aggregator: 'sum' };
    const metric: ReadMetric = { ...head, get: async () => ({ ...head, values: read(scrape) }) };
    expect(await fast.getMetricsAsString(metric)).toBe(await getMetricsAsString.call(new Registry(), metric));
  }
});

const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;

it.skipIf(!hasPromtool)('promtool has nothing to say against names, types and help', async () => {
  const input = await write(scrapeOf([figuresOf(new ModuleStats())], { sends: kept, servers }));
  const { stdout, stderr, status } = spawnSync('promtool', ['check', 'metrics'], { encoding: 'utf8', input });
  expect([status, stdout, stderr]).toEqual([0, '', '']);
});

it('a page is written in pieces, and other work goes on in between', async () => {
  const stats = new ModuleStats();
  const modules = Array.from({ length: 900 }, (_, i) => figuresOf(stats, { name: `module_${i}` }));
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns += 1;
    if (!isOver) setImmediate(count);
  };
  setImmediate(count);
  const text = await write(scrapeOf(modules));
  isOver = true;
  expect(text).toContain('module_899');
  expect(turns).toBeGreaterThan(5);
});

it('has values of each replica of a module that has several', async () => {
  const replica = { isServing: true, inFlight: 3, queued: 4, restarts: 5 };
  const replicas = [
    { replica: 0, ...replica },
    { replica: 1, ...replica, isServing: false },
  ];
  const text = await write(
    scrapeOf([
      figuresOf(new ModuleStats(), { replicas: [] }),
      figuresOf(new ModuleStats(), { name: 'many', replicas }),
    ]),
  );
  expect(linesOf(text, 'replica_up')).toEqual([
    'mesibo_modules_replica_up{module="many",replica="0"} 1',
    'mesibo_modules_replica_up{module="many",replica="1"} 0',
  ]);
  expect(linesOf(text, 'replica_restarts_total')).toEqual([
    'mesibo_modules_replica_restarts_total{module="many",replica="0"} 5',
    'mesibo_modules_replica_restarts_total{module="many",replica="1"} 5',
  ]);
  // Where there is one replica, nothing can go to another one.
  expect(linesOf(text, 'relocated_total')).toEqual(['mesibo_modules_relocated_total{module="many"} 0']);
  expect(linesOf(text, 'replica_calls_in_flight')[0]).toBe(
    'mesibo_modules_replica_calls_in_flight{module="many",replica="0"} 3',
  );
  expect(linesOf(text, 'replica_calls_queued')[1]).toBe(
    'mesibo_modules_replica_calls_queued{module="many",replica="1"} 4',
  );
});
