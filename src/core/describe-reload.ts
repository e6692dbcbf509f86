/** What a reload did, in words: pure. */

import { formatAge } from '../config/units.js';
import { listSome } from '../list-some.js';
import { coreCommand, joinSentences, type Sentence, sentence } from '../sentence.js';
import type { CoreReloadReport, CutShort, ModuleCondition, ReloadReport, WentBack } from '../supervisor/types.js';

/** How many settings of one module are named. */
const MOST_SETTINGS = 8;

/** What a reload did, in one line. */
export function describeReload(report: ReloadReport & Partial<Pick<CoreReloadReport, 'secrets'>>): Sentence {
  const { needRestart, left, settings, secrets = [], stopped, probation = [] } = report;
  const parts: (string | Sentence)[] = WORDS.filter(([list]) => report[list].length > 0).map(
    ([list, words]) => `${words} ${report[list].map((name) => withReasons(name, report)).join(', ')}`,
  );
  const others = settings.filter((setting) => !secrets.includes(setting));
  if (others.length > 0) parts.push(`now in use: ${others.join(', ')}`);
  for (const setting of secrets) parts.push(`${setting}: a new ${SECRETS[setting] ?? 'secret'} is in use`);
  if (parts.length + needRestart.length === 0) parts.push('nothing has changed');
  if (stopped.length > 0) {
    const are = stopped.length === 1 ? 'is' : 'are';
    parts.push(sentence`${stopped.join(', ')} ${are} stopped, until: ${coreCommand('start', ...stopped)}`);
  }
  if (left.length > 0) {
    const named = left.map((name) => withReasons(name, report));
    parts.push(`changed, but left as they were: ${named.join(', ')}`);
  }
  if (probation.length > 0) parts.push(`on probation: ${probation.join(', ')}`);
  if (needRestart.length > 0) parts.push(`changed, but needs a restart of the core: ${needRestart.join(', ')}`);
  return joinSentences(parts, '; ');
}

/** What a reload would do, a line each. */
export function describePlan(report: CoreReloadReport): Sentence[] {
  const { needRestart, left, stopped, unchanged } = report;
  const named = (names: readonly string[]) => names.map((name) => withReasons(name, report)).join(', ');
  const now = [...new Set([...report.settings, ...report.secrets])];
  const lines: (string | Sentence)[] = WORDS.filter(([list]) => report[list].length > 0).map(
    ([list, , plan]) => `${plan}: ${named(report[list])}`,
  );
  if (now.length > 0) lines.push(`take effect at once: ${now.join(', ')}`);
  if (needRestart.length > 0) lines.push(`take effect at the next start of the core: ${needRestart.join(', ')}`);
  const changesNothing = lines.length === 0;
  if (left.length > 0) lines.push(`changed, but not part of this reload: ${named(left)}`);
  if (stopped.length > 0) {
    lines.push(sentence`stay stopped: ${stopped.join(', ')}; to start: ${coreCommand('start', ...stopped)}`);
  }
  if (unchanged.length > 0) lines.push(`unchanged: ${unchanged.join(', ')}`);
  const head = changesNothing
    ? 'a reload would change nothing'
    : 'a reload would do this; nothing has been changed yet';
  return [head, ...lines].map((line) => (typeof line === 'string' ? sentence`${line}` : line));
}

/** That a module is as before a reload, and why. */
export function describeWentBack({ module, reason }: WentBack): Sentence {
  const what = 'went back to the process and the settings that it had before';
  const why = reason.replace(`module ${module}: `, '');
  return sentence`module ${module} ${what}, because on probation ${why}; when it is corrected: ${coreCommand('reload', module)}`;
}

/** That nobody knows whether a module would have held, and why. */
export function describeCutShort({ module, afterMs, reason }: CutShort): string {
  const what = `its probation ended early, after ${formatAge(afterMs)}, because ${reason}`;
  return `module ${module}: ${what}; so this reload was not shown to hold`;
}

/** A module, and what differs in it. */
function withReasons(name: string, { changes = [] }: Partial<Pick<ReloadReport, 'changes'>>): string {
  // An older core gives no reasons.
  const change = changes.find(({ module }) => module === name);
  if (change === undefined) return name;
  const settings = change.settings.length > 0 ? [listSome(change.settings, MOST_SETTINGS)] : [];
  return `${name} (${[...settings, ...(change.file ? ['its file has changed'] : [])].join('; ')})`;
}

/** What a setting's file has. */
const SECRETS: Readonly<Record<string, string>> = { http_token: 'token', webhook_secret: 'key' };

const WORDS = [
  ['replaced', 'new processes for', 'get a new process'],
  ['added', 'added', 'are added'],
  ['removed', 'removed', 'are removed'],
  ['configured', 'other settings for', 'get other settings without a new process'],
] as const satisfies readonly (readonly [keyof ReloadReport, string, string])[];

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
