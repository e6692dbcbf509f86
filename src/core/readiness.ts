/** Whether a core serves, in words: pure. */

import type { CoreConfig } from '../config/types.js';
import { counted } from '../counted.js';
import type { Readiness } from '../http/types.js';
import type { ModuleCondition } from '../supervisor/types.js';

/** What is known of a core. */
export interface ReadinessFacts {
  phase: 'starting' | 'running' | 'stopping';
  modules: readonly ModuleCondition[];
  config: Pick<CoreConfig, 'modules'>;
}

const IN_WORDS = {
  stopped: 'is stopped',
  starting: 'is starting',
  backoff: 'waits for its next start',
  failed: 'has failed',
} as const;

/**
 * A core serves as long as it can decide on messages. A module that is down prevents that only if messages are dropped without
 * it.
 */
export function readinessOf(facts: ReadinessFacts): Readiness {
  const { phase, modules, config } = facts;
  const words: Readiness = { reasons: [], notes: [], outline: { reasons: [], notes: [] } };
  const { reasons, notes, outline } = words;
  if (phase !== 'running') outline.reasons.push(`the core is ${phase}`);
  if (phase === 'stopping') {
    reasons.push('the core is stopping');
    return words;
  }
  const starting = modules.filter(
    ({ shadowOf, state, desired }) => shadowOf === null && state === 'starting' && desired === 'up',
  );
  if (phase === 'starting') {
    const names = starting.map(({ name }) => name).join(', ');
    reasons.push(names === '' ? 'the core is starting' : `the core is starting, and waits for ${names}`);
  }
  for (const { name, shadowOf, state, desired, lastError } of modules) {
    // No message waits for a shadow.
    if (shadowOf !== null) continue;
    if (state === 'serving' || state === 'replacing') continue;
    if (phase === 'starting' && state === 'starting') continue;
    const isDropping = config.modules.find((module) => module.name === name)?.onFailure === 'consume';
    const what = `module ${name} ${desired === 'down' ? 'is stopped by an operator' : IN_WORDS[state]}`;
    const why = desired === 'down' || lastError === null ? '' : ` (${lastError.split('\n', 1)[0]})`;
    if (isDropping) reasons.push(`${what}, and on_failure = consume drops its messages${why}`);
    else notes.push(`${what}, and on_failure = pass lets its messages through${why}`);
  }
  const dropping = reasons.length - (phase === 'starting' ? 1 : 0);
  if (dropping > 0) outline.reasons.push(`${countDown(dropping)}, so messages are dropped`);
  if (notes.length > 0)
    outline.notes.push(`${countDown(notes.length)}, so messages pass without ${notes.length === 1 ? 'it' : 'them'}`);
  return words;
}

function countDown(count: number): string {
  return `${counted(count, 'module')} ${count === 1 ? 'does' : 'do'} not serve`;
}
