/** Programs under which a replay runs: pure. */

import type { CrashCard } from '../crashes/card.js';

/** By the option that asks for it. */
export type Helper = 'gdb' | 'valgrind';

interface HelperFacts {
  /** As a shell reads it. */
  commandFor: (card: CrashCard) => string;
  /** How many times longer everything may take. */
  slowness: number;
}

/** Signals that gdb stops at; it hands all others on. */
const STOPS = 'SIGSEGV SIGABRT SIGBUS SIGFPE SIGILL SIGSYS';

/**
 * gdb stops where it crashes, prints the backtrace, and lets the process go on into its own handler, which notes the place for us.
 * Where the module hangs it ends there: the process would go on for ever.
 */
function gdbFor({ cause }: CrashCard): string {
  const commands = [
    'handle all nostop noprint pass',
    `handle ${STOPS} stop print pass`,
    // Where exit() ends the process there is no signal.
    ...(cause === 'exit' ? ['set breakpoint pending on', 'break exit', 'break _exit'] : []),
    'run',
    'bt',
    // The handler raises the signal once more.
    ...(cause === 'hang' ? [] : ['handle all nostop noprint pass', `handle ${STOPS} nostop noprint pass`, 'continue']),
    ...(cause === 'exit' ? ['continue'] : []),
  ];
  // It would ask a server for sources, and a person whether to go on.
  const options = 'gdb -q -batch -return-child-result -nx';
  return ['env DEBUGINFOD_URLS=', options, ...commands.map((command) => `-ex '${command}'`), '--args'].join(' ');
}

/** What is run for each. */
export const HELPERS: Readonly<Record<Helper, HelperFacts>> = {
  gdb: { commandFor: gdbFor, slowness: 4 },
  valgrind: { commandFor: () => 'valgrind --track-origins=yes --vgdb=no --error-limit=no', slowness: 12 },
};
