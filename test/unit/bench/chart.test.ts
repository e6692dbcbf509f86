import { expect, it } from 'vitest';
import type { Samples } from '../../../bench/speed/figures/statistics.js';
import { drawChart } from '../../../bench/speed/output/chart.js';
import { ROWS } from '../../../bench/speed/run/rows.js';

const SAMPLES: Samples = new Map([
  ['ours, 1 in flight', [{ rate: 50 }, { rate: 100 }, { rate: 75 }]],
  ['zeromq.js, 1 in flight', [{ rate: 25 }, null, null]],
  ['C call, 1 in flight', [{ rate: 9_000_000 }]],
  ['ours, 64 in flight', [null]],
  ['ours, 64 in flight, 3 modules', [{ rate: 1 }]],
]);

const svg = drawChart(ROWS, SAMPLES, 'a < b & c');
const texts = [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);
const widths = [...svg.matchAll(/<rect x="190" y="\d+" width="([\d.]+)"/g)].map(([, width]) => Number(width));

it('has a panel for each section with a figure, and a bar for each row', () => {
  expect(texts).toEqual([
    'Messages a second: the longer, the better',
    'a &lt; b &amp; c',
    '1 in flight',
    'ours',
    '75.0 (50.0-100)',
    'zeromq.js',
    '25.0',
    'chains, 64 in flight',
    'ours, 3 modules',
    '1.00',
  ]);
});

it('draws to a scale that each panel has for itself', () => {
  const [ours = 0, zeromq = 0, chain = 0] = widths;
  expect(widths).toHaveLength(3);
  expect(ours / zeromq).toBeCloseTo(3, 1);
  // The most of its rounds is the length of the scale.
  expect(chain / ours).toBeCloseTo(100 / 75, 1);
});

it('is as high as what it shows, and well formed', () => {
  const height = Number(/ height="(\d+)"/.exec(svg)?.[1]);
  const lowest = Math.max(...[...svg.matchAll(/ y="([\d.]+)"/g)].map(([, y]) => Number(y)));
  expect(height).toBeGreaterThan(lowest);
  expect(svg).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
  const open: string[] = [];
  for (const [, slash, name = '', own] of svg.matchAll(/<(\/?)(\w+)[^>]*?(\/?)>/g)) {
    if (slash) expect(open.pop()).toBe(name);
    else if (!own) open.push(name);
  }
  expect(open).toEqual([]);
});
