/** The rates as a picture: a panel for each section, a bar for each row. Pure. */

import type { Figure, Samples } from '../figures/statistics.js';
import type { RateRow, Row } from '../run/rows.js';
import { figureOf } from './report.js';
import { showNumber } from './table.js';

const WIDTH = 860;
const MARGIN = 20;
const LABEL_WIDTH = 170;
const VALUE_WIDTH = 210;
const BAR_HEIGHT = 14;
const BAR_STEP = 22;
const PANEL_HEAD = 40;
const HEAD = 62;
/** Of the project, and of all others. */
const COLOURS = { ours: '#c2410c', other: '#64748b', range: '#0f172a', text: '#0f172a', faint: '#475569' };

interface Bar {
  label: string;
  isOurs: boolean;
  rate: Figure;
}

/**
 * An SVG that stands alone. Each panel has a scale of its own, which begins at 0; its longest bar is its fastest row. A
 * thin line shows the range of the rounds.
 */
export function drawChart(rows: readonly Row[], samples: Samples, subtitle: string): string {
  const rates = rows.filter((row): row is RateRow => row.kind === 'rate');
  let y = HEAD;
  const panels = [...new Set(rates.map(({ section }) => section))].flatMap((section) => {
    const bars = makeBars(rates, samples, section);
    if (bars.length === 0) return [];
    const panel = drawPanel(section, bars, y);
    y += PANEL_HEAD + bars.length * BAR_STEP;
    return panel;
  });
  const height = y + MARGIN;
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="13">`,
    `<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>`,
    drawText(MARGIN, 30, 'Messages a second: the longer, the better', { size: 18, weight: 600 }),
    drawText(MARGIN, 50, subtitle, { colour: COLOURS.faint, size: 12 }),
    ...panels,
    '</svg>',
  ].join('\n')}\n`;
}

/** A call in the same process is left out of a panel: beside it every other bar would be too short to see. */
function makeBars(rows: readonly RateRow[], samples: Samples, section: string): Bar[] {
  return rows
    .filter((row) => row.section === section && row.peer !== 'C call')
    .flatMap((row) => {
      const rate = figureOf(samples, row, 'rate');
      if (rate === null) return [];
      const label = row.modules === 1 ? row.peer : `${row.peer}, ${row.modules} modules`;
      return [{ label, isOurs: row.peer === 'ours', rate }];
    });
}

function drawPanel(title: string, bars: readonly Bar[], top: number): string[] {
  const longest = Math.max(...bars.map(({ rate }) => rate.most));
  const room = WIDTH - 2 * MARGIN - LABEL_WIDTH - VALUE_WIDTH;
  const scale = (rate: number) => Number(((rate / longest) * room).toFixed(1));
  return [
    drawText(MARGIN, top + 26, title, { weight: 600 }),
    ...bars.flatMap((bar, at) => drawBar(bar, top + PANEL_HEAD + at * BAR_STEP, scale)),
  ];
}

function drawBar({ label, isOurs, rate }: Bar, y: number, scale: (rate: number) => number): string[] {
  const left = MARGIN + LABEL_WIDTH;
  const middle = y + BAR_HEIGHT / 2;
  const baseline = middle + 4.5;
  const weight = isOurs ? 600 : 400;
  const range = rate.rounds > 1 ? ` (${showNumber(rate.least)}-${showNumber(rate.most)})` : '';
  const behind = left + scale(Math.max(rate.median, rate.most)) + 8;
  return [
    drawText(left - 10, baseline, label, { anchor: 'end', weight }),
    `<rect x="${left}" y="${y}" width="${scale(rate.median)}" height="${BAR_HEIGHT}" rx="2" fill="${isOurs ? COLOURS.ours : COLOURS.other}"/>`,
    ...(rate.rounds > 1
      ? [
          `<line x1="${left + scale(rate.least)}" x2="${left + scale(rate.most)}" y1="${middle}" y2="${middle}" stroke="${COLOURS.range}" stroke-width="1.5"/>`,
        ]
      : []),
    drawText(behind, baseline, `${showNumber(rate.median)}${range}`, { weight }),
  ];
}

interface TextStyle {
  size?: number;
  weight?: number;
  anchor?: 'start' | 'end';
  colour?: string;
}

function drawText(x: number, y: number, text: string, style: TextStyle = {}): string {
  const { size = 13, weight = 400, anchor = 'start', colour = COLOURS.text } = style;
  return `<text x="${x}" y="${y}" font-size="${size}" font-weight="${weight}" text-anchor="${anchor}" fill="${colour}">${escapeText(text)}</text>`;
}

function escapeText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
