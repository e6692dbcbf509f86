/** The signals that a core obeys. */

import { isatty } from 'node:tty';

/** What signals ask for. */
export interface SignalOrders {
  /** The first stop signal. */
  stop: (signal: string) => void;
  /** Each further one. */
  stopNow: (signal: string) => void;
  reload: () => void;
}

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;
const STDOUT_FD = 1;

/**
 * Gives the orders that signals ask for. SIGHUP asks for a reload, but for a core whose terminal has been closed, which
 * stops.
 *
 * @returns a function that gives the signals their default meaning back.
 */
export function onSignals({ stop, stopNow, reload }: SignalOrders): () => void {
  let seen = false;
  const hadTerminal = isatty(STDOUT_FD);
  const end = (signal: string) => {
    if (seen) stopNow(signal);
    else stop(signal);
    seen = true;
  };
  const hangUp = (signal: string) => {
    if (hadTerminal && !isatty(STDOUT_FD)) end(signal);
    else reload();
  };
  for (const signal of STOP_SIGNALS) process.on(signal, end);
  process.on('SIGHUP', hangUp);
  return () => {
    for (const signal of STOP_SIGNALS) process.off(signal, end);
    process.off('SIGHUP', hangUp);
  };
}
