import { expect, it } from 'vitest';
import { sample } from '../core.js';
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
