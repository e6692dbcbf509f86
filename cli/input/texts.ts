/** Where the messages of `try` and `run --in-process` come from: both take them in the same way. */

import { isatty } from 'node:tty';
import { UsageError } from '../terminal/io.js';
import { linesOfStdin } from './stdin-lines.js';

/** `texts`: those of the command line; `lines`: those of standard input; `prompt`: what a person types. */
export type TextSource = { kind: 'texts'; texts: string[] } | { kind: 'lines' } | { kind: 'prompt' };

/**
 * Chooses where messages come from.
 *
 * @param texts - what the command line has
 * @param canPrompt - `false`: the output is for a program, or the terminal belongs to a debugger
 * @throws UsageError when there is nothing to read
 */
export function chooseSource(texts: string[], canPrompt: boolean): TextSource {
  if (texts.length > 0) return { kind: 'texts', texts };
  if (!isatty(0)) return { kind: 'lines' };
  if (canPrompt && isatty(1)) return { kind: 'prompt' };
  throw new UsageError('no message: give TEXT, or lines on standard input');
}

/** The messages of the command line or of standard input. */
export function payloadsOf(source: TextSource): Iterable<Buffer> | AsyncIterable<Buffer> {
  return source.kind === 'texts' ? source.texts.map((text) => Buffer.from(text)) : linesOfStdin();
}

/** What a file of a module looks like. */
const SHARED_OBJECT = /\.so(?:\.\d+)*$/;

/** Splits arguments into files and texts. The first is always a file. The texts begin at the first later one that does not end in `.so`. */
export function splitArguments(args: readonly string[]): { files: string[]; texts: string[] } {
  const other = args.findIndex((argument, at) => at > 0 && !SHARED_OBJECT.test(argument));
  const end = other < 0 ? args.length : other;
  return { files: args.slice(0, end), texts: args.slice(end) };
}

/** Adds the value of an option that may be repeated. */
export function collectTexts(value: string, before: string[]): string[] {
  return [...before, value];
}
