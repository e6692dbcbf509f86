/** The command that shows where a module crashes: it runs the module under gdb, prints the backtrace, and ends by itself. Pure. */

import type { ToldCommand } from './sentence.js';

/** Signals that a process raises by its own fault. A debugger shows the place. */
const FAULTS: ReadonlySet<string> = new Set(['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSYS', 'SIGTRAP']);

/** Stands for a message that is not known, or not to be shown. */
const SOME_TEXT = 'TEXT';

/** What gdb is to do. */
export const GDB = 'gdb -batch -ex run -ex bt --args';

/** The module to run. */
export type Debugged =
  /** With its settings, which are not shown. */
  | { kind: 'configured'; config: string; module: string }
  /** Files and options, as they are typed. */
  | { kind: 'given'; words: readonly string[] };

/** What stands before the command in a log. */
export const DEBUGGING = 'to see where it crashes: ';

/** Whether a debugger shows where it happened. */
export function isFault(signal: string | null | undefined): boolean {
  return signal !== null && signal !== undefined && FAULTS.has(signal);
}

/** @param texts - the messages that it crashes on; without them a word stands there that the reader replaces */
export function debugCommand(what: Debugged, texts: readonly string[] = [SOME_TEXT]): ToldCommand {
  const run = ['mesibo-modules', 'run', '--in-process', '--under', GDB];
  const target = what.kind === 'configured' ? ['--config', what.config, '--only', what.module] : what.words;
  return { kind: 'shell', words: [...run, ...target, ...texts.flatMap((text) => ['--message', text])] };
}
