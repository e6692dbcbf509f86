/** Numbers and tables as text. Pure. */

import type { Figure } from '../figures/statistics.js';

/** With three digits that count; a number of four or more digits is whole. */
export function showNumber(value: number): string {
  const size = Math.abs(value);
  if (size >= 100) return Math.round(value).toLocaleString('en-US');
  const digits = size >= 10 ? 1 : size >= 1 ? 2 : size >= 0.1 ? 3 : 4;
  return value === 0 ? '0' : value.toFixed(digits);
}

/** The median, and the range when there is more than one round; nothing when there is no figure. */
export function showFigure(figure: Figure | null): string {
  if (figure === null) return '';
  const { median, least, most, rounds } = figure;
  return rounds === 1 ? showNumber(median) : `${showNumber(median)} (${showNumber(least)}-${showNumber(most)})`;
}

/** Lines with aligned columns: the first to the left, the others to the right; an empty one of those is left out. */
export function formatTable(heading: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const kept = heading.flatMap((_, at) => (at === 0 || rows.some((row) => row[at]) ? [at] : []));
  const all = [heading, ...rows];
  const widths = kept.map((at) => Math.max(...all.map((row) => (row[at] ?? '').length)));
  return all.map((row) =>
    kept
      .map((at, i) => (at === 0 ? (row[at] ?? '').padEnd(widths[i] ?? 0) : (row[at] ?? '').padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}
