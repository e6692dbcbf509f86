/** The signals that hosts get from others than their core, and pass on to it. */

import { signalNameOf } from '../../signal-name.js';

/** Those that hosts pass on; the shim takes the same ones. */
export const OUTSIDE_SIGNALS: ReadonlySet<string> = new Set(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2']);

/** Those of them that ask a process to end. */
export const ENDING_SIGNALS: ReadonlySet<string> = new Set(['SIGTERM', 'SIGINT']);

/** If the core is meant as well, it has its signal by then. */
export const PATIENCE_MS = 5_000;

/** The name of one that hosts pass on; `null` for any other number. */
export function nameSignal(number: number): NodeJS.Signals | null {
  const found = signalNameOf(number);
  return found !== null && OUTSIDE_SIGNALS.has(found) ? found : null;
}
