/** The report of the bench: rates by section, other figures, and the targets. Pure. */

import { column, divide, type Figure, pair, type Samples, summarize } from '../figures/statistics.js';
import { computeTargets } from '../figures/targets.js';
import type { LifeRow, RateRow, Row } from '../run/rows.js';
import { formatTable, showFigure } from './table.js';

const RATE_HEADING = ['', 'messages/s', 'p50 µs', 'p99 µs', 'core µs', 'host µs', 'client µs', 'ours / it'];

/** The figure of a row under a name. */
export function figureOf(samples: Samples, row: Row, key: string): Figure | null {
  return summarize(column(samples, row.name, key));
}

/** Our rate beside that of a row: how many times as many messages, round by round. */
export function rateOfOurs(samples: Samples, row: RateRow): Figure | null {
  if (row.beside === null) return null;
  return summarize(pair(column(samples, row.beside, 'rate'), column(samples, row.name, 'rate'), divide));
}

/** All of it, line by line. */
export function formatReport(rows: readonly Row[], samples: Samples): string[] {
  const rates = rows.filter((row): row is RateRow => row.kind === 'rate');
  const lives = rows.filter((row): row is LifeRow => row.kind === 'life');
  return [...formatRates(rates, samples), ...formatLives(lives, samples), ...formatTargets(samples)];
}

function formatRates(rows: readonly RateRow[], samples: Samples): string[] {
  return [...new Set(rows.map(({ section }) => section))].flatMap((section) => {
    const lines = rows
      .filter((row) => row.section === section)
      .map((row) => [
        row.modules === 1 ? row.peer : `${row.peer}, ${row.modules} modules`,
        ...['rate', 'p50', 'p99', 'core', 'host', 'client'].map((key) => showFigure(figureOf(samples, row, key))),
        showFigure(rateOfOurs(samples, row)),
      ]);
    return ['', ...formatTable([section, ...RATE_HEADING.slice(1)], lines)];
  });
}

function formatLives(rows: readonly LifeRow[], samples: Samples): string[] {
  return rows.flatMap((row) => {
    const lines = row.figures.map(({ key, label, unit }) => [
      `  ${label}`,
      withUnit(showFigure(figureOf(samples, row, key)), unit),
    ]);
    return ['', ...formatTable([row.name, ''], lines)];
  });
}

function formatTargets(samples: Samples): string[] {
  const lines = computeTargets(samples)
    .filter(({ figure }) => figure !== null)
    .map(({ name, unit, figure }) => [name, withUnit(showFigure(figure), unit)]);
  return lines.length === 0 ? [] : ['', ...formatTable(['targets', ''], lines)];
}

function withUnit(text: string, unit: string): string {
  return text === '' || unit === '' ? text : `${text} ${unit}`;
}
