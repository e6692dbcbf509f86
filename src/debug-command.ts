/** The command that shows where a module crashes: it runs the module under gdb, prints the backtrace, and ends by itself. Pure. */

import { isUtf8 } from 'node:buffer';
import { escapeControl } from './escape-control.js';
import { ownCommand, type Sentence, sentence, shellCommand, type ToldCommand } from './sentence.js';

/** Signals that a process raises by its own fault. A debugger shows the place. */
const FAULTS: ReadonlySet<string> = new Set(['SIGSEGV', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSYS', 'SIGTRAP']);

/** Stands for a message that is not known, or not to be shown. */
const SOME_TEXT = 'TEXT';

/** More messages, or longer ones, do not belong on a command line. */
const MOST_TEXTS = 20;
const MOST_BYTES = 4096;

/** What gdb is to do. */
const GDB = 'gdb -batch -ex run -ex bt --args';

/** The module to run. */
export type Debugged =
  /** With its settings, which are not shown. */
  | { kind: 'configured'; config: string; module: string }
  /** Files and options, as they are typed. */
  | { kind: 'given'; words: readonly string[] };

/** A module of a core: by the core's configuration, or by its file when a program made the configuration. */
export function debuggedOf(config: string | null, module: string, path: string): Debugged {
  return config === null ? { kind: 'given', words: [path] } : { kind: 'configured', config, module };
}

/** What stands before the command in a log. */
export const DEBUGGING = 'to see where it crashes';

/** Whether a debugger shows where it happened. */
export function isFault(signal: string | null | undefined): boolean {
  return signal !== null && signal !== undefined && FAULTS.has(signal);
}

/** @param texts - the messages that it crashes on; without them a word stands there that the reader replaces */
export function debugCommand(what: Debugged, texts: readonly string[] = [SOME_TEXT]): ToldCommand {
  const target = what.kind === 'configured' ? ['--config', what.config, '--only', what.module] : what.words;
  const messages = texts.flatMap((text) => ['--message', text]);
  return ownCommand('run', '--in-process', '--under', GDB, ...target, ...messages);
}

/**
 * Says how to see where it crashes, with the messages that it was given until then.
 *
 * @param given - all since the module was started, the first one first; `null`: they are not known
 */
export function describeDebugging(what: Debugged, given: readonly Uint8Array[] | null): Sentence {
  return describe(what, given).map(escapeControl);
}

function describe(what: Debugged, given: readonly Uint8Array[] | null): Sentence {
  if (given === null) return sentence`${DEBUGGING}, with the message in the place of TEXT: ${debugCommand(what)}`;
  // It crashed at its start: any message will do.
  if (given.length === 0) return sentence`${DEBUGGING}: ${debugCommand(what)}`;
  const bytes = given.reduce((sum, text) => sum + text.length, 0);
  const isMuch = given.length > MOST_TEXTS || bytes > MOST_BYTES;
  if (!isMuch && given.every(isPrintable)) {
    const texts = given.map((text) => Buffer.from(text).toString());
    return sentence`${DEBUGGING}: ${debugCommand(what, texts)}`;
  }
  // What has lines itself is no line of standard input.
  if (given.some((text) => text.includes(LF) || text.includes(CR))) {
    return sentence`${DEBUGGING}, with the message in the place of TEXT: ${debugCommand(what)}`;
  }
  const command = debugCommand(what, []);
  if (isMuch) {
    const messages = given.length === 1 ? 'the message' : `the ${given.length} messages`;
    return sentence`${DEBUGGING}, give ${messages} on standard input, a line each: ${command} <FILE`;
  }
  const lines = given.map((text) => `${printfFormat(text)}\\n`).join('');
  return sentence`${DEBUGGING}: ${shellCommand('printf', lines)} | ${command}`;
}

const [LF, CR] = [10, 13];

/** Whether a terminal shows it as it is, and a shell takes it so. */
function isPrintable(text: Uint8Array): boolean {
  const words = Buffer.from(text).toString();
  return isUtf8(text) && escapeControl(words) === words;
}

/** Bytes as printf(1) reads them: letters, digits and the like stand for themselves, everything else is octal. */
function printfFormat(text: Uint8Array): string {
  return Array.from(text, (byte) => {
    const letter = String.fromCharCode(byte);
    return /[\w .,:;=+@/?!-]/.test(letter) && byte < 0x80 ? letter : `\\${byte.toString(8).padStart(3, '0')}`;
  })
    .join('')
    .replace(/^-/, '\\055');
}
