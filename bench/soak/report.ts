/** A soak's result as it is printed. */

import type { SoakResult } from './soak.js';

/** Violations beyond this are counted only. */
const SHOWN = 20;

/** The lines with the result of a soak. */
export function formatResult(result: SoakResult): string[] {
  const { verdicts, sends, latencyMs, violations } = result;
  const defaults = sum(verdicts.defaults);
  const share = (100 * verdicts.own) / (verdicts.own + defaults);
  const rate = Math.round(result.answers / result.seconds);
  const lines = [
    [
      'messages',
      `${result.answers} answered in ${result.seconds.toFixed(1)} s (${rate}/s), ${result.consumed} consumed`,
    ],
    ['kills', `${sum(result.kills)}: ${list(result.kills)}`],
    ...(result.orders ? [['orders', `${sum(result.orders)}: ${list(result.orders)}`]] : []),
    ['restarts', `${result.restarts} after ${list(result.deaths)}`],
    ['verdicts', `${verdicts.own} own (${share.toFixed(2)}%), ${defaults} default: ${list(verdicts.defaults)}`],
    ['recovered', `${result.recovered} verdicts that came from the successor of the host that was there first`],
    ['sends', `${sends.intended} intended, ${sends.delivered} delivered`],
    ['latency', `p50 ${ms(latencyMs.p50)}, p99 ${ms(latencyMs.p99)}, max ${ms(latencyMs.max)}`],
    ['slowest', `a verdict of one module took ${ms(result.slowestVerdictMs)}`],
    ['violations', violations.length === 0 ? '0' : `${violations.length}: ${list(countKinds(violations))}`],
  ].map(([name = '', text]) => `${name.padEnd(12)}${text}`);
  for (const { kind, text } of violations.slice(0, SHOWN)) lines.push(`  ${kind}: ${text}`);
  if (violations.length > SHOWN) lines.push(`  and ${violations.length - SHOWN} more`);
  if (result.directory !== null) lines.push(`  the journals are in ${result.directory}`);
  return lines;
}

function countKinds(violations: SoakResult['violations']): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { kind } of violations) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function list(counts: Record<string, number>): string {
  const present = Object.entries(counts).filter(([, count]) => count > 0);
  return present.map(([name, count]) => `${count} ${name}`).join(', ') || 'none';
}

function sum(counts: Record<string, number>): number {
  return Object.values(counts).reduce((total, count) => total + count, 0);
}

function ms(millis: number): string {
  return `${millis.toFixed(millis < 10 ? 2 : 0)} ms`;
}
