/** A signal that a host got from outside, in words. */

import { coreCommand, sentence } from '../../sentence.js';
import { ENDING_SIGNALS, PATIENCE_MS } from '../runner/outside-signals.js';

/** What a host got, and what follows. @param from the process that sent it; `null`: nobody knows */
export function describeSignal(signal: NodeJS.Signals, from: string | null, module: string): string {
  const got = `got ${signal} from ${from ?? 'outside'}`;
  if (ENDING_SIGNALS.has(signal)) {
    return `${got}: unless the core is stopped too, another host takes its place in ${PATIENCE_MS / 1000} s`;
  }
  return `${sentence`${got}; a host ignores it; to replace it: ${coreCommand('reload', module)}`}`;
}
