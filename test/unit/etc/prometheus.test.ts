import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { CATALOGUE, PREFIX } from '../../../src/metrics/catalogue.js';
import { PACKAGE_ROOT } from '../../../src/paths.js';
import { ALERT_CASES } from '../../helpers/alert-cases.js';
import { makeTempDir } from '../../helpers/temp-dir.js';

const RULES = join(PACKAGE_ROOT, 'etc/prometheus/mesibo-modules.rules.yml');
const DASHBOARD = join(PACKAGE_ROOT, 'etc/grafana/mesibo-modules.json');
const alerts = [...readFileSync(RULES, 'utf8').matchAll(/- alert: (\w+)/g)].map(([, name]) => name);

const promtool = (...args: string[]) => {
  const { stdout, stderr, status } = spawnSync('promtool', args, { encoding: 'utf8' });
  return { said: stdout + stderr, status };
};
const hasPromtool = spawnSync('promtool', ['--version']).error === undefined;

/** What a text asks of this core, by the names of series. */
function seriesIn(text: string): string[] {
  return [...new Set(text.match(new RegExp(`\\b${PREFIX}\\w+`, 'g')))];
}

const known = CATALOGUE.flatMap(({ name, type }) =>
  (type === 'histogram' ? ['_bucket', '_sum', '_count'] : ['']).map((suffix) => PREFIX + name + suffix),
);

interface Panel {
  title: string;
  type: string;
  description?: string;
  targets?: { expr: string; legendFormat?: string }[];
  panels?: Panel[];
}
interface Dashboard {
  panels: Panel[];
  templating: { list: { name: string; type: string; query?: string | { query: string } }[] };
}
const dashboard = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as Dashboard;
const panels = dashboard.panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
const expressions = panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));
const variables = dashboard.templating.list.map(({ name, query = '' }) => {
  return { name, query: typeof query === 'string' ? query : query.query };
});

it('rules and dashboard ask for existing series', () => {
  const asked = { rules: readFileSync(RULES, 'utf8'), dashboard: readFileSync(DASHBOARD, 'utf8') };
  for (const text of Object.values(asked)) {
    expect(seriesIn(text).filter((name) => !known.includes(name))).toEqual([]);
    expect(seriesIn(text).length).toBeGreaterThan(10);
  }
});

it('rules and dashboard choose by labels that the series have', () => {
  const labelsOf = new Map(
    CATALOGUE.flatMap(({ name, labels }) =>
      ['', '_bucket', '_sum', '_count'].map((suffix) => [PREFIX + name + suffix, labels] as const),
    ),
  );
  const selectors = [readFileSync(RULES, 'utf8'), ...expressions].flatMap((text) => [
    ...text.matchAll(new RegExp(`(${PREFIX}\\w+)\\{([^}]*)\\}`, 'g')),
  ]);
  expect(selectors.length).toBeGreaterThan(10);
  for (const [, name = '', inner = ''] of selectors) {
    const asked = [...inner.matchAll(/(\w+)(?:=~|!=|!~|=)"/g)].map(([, label]) => label);
    expect([
      name,
      asked.filter((label) => ![...(labelsOf.get(name) ?? []), 'job', 'instance'].includes(label as string)),
    ]).toEqual([name, []]);
  }
});

it('each alert has figures that raise it', () => {
  expect(ALERT_CASES.map(({ alert }) => alert)).toEqual(alerts);
});

it.skipIf(!hasPromtool)('promtool takes the rules and the configuration', () => {
  expect(promtool('check', 'rules', RULES)).toMatchObject({
    status: 0,
    said: expect.stringContaining(`${alerts.length} rules found`),
  });
  const config = join(PACKAGE_ROOT, 'etc/prometheus/prometheus.yml');
  expect(promtool('check', 'config', '--syntax-only', config)).toMatchObject({
    status: 0,
    said: expect.stringContaining('is valid prometheus config file syntax'),
  });
});

it.skipIf(!hasPromtool)('each alert is raised by its figures, alone and not too early', () => {
  const expr = 'group by (alertname) (ALERTS{alertstate="firing"})';
  // JSON is YAML.
  const tests = ALERT_CASES.map(({ alert, series, raisedAt, quietAt }) => ({
    name: alert,
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    promql_expr_test: [
      { expr, eval_time: `${quietAt}m`, exp_samples: [] },
      { expr, eval_time: `${raisedAt}m`, exp_samples: [{ labels: `{alertname="${alert}"}`, value: 1 }] },
    ],
  }));
  const file = join(makeTempDir(), 'alerts.yml');
  writeFileSync(file, JSON.stringify({ rule_files: [RULES], evaluation_interval: '1m', tests }));
  expect(promtool('test', 'rules', file)).toMatchObject({ status: 0, said: expect.stringContaining('SUCCESS') });
});

it('the dashboard asks only with variables that it has, and each panel says what it shows', () => {
  const usable = [...variables.map(({ name }) => name), '__rate_interval', '__range'];
  for (const text of [...expressions, ...variables.map(({ query }) => query)]) {
    const used = [...text.matchAll(/\$\{?(\w+)/g)].map(([, name]) => name);
    expect(used.filter((name) => !usable.includes(name as string))).toEqual([]);
  }
  for (const { title, type, description = '', targets = [] } of panels) {
    expect(title).not.toBe('');
    if (type === 'row') continue;
    expect([title, targets.length > 0, description.length > 10]).toEqual([title, true, true]);
  }
});

it.skipIf(!hasPromtool)('promtool takes every expression of the dashboard', () => {
  const filled = expressions.map((expr) =>
    expr.replaceAll('$__rate_interval', '5m').replaceAll('$__range', '1h').replaceAll(/\$\w+/g, 'any'),
  );
  const file = join(makeTempDir(), 'expressions.yml');
  const rules = filled.map((expr, i) => ({ record: `panel:${i}`, expr }));
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }));
  expect(promtool('check', 'rules', file)).toMatchObject({
    status: 0,
    said: expect.stringContaining(`${rules.length} rules found`),
  });
});

it('the dashboard leaves shadows out where it shows default verdicts', () => {
  const asking = expressions.filter((expr) => expr.includes('default_reason!="none"'));
  expect(asking.length).toBeGreaterThan(1);
  for (const expr of asking)
    expect(expr).toContain('unless on (job, instance, module) mesibo_modules_shadow_sends_total{');
});

it('the dashboard shows everything that an operator has to see', () => {
  const shown = seriesIn(expressions.join('\n'));
  const wanted = [
    'messages_total',
    'message_duration_seconds_bucket',
    'calls_in_flight',
    'calls_queued',
    'restarts_total',
    'crashes_total',
    'sends_total',
    'sends_waiting',
    'state',
    'generation',
    'host_resident_memory_bytes',
    'host_cpu_seconds_total',
    'core_event_loop_lag_seconds_bucket',
    'replica_up',
    'replica_calls_in_flight',
    'replica_calls_queued',
    'relocated_total',
    'recycled_total',
    'on_probation',
    'taken_back_total',
    'filtered_total',
    'shadow_messages_total',
    'shadow_sends_total',
    'clients',
  ];
  expect(wanted.filter((name) => !shown.includes(PREFIX + name))).toEqual([]);
});
