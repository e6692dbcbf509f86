import { describe, expect, it } from 'vitest';
import { countColumns } from '../../../../cli/text/columns.js';
import {
  formatAgo,
  formatBytes,
  formatCount,
  formatCpu,
  formatMicros,
  formatSeconds,
} from '../../../../cli/text/format.js';
import { cut } from '../../../../cli/text/table.js';

describe('quantities', () => {
  it.each([
    [0, '0s'],
    [0.4, '0s'],
    [59, '59s'],
    [60, '1m'],
    [63, '1m 3s'],
    [3723, '1h 2m'],
    [86_400, '1d'],
    [100_000, '1d 3h'],
  ])('%d seconds: %s', (seconds, text) => {
    expect(formatSeconds(seconds)).toBe(text);
  });

  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1_000, '1.0 kB'],
    [9_960, '10 kB'],
    [61_500_000, '62 MB'],
    [999_600_000, '1.0 GB'],
    [2_500_000_000, '2.5 GB'],
    [3e12, '3.0 TB'],
    [null, '-'],
  ])('%d bytes: %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });

  it.each([
    [0, '0.00s'],
    [0.37, '0.37s'],
    [12.34, '12.3s'],
    [75.2, '1m 15s'],
    [null, '-'],
  ])('%d seconds of CPU time: %s', (seconds, text) => {
    expect(formatCpu(seconds)).toBe(text);
  });

  it.each([
    [0, '0'],
    [99_999, '99999'],
    [100_000, '100k'],
    [999_999, '999k'],
    [1_000_000, '1.0M'],
    [4_567_890, '4.5M'],
    [12_345_678_901, '12G'],
    [9e15, '>999T'],
  ])('a count of %d: %s', (count, text) => {
    expect(formatCount(count)).toBe(text);
  });

  it.each([
    [null, '-'],
    [0, '0us'],
    [999, '999us'],
    [1234, '1.2ms'],
    [35_400, '35ms'],
    [2_500_000, '2.5s'],
  ])('%s microseconds: %s', (micros, text) => {
    expect(formatMicros(micros)).toBe(text);
  });

  it('a time in the past, or nearly', () => {
    const iso = '2025-01-01T00:00:00.000Z';
    expect([formatAgo(iso, Date.parse(iso) + 65_000), formatAgo(iso, 0), formatAgo(null, 0)]).toEqual([
      '1m 5s ago',
      '0s ago',
      '',
    ]);
  });
});

describe('texts', () => {
  it('are counted as a terminal shows them', () => {
    expect([
      countColumns('abc'),
      countColumns('\u4f60\u597d'),
      countColumns('e\u0301'),
      countColumns('\u{1f600}'),
    ]).toEqual([3, 4, 1, 2]);
  });

  it('are cut to a width', () => {
    expect([cut('abcdef', 6), cut('abcdefg', 6), cut('\u4f60\u597d\u4f60\u597d', 6)]).toEqual([
      'abcdef',
      'abc...',
      '\u4f60...',
    ]);
  });
});
