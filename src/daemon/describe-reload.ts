/** What a reload did, in words: pure. */

import type { ReloadReport } from '../supervisor/types.js';

/** What a reload did, in one line. */
export function describeReload(report: ReloadReport): string {
  const { needRestart, left, settings, stopped } = report;
  const parts = WORDS.filter(([list]) => report[list].length > 0).map(
    ([list, words]) => `${words} ${report[list].join(', ')}`,
  );
  if (settings.length > 0) parts.push(`in force: ${settings.join(', ')}`);
  if (parts.length + needRestart.length === 0) parts.push('nothing has changed');
  if (stopped.length > 0) {
    const are = stopped.length === 1 ? 'is' : 'are';
    parts.push(`${stopped.join(', ')} ${are} stopped, until: mesibo-modules start ${stopped.join(' ')}`);
  }
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
