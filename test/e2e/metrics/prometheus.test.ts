import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { fixtureModule, sample } from '../core.js';
import { hasPrometheus, Prometheus } from './prometheus.js';
import { MetricsScene } from './scene.js';

const filter = { name: 'filter', path: sample('filter'), config: { blocked_words: 'darn' } };
/** The second crash is one too many. */
const crashy = {
  name: 'crashy',
  path: sample('crashy'),
  quarantine: null,
  maxCrashes: { count: 1, periodMs: 3_600_000 },
};

it.skipIf(!hasPrometheus)(
  'a real Prometheus reads a core; an alert is raised when a module fails, and ends when it is back',
  { timeout: 300_000 },
  async () => {
    const scene = new MetricsScene([filter, crashy]);
    await scene.core.start();
    const prometheus = await Prometheus.start(scene.address, scene.tokenFile);

    await prometheus.until(async () => (await prometheus.query('up', 'job'))['mesibo-modules'] === 1);
    await prometheus.until(async () => {
      const serving = await prometheus.query('mesibo_modules_state{state="serving"}', 'module');
      return serving.filter === 1 && serving.crashy === 1;
    });
    const ofModules = async () => (await prometheus.firing()).filter((name) => name.includes(' '));
    expect(await ofModules()).toEqual([]);
    const count = 'sum by (module) (mesibo_modules_message_duration_seconds_count)';
    for (let i = 0; i < 10; i++) expect(await scene.send('hello')).toBe('filter pass, crashy pass');
    await prometheus.until(async () => (await prometheus.query(count, 'module')).filter === 10);
    const page = await scene.scrape();
    const stored = 'count({job="mesibo-modules",__name__=~"mesibo_modules_.*"})';
    // Nothing of the page was refused.
    await prometheus.until(async () => (await prometheus.query(stored, 'job'))[''] === page.values.size);

    expect(await scene.send('crash')).toBe('filter pass, crashy crash');
    await scene.is('crashy', 'serving');
    expect(await scene.send('crash')).toBe('filter pass, crashy crash');
    await scene.is('crashy', 'failed');
    await prometheus.until(async () => {
      const firing = await prometheus.firing();
      return firing.includes('MesiboModuleFailed crashy') && firing.includes('MesiboModuleDown crashy');
    });
    const firing = await prometheus.alerts();
    expect(firing.filter(({ labels }) => labels.module === 'filter')).toEqual([]);
    const alert = firing.find(({ labels }) => labels.alertname === 'MesiboModuleFailed');
    expect(alert?.labels).toMatchObject({ severity: 'critical', instance: scene.address });
    expect(alert?.annotations).toEqual({
      summary: 'Module crashy was given up',
      description:
        'Messages get its default verdict. To see why: mesibo-modules logs crashy. Once it is fixed: mesibo-modules reset crashy',
    });

    await scene.core.resetModule('crashy');
    await scene.is('crashy', 'serving');
    await prometheus.until(async () => !(await prometheus.firing()).some((name) => name.endsWith(' crashy')));

    const { address } = scene;
    await scene.core.stop();
    await prometheus.until(async () => (await prometheus.firing()).includes('MesiboCoreDown'));
    const down = (await prometheus.alerts()).find(({ labels }) => labels.alertname === 'MesiboCoreDown');
    expect(down?.annotations.summary).toBe(`The core at ${address} does not answer`);
  },
);

interface Panel {
  title: string;
  targets?: { expr: string }[];
}

/** Every expression of the dashboard, as Grafana fills it in. */
function dashboard(): { title: string; expr: string }[] {
  const file = new URL('../../../etc/grafana/mesibo-modules.json', import.meta.url);
  const { panels } = JSON.parse(readFileSync(file, 'utf8')) as { panels: Panel[] };
  const values: Record<string, string> = { $job: 'mesibo-modules', $instance: '.*', $module: '.*', $__range: '1h' };
  const fill = (expr: string) => expr.replaceAll(/\$\w+/g, (name) => values[name] ?? '5s');
  return panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr: fill(expr) })));
}

it.skipIf(!hasPrometheus)(
  'each panel of the dashboard has data, unless nothing of its kind has happened',
  { timeout: 300_000 },
  async () => {
    const sequence = fixtureModule('sequence', { replicas: 2 });
    const shadow = { ...filter, name: 'shadow', shadowOf: 'filter', config: { blocked_words: 'darn, heck' } };
    const scene = new MetricsScene([{ ...filter, match: { from: ['alice'] } }, sequence, shadow]);
    await scene.core.start();
    const prometheus = await Prometheus.start(scene.address, scene.tokenFile);
    let isOver = false;
    const send = async () => {
      while (!isOver) for (const text of ['hello', 'heck']) await scene.send(text);
    };
    const sending = send();
    const empty = async () => {
      const titles: string[] = [];
      for (const { title, expr } of dashboard()) {
        if (Object.keys(await prometheus.query(expr, 'module')).length === 0) titles.push(title);
      }
      return [...new Set(titles)];
    };
    // No message was left out, no process has died, and no server is connected.
    const quiet = [
      'Default verdicts by reason',
      'Crashes by cause',
      'Output that was not kept',
      'Restarts of replicas',
      'Recycled processes',
      'Left out by filters',
      'Not compared',
      'Waiting for a server that is away',
      'Connections',
      'Events in progress',
      'To acknowledge',
    ];
    await expect.poll(empty, { timeout: 120_000, interval: 500 }).toEqual(quiet);
    const latency = dashboard().filter(({ title }) => title === 'Latency of shadow and primary');
    const shown = await Promise.all(latency.map(({ expr }) => prometheus.query(expr, 'module')));
    expect(shown.map((values) => Object.keys(values))).toEqual([['filter'], ['filter'], ['shadow'], ['shadow']]);
    const disagreements = dashboard().find(({ title }) => title === 'Disagreements of shadows')?.expr as string;
    expect((await prometheus.query(disagreements, 'result')).verdict).toBeGreaterThan(0);
    isOver = true;
    await sending;
  },
);
