/** What every command prints with, and the errors that decide the exit code. */

import { constants } from 'node:os';
import { ControlError, SupervisorError } from '../../src/errors.js';
import { escapeLines } from '../../src/escape-control.js';
import { isJournal, priorityMark, type Severity } from '../../src/journal.js';
import { joinSentences, Sentence } from '../../src/sentence.js';
import type { View } from '../render/view.js';
import { wrapWords } from '../text/wrap.js';
import type { Interrupt } from './interrupts.js';
import { typedProgram } from './program-name.js';

/** Exit codes of every command. */
export const EXIT = { ok: 0, failed: 1, usage: 2, notRunning: 3 } as const;

const DEFAULT_WIDTH = 100;

/** The command line makes no sense; the message says what was expected. */
export class UsageError extends Error {
  /** The message, with the commands in it as data. */
  readonly sentence: Sentence;

  constructor(what: string | Sentence) {
    super(`${what}`);
    this.sentence = typeof what === 'string' ? new Sentence([what]) : what;
  }
}

/** A signal ended the command; the exit code says so, as a shell does. */
export class InterruptError extends SupervisorError {
  override readonly exitCode: number;

  constructor(signal: Interrupt, what: string) {
    const exitCode = 128 + constants.signals[signal];
    super('ILLEGAL_STATE', what, { exitCode });
    this.exitCode = exitCode;
  }
}

/** Prints data, with its final newline. */
export function printData(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Prints a part of long data as it is. Resolves when there is room for more; a reader that has gone ends the process. */
export function printPiece(text: string): Promise<void> {
  if (text === '') return Promise.resolve();
  return new Promise((resolve) => process.stdout.write(text, () => resolve()));
}

/** Prints what a module or another program has printed, without what a terminal would obey. */
export function printForeign(text: string, stream: 'stdout' | 'stderr'): void {
  process[stream].write(escapeLines(text));
}

/** What a printed command needs to reach the core of this command. */
let options: readonly string[] = [];
const program = typedProgram(process.argv[1], process.env);

/** From now on every command that is printed has these options. */
export function nameCore(optionsToReach: readonly string[]): void {
  options = optionsToReach;
}

/** Tells the person at the terminal something. Each sentence begins with our name and is wrapped to the terminal. */
export function tell(told: string | Sentence, severity: Severity = 'info'): void {
  const { width } = viewOf(process.stderr);
  for (const line of linesOf(told)) {
    printError(`${wrapWords(joinSentences(['mesibo-modules', line], ': '), width).join('\n')}\n`, severity);
  }
}

/** Prints whole lines to standard error. In the journal of systemd each has its priority. */
export function printError(text: string, severity: Severity): void {
  process.stderr.write(isJournal(2) ? text.replace(/^(?=.)/gm, priorityMark(severity)) : text);
}

/** Prints sentences that are data, as wide as the terminal. */
export function printSentence(told: string | Sentence): void {
  const { width } = viewOf(process.stdout);
  printData(
    linesOf(told)
      .flatMap((line) => wrapWords(line, width))
      .join('\n'),
  );
}

function linesOf(told: string | Sentence): Sentence[] {
  return (typeof told === 'string' ? new Sentence([told]) : asTyped(told)).lines();
}

/** With its commands as a person types them here. */
export function asTyped(told: Sentence): Sentence {
  return told.withOptions(options, program);
}

/** Whether a stream is for a person who takes colours. */
export function hasColour(stream: NodeJS.WriteStream): boolean {
  return stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
}

/** How a stream is drawn on: as wide as its terminal, 100 columns where that does not tell; elsewhere nothing is cut. */
export function viewOf(stream: NodeJS.WriteStream): View {
  const width = stream.isTTY ? Math.max(40, stream.columns || DEFAULT_WIDTH) : Number.POSITIVE_INFINITY;
  return { nowMs: Date.now(), width, colour: hasColour(stream), options, program };
}

/** Ends the command when its output cannot be printed; quietly when the reader has seen enough, as in `| head -1`. */
export function surviveClosedPipes(): void {
  process.stdout.on('error', endUnprinted);
  process.stderr.on('error', () => undefined);
}

/** Ends the process once all is printed, whatever a command has left open. */
export function endPrinted(): void {
  process.stdout.write('', (error) => {
    if (error) endUnprinted(process.stdout.errored ?? error);
    else process.exit();
  });
}

function endUnprinted(error: NodeJS.ErrnoException): never {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? EXIT.ok);
  tell(`the output could not be written (${error.code ?? error.message}); what was printed is not complete`, 'error');
  process.exit(process.exitCode || EXIT.failed);
}

/** Whether a relative path was to be completed in a directory that is gone. */
function isWithoutDirectory(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | null)?.syscall === 'uv_cwd';
}

/** Tells what went wrong, in one line each and without a stack trace, and gives the exit code. */
export function report(error: unknown): number {
  if (process.env.MESIBO_DEBUG && error instanceof Error) tell(error.stack ?? error.message, 'error');
  else if (error instanceof SupervisorError || error instanceof UsageError) tell(error.sentence, 'error');
  else if (isWithoutDirectory(error))
    tell('the current directory was removed; change to another one, and try again', 'error');
  else
    tell(
      `unexpected: ${(error as Error)?.message ?? error}; run it again with MESIBO_DEBUG=1 for the details`,
      'error',
    );
  if (error instanceof UsageError) return EXIT.usage;
  if (error instanceof InterruptError) return error.exitCode;
  return error instanceof ControlError && error.code === 'CORE_NOT_RUNNING' ? EXIT.notRunning : EXIT.failed;
}
