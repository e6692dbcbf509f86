/** The signals that end a core. */

// SIGHUP comes when the terminal of a core in the foreground is closed.
const SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;

/**
 * Calls `graceful` on the first stop signal and `atOnce` on each further one.
 *
 * @returns a function that gives the signals their default meaning back.
 */
export function onStopSignals(graceful: (signal: string) => void, atOnce: (signal: string) => void): () => void {
  let seen = false;
  const listener = (signal: string) => {
    if (seen) atOnce(signal);
    else graceful(signal);
    seen = true;
  };
  for (const signal of SIGNALS) process.on(signal, listener);
  return () => {
    for (const signal of SIGNALS) process.off(signal, listener);
  };
}
