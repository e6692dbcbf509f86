/** How a shadow compares with its primary, for a person: pure. */

import { counted } from '../../src/counted.js';
import { escapeControl } from '../../src/escape-control.js';
import { coreCommand, sentence } from '../../src/sentence.js';
import type { CutText, ShadowExample, ShadowReport, ShadowSend, ShadowSide } from '../../src/supervisor/types.js';
import { formatAgo, formatMicros } from '../text/format.js';
import { listCounts, sumCounts } from '../text/list-counts.js';
import { type Row, renderRows, section } from './rows.js';
import type { View } from './view.js';

/** Counts, latency side by side, and the last messages on which both do not agree. */
export function renderShadow(report: ShadowReport, view: View): string {
  const { name, shadowOf, examples, sends } = report;
  return [
    ...renderRows(counters(report, view), view),
    ...section('Disagreements, the last one at the end', [
      ...examples.flatMap((example) => renderRows(rowsOf(example, name, shadowOf, view), view)),
    ]),
    ...section(
      'What it sent, the last one at the end',
      sends.length === 0
        ? []
        : renderRows(
            sends.map((sent) => rowOf(sent, view)),
            view,
          ),
    ),
  ].join('\n');
}

function counters(report: ShadowReport, { nowMs }: View): Row[] {
  const { name, shadowOf, since, totals, compared, latencyMicros, primarySends, keepsBodies, examples } = report;
  const { agreed, otherVerdict, otherChanges, defaulted, skipped, primaryDefaulted, others, sends, refusedHttp } =
    totals;
  const share = compared === 0 ? '' : ` (${percent(agreed, compared)})`;
  const disagreed = otherVerdict + otherChanges;
  return [
    ['shadow', `${name}, of module ${shadowOf}`],
    ['since', `${formatAgo(since, nowMs)} (${since})`],
    ['compared', counted(compared, 'message')],
    ['agreed', `${agreed}${share}`],
    [
      'disagreed',
      `${disagreed}: ${otherVerdict} in the verdict, ${otherChanges} in what they made of the message`,
      disagreed > 0 ? 'yellow' : null,
    ],
    ['no verdict', `${sumCounts(defaulted)}${reasonsOf(defaulted)}`],
    ['skipped', `${sumCounts(skipped)}${reasonsOf(skipped)}`],
    ...(primaryDefaulted > 0 ? ([['', `${primaryDefaulted} on which ${shadowOf} gave no verdict`]] as Row[]) : []),
    ['other events', `${others} (statuses, logins and calls; they are not compared)`],
    ['latency', `${shadowOf}: ${latencyOf(latencyMicros.primary)}`],
    ['', `${name}: ${latencyOf(latencyMicros.shadow)}`],
    ['sent', `${sends}, which went nowhere; ${shadowOf} sent ${primarySends}`],
    ['http', `${counted(refusedHttp, 'request')} refused`],
    ...(keepsBodies || examples.length === 0 ? [] : ([['bodies', 'not shown: crash_body = no']] as Row[])),
    ...(compared === 0
      ? []
      : ([['', sentence`to let it take the place of ${shadowOf}: ${coreCommand('promote', name)}`]] as Row[])),
  ];
}

function rowsOf(example: ShadowExample, name: string, shadowOf: string, { nowMs }: View): Row[] {
  const { at, id, from, to, groupid, differs, primary, shadow, payload } = example;
  const group = groupid === '0' ? '' : `, group ${groupid}`;
  return [
    [
      formatAgo(at, nowMs),
      `from ${from ?? '-'} to ${to ?? '-'}${group}, id ${id}; they differ in ${differs.map((one) => WORDS[one]).join(' and ')}`,
    ],
    ...(payload === null ? [] : ([['', textOf(payload)]] as Row[])),
    ['', `${shadowOf}: ${sideOf(primary)}`],
    ['', `${name}: ${sideOf(shadow)}`],
  ];
}

const WORDS = { verdict: 'the verdict', params: 'the parameters', payload: 'the payload' } as const;

function rowOf({ at, from, to, payload }: ShadowSend, { nowMs }: View): Row {
  const what = payload === null ? '' : `: ${textOf(payload)}`;
  return [formatAgo(at, nowMs), `from ${from ?? '-'} to ${to ?? '-'}${what}`];
}

function sideOf({ verdict, params, payload }: ShadowSide): string {
  const fields = Object.entries(params).map(([field, value]) => `${field} = ${value}`);
  const changed = payload === null ? [] : [`payload ${textOf(payload)}`];
  return [verdict, ...fields, ...changed].join(', ');
}

/** Control characters become escapes where rows are rendered. */
function textOf({ text, bytes }: CutText): string {
  if (text === null) return `${counted(bytes, 'byte')} that are not text`;
  const isCut = Buffer.byteLength(text) < bytes;
  return `"${escapeControl(text)}"${isCut ? `... (${bytes} bytes)` : ''}`;
}

function latencyOf({ p50, p99 }: { p50: number | null; p99: number | null }): string {
  if (p50 === null || p99 === null) return 'no message yet';
  return `half within ${formatMicros(p50)}, 99% within ${formatMicros(p99)}`;
}

/** Why there is no verdict of the shadow, behind a count. */
const REASONS: Readonly<Record<string, string>> = {
  crash: 'by a crash',
  hang: 'by a hang',
  deadline: 'after its deadline',
  quarantine: 'in quarantine',
  overload: 'as too many waited',
  down: 'while it was down',
};

function reasonsOf(counts: Readonly<Record<string, number>>): string {
  const reasons = listCounts(Object.fromEntries(Object.entries(counts).map(([key, n]) => [REASONS[key] ?? key, n])));
  return reasons === '' ? '' : ` (${reasons})`;
}

/** Never 100% when something disagreed. */
function percent(part: number, whole: number): string {
  return `${(Math.floor((part / whole) * 10_000) / 100).toFixed(2)}%`;
}
