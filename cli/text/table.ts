/** Tables for a terminal: pure. */

import { countColumns } from './columns.js';
import { type Style, styled } from './style.js';
import { wrap } from './wrap.js';

/** One column. */
export interface Column<T> {
  heading: string;
  cell: (row: T) => string;
  /** Numbers stand right. */
  align?: 'right';
  /** A longer text is cut. */
  most?: number;
  /** When the width is not enough, `cut` shortens its texts, never below `least` columns. The last such column is cut first. */
  shrink?: { least: number; cut: (text: string, most: number) => string };
  style?: (row: T) => Style | null;
  /** Left out when the width is not enough, the highest number first. A column without it always stays. */
  dispensable?: number;
}

const GAP = 2;

/**
 * Lays out rows below their headings. The table is wider than `width` only when no more can be left out or cut. A last line says
 * which columns were left out.
 */
export function renderTable<T>(
  columns: readonly Column<T>[],
  rows: readonly T[],
  width: number,
  colour: boolean,
): string[] {
  let kept = columns.map((column) => ({ ...column, texts: rows.map((row) => cut(column.cell(row), column.most)) }));
  const widthOf = ({ heading, texts }: (typeof kept)[number]) => Math.max(heading.length, ...texts.map(countColumns));
  const excess = () => kept.reduce((sum, column) => sum + widthOf(column) + GAP, -GAP) - width;
  while (excess() > 0) {
    const least = Math.max(...kept.map(({ dispensable }) => dispensable ?? 0));
    if (least === 0) break;
    kept = kept.filter(({ dispensable }) => dispensable !== least);
  }
  const leftOut = columns.filter(({ heading }) => !kept.some((column) => column.heading === heading));
  for (const column of kept.toReversed()) {
    const { shrink } = column;
    if (!shrink || excess() <= 0) continue;
    const most = Math.max(shrink.least, widthOf(column) - excess());
    column.texts = column.texts.map((text) => shrink.cut(text, most));
  }
  const line = (cells: string[]) => cells.join(' '.repeat(GAP)).trimEnd();
  const head = line(kept.map((column) => pad(column.heading, widthOf(column), column.align)));
  const body = rows.map((row, i) =>
    line(
      kept.map((column) => {
        const text = pad(column.texts[i] ?? '', widthOf(column), column.align);
        return styled(text, colour ? (column.style?.(row) ?? null) : null);
      }),
    ),
  );
  return [styled(head, colour ? 'bold' : null), ...body, ...describeLeftOut(leftOut, width)];
}

function describeLeftOut(columns: readonly { heading: string }[], width: number): string[] {
  if (columns.length === 0) return [];
  return wrap(`a wider terminal shows ${columns.map(({ heading }) => heading).join(', ')}`, width);
}

/** At most so many columns, with `...` where something is missing. */
export function cut(text: string, most = Number.POSITIVE_INFINITY): string {
  if (countColumns(text) <= most) return text;
  let kept = '';
  for (const character of text) {
    if (countColumns(kept + character) > most - 3) break;
    kept += character;
  }
  return `${kept}...`;
}

/** The same for a path: its beginning and, twice as long, its end are kept. */
export function cutPath(path: string, most: number): string {
  if (countColumns(path) <= most) return path;
  const characters = [...path];
  let tail = '';
  while (countColumns(`${characters.at(-1)}${tail}`) <= Math.ceil(((most - 3) * 2) / 3)) {
    tail = `${characters.pop()}${tail}`;
  }
  return `${cut(path, most - countColumns(tail))}${tail}`;
}

function pad(text: string, width: number, align?: 'right'): string {
  const space = ' '.repeat(Math.max(0, width - countColumns(text)));
  return align === 'right' ? space + text : text + space;
}
