/** The result of a soak of sends as it is printed. */

import type { SendsSoakResult } from './run.js';

/** Violations beyond this are counted only. */
const SHOWN = 20;

/** The lines with the result. */
export function formatSendsResult(result: SendsSoakResult): string[] {
  const { accepted, refused, delivered, repeated, cameTwice, violations, seconds } = result;
  const rate = Math.round(delivered / seconds);
  const lines = [
    [
      'sends',
      `${accepted} accepted, ${refused} refused, ${delivered} delivered in ${seconds.toFixed(1)} s (${rate}/s)`,
    ],
    ['disturbed', `the core was killed ${result.kills} times, the server was cut off ${result.cuts} times`],
    ['came twice', `${cameTwice} sends came more than once, ${repeated} times in all; each under its one id`],
    ['unanswered', `${result.unanswered} events had no outcome when their connection ended`],
    ['violations', String(violations.length)],
  ].map(([name = '', text]) => `${name.padEnd(12)}${text}`);
  for (const { kind, text } of violations.slice(0, SHOWN)) lines.push(`  ${kind}: ${text}`);
  if (violations.length > SHOWN) lines.push(`  and ${violations.length - SHOWN} more`);
  if (result.directory !== null) lines.push(`  the journal is in ${result.directory}`);
  return lines;
}
