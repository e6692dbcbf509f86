/** What a reload did, in words: pure. */

import type { ReloadReport } from '../supervisor/types.js';

/** What a reload did, in one line. */
export function describeReload(report: ReloadReport): string {
  const { needRestart, left } = report;
  const parts = WORDS.filter(([list]) => report[list].length > 0).map(
    ([list, words]) => `${words} ${report[list].join(', ')}`,
  );
  if (parts.length === 0) parts.push('nothing has changed');
  if (left.length > 0) parts.push(`left as they were, although changed: ${left.join(', ')}`);
  if (needRestart.length > 0) parts.push(`changed, but needs a restart of the core: ${needRestart.join(', ')}`);
  return parts.join('; ');
}

const WORDS = [
  ['replaced', 'new processes for'],
  ['added', 'added'],
  ['removed', 'removed'],
  ['configured', 'other settings for'],
] as const satisfies readonly (readonly [keyof ReloadReport, string])[];
