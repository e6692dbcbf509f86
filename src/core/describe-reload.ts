/** What a reload did, in words: pure. */

import { coreCommand, joinSentences, type Sentence, sentence } from '../sentence.js';
import type { CoreReloadReport, ModuleCondition, ReloadReport } from '../supervisor/types.js';

/** What a reload did, in one line. */
export function describeReload(report: ReloadReport & Partial<Pick<CoreReloadReport, 'secrets'>>): Sentence {
  const { needRestart, left, settings, secrets = [], stopped } = report;
  const parts: (string | Sentence)[] = WORDS.filter(([list]) => report[list].length > 0).map(
    ([list, words]) => `${words} ${report[list].join(', ')}`,
  );
  const others = settings.filter((setting) => !secrets.includes(setting));
  if (others.length > 0) parts.push(`now in use: ${others.join(', ')}`);
  for (const setting of secrets) parts.push(`${setting}: a new ${SECRETS[setting] ?? 'secret'} is in use`);
  if (parts.length + needRestart.length === 0) parts.push('nothing has changed');
  if (stopped.length > 0) {
    const are = stopped.length === 1 ? 'is' : 'are';
    parts.push(sentence`${stopped.join(', ')} ${are} stopped, until: ${coreCommand('start', ...stopped)}`);
  }
  if (left.length > 0) parts.push(`changed, but left as they were: ${left.join(', ')}`);
  if (needRestart.length > 0) parts.push(`changed, but needs a restart of the core: ${needRestart.join(', ')}`);
  return joinSentences(parts, '; ');
}

/** What a setting's file has. */
const SECRETS: Readonly<Record<string, string>> = { http_token: 'token', webhook_secret: 'key' };

const WORDS = [
  ['replaced', 'new processes for'],
  ['added', 'added'],
  ['removed', 'removed'],
  ['configured', 'other settings for'],
] as const satisfies readonly (readonly [keyof ReloadReport, string])[];

/** The modules that a reload has not started anew and that are down as before, a line each. */
export function listStillDown(
  modules: readonly ModuleCondition[],
  { replaced, added }: Pick<ReloadReport, 'replaced' | 'added'>,
) {
  const down = modules.filter(
    ({ name, state, desired }) =>
      desired === 'up' && (state === 'failed' || state === 'backoff') && ![...replaced, ...added].includes(name),
  );
  return down.map(({ name, state, lastError }) => {
    const why = lastError === null ? '' : `: ${lastError.replace(`module ${name}: `, '')}`;
    return `module ${name} is still ${state === 'failed' ? 'failed' : 'down'}, because its process was not replaced${why}`;
  });
}
