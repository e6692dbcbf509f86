/** The signals that a core obeys. */

import { isatty } from 'node:tty';

/** What signals ask for. */
export interface SignalOrders {
  /** The first stop signal. */
  stop: (signal: string) => void;
  /** Each further one. */
  stopNow: (signal: string) => void;
  reload: () => void;
  /** A signal came that a core ignores but that would end a process without a handler. Reported once for each. */
  meaningless: (signal: string) => void;
}

const STOP_SIGNALS = ['SIGTERM', 'SIGINT'] as const;
/** By the first one Node opens a debugger; some rotate logs by them. */
const MEANINGLESS = ['SIGUSR1', 'SIGUSR2'] as const;
const STDOUT_FD = 1;

const hadTerminal = isatty(STDOUT_FD);
let restore = () => {};

/**
 * To be called first of all: until {@link onSignals} a reload has nothing to do, and must not end the process. A stop
 * signal does, as nothing has been started yet.
 */
export function surviveEarlySignals(): void {
  const hangUp = () => {
    if (isHungUp()) process.exit(0);
  };
  const ignore = () => {};
  process.on('SIGHUP', hangUp);
  for (const signal of MEANINGLESS) process.on(signal, ignore);
  restore = () => {
    process.off('SIGHUP', hangUp);
    for (const signal of MEANINGLESS) process.off(signal, ignore);
    restore = () => {};
  };
}

/** Gives the signals of {@link surviveEarlySignals} their default meaning back: there is no core after all. */
export function endEarlySignals(): void {
  restore();
}

/**
 * Gives the orders that signals ask for. SIGHUP asks for a reload, but for a core whose terminal has been closed, which
 * stops. They keep this meaning to the very end of the process: one that comes late must not spoil its exit code.
 */
export function onSignals({ stop, stopNow, reload, meaningless }: SignalOrders): void {
  let seen = false;
  const told = new Set<string>();
  const end = (signal: string) => {
    if (seen) stopNow(signal);
    else stop(signal);
    seen = true;
  };
  const hangUp = (signal: string) => {
    if (isHungUp()) end(signal);
    else reload();
  };
  const ignore = (signal: string) => {
    if (!told.has(signal)) meaningless(signal);
    told.add(signal);
  };
  for (const signal of STOP_SIGNALS) process.on(signal, end);
  process.on('SIGHUP', hangUp);
  for (const signal of MEANINGLESS) process.on(signal, ignore);
  // Only now, so that there is no moment without any.
  restore();
}

/** Whether the terminal is gone that the process was started on. */
function isHungUp(): boolean {
  return hadTerminal && !isatty(STDOUT_FD);
}
