import { expect, it } from 'vitest';
import type { Sample, Samples } from '../../../bench/speed/figures/statistics.js';
import { computeTargets } from '../../../bench/speed/figures/targets.js';
import { toJson } from '../../../bench/speed/output/json.js';
import { formatReport } from '../../../bench/speed/output/report.js';
import { formatTable, showFigure, showNumber } from '../../../bench/speed/output/table.js';
import { ROWS, selectRows } from '../../../bench/speed/run/rows.js';

const OURS = 'ours, 64 in flight';
const CHAIN = 'ours, 64 in flight, 10 modules';
const ZEROMQ = 'zeromq.js, 64 in flight';
const CRASH = 'crash';

const rate = (value: number, more: Sample = {}): Sample => ({ rate: value, p50: 100, p99: 500, core: 5, ...more });
const SAMPLES: Samples = new Map([
  [OURS, [rate(2000, { host: 2 }), rate(3000, { host: 3 }), null]],
  [CHAIN, [rate(400, { core: 32 }), rate(500, { core: 50 }), rate(1, { core: 9 })]],
  [ZEROMQ, [rate(1000), rate(2000), rate(7)]],
  [
    CRASH,
    [
      { toDefault: 4, toVerdict: 90 },
      { toDefault: 5, toVerdict: 110 },
      { toDefault: 6, toVerdict: 100 },
    ],
  ],
]);
const rows = ROWS.filter(({ name }) => SAMPLES.has(name));

it.each([
  [0, '0'],
  [0.01234, '0.0123'],
  [0.5, '0.500'],
  [1.239, '1.24'],
  [23.456, '23.5'],
  [999.6, '1,000'],
  [1234567.8, '1,234,568'],
  [-1.5, '-1.50'],
])('%d is shown as %s', (value, text) => {
  expect(showNumber(value)).toBe(text);
});

it('a range is shown when there is more than one round', () => {
  expect(showFigure({ median: 2, least: 1, most: 3, rounds: 2 })).toBe('2.00 (1.00-3.00)');
  expect(showFigure({ median: 2, least: 2, most: 2, rounds: 1 })).toBe('2.00');
  expect(showFigure(null)).toBe('');
});

it('a table is aligned, and leaves out columns that no row has', () => {
  expect(
    formatTable(
      ['name', 'a', 'b'],
      [
        ['first', '1', ''],
        ['second', '100', ''],
      ],
    ),
  ).toEqual(['name      a', 'first     1', 'second  100']);
});

it('reports rates beside ours, other quantities, and the targets', () => {
  expect(formatReport(rows, SAMPLES)).toEqual([
    '',
    '64 in flight           messages/s         p50 µs         p99 µs           core µs           host µs         ours / it',
    'ours          2,500 (2,000-3,000)  100 (100-100)  500 (500-500)  5.00 (5.00-5.00)  2.50 (2.00-3.00)',
    'zeromq.js      1,000 (7.00-2,000)  100 (100-100)  500 (500-500)  5.00 (5.00-5.00)                    1.75 (1.50-2.00)',
    '',
    'chains, 64 in flight      messages/s         p50 µs         p99 µs           core µs         ours / it',
    'ours, 10 modules      400 (1.00-500)  100 (100-100)  500 (500-500)  32.0 (9.00-50.0)  5.50 (5.00-6.00)',
    '',
    'crash',
    '  from the call that crashes to its default verdict  5.00 (4.00-6.00) ms',
    '  from there to the next true verdict                  100 (90.0-110) ms',
    '  the same for a module with debug information',
    '  with debug information / without',
    '',
    'targets',
    '64 in flight, rate / zeromq.js                                    1.75 (1.50-2.00)',
    '64 in flight, CPU of the core, a message                       5.00 (5.00-5.00) µs',
    '64 in flight, CPU of the host, a message                       2.50 (2.00-3.00) µs',
    '64 in flight, p99 / p50                                           5.00 (5.00-5.00)',
    '64 in flight, CPU of the core, each further module of a chain  4.00 (3.00-5.00) µs',
    'from a crash to the next true verdict                            100 (90.0-110) ms',
  ]);
});

it('every target is computed from rows that --quick runs', () => {
  const quick = selectRows({ pattern: /(?:)/, quick: true, oursOnly: false });
  const sample = Object.fromEntries(
    ['rate', 'p50', 'p99', 'core', 'host', 'bytes', 'toVerdict', 'ratio', 'corePercent'].map((key) => [key, 1]),
  );
  const targets = computeTargets(new Map(quick.map(({ name }) => [name, [sample]])));
  expect(targets).toHaveLength(20);
  expect(targets.filter(({ figure }) => figure === null)).toEqual([]);
});

it('writes every sample as JSON', () => {
  const machine = { processor: 'P', processors: 2, kernel: '6', node: 'v20', load: 0 };
  const text = toJson({ date: '2026-11-29T00:00:00Z', machine, rounds: 3, quick: false }, rows, SAMPLES);
  const { rows: told, targets, ...run } = JSON.parse(text);
  expect(run).toEqual({ date: '2026-11-29T00:00:00Z', machine, rounds: 3, quick: false });
  expect(told).toEqual(Object.fromEntries(SAMPLES));
  expect(targets[0]).toEqual({
    name: '64 in flight, rate / zeromq.js',
    unit: '',
    figure: { median: 1.75, least: 1.5, most: 2, rounds: 2 },
  });
});
