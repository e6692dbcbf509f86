/** What was typed, as bytes: Node.js makes U+FFFD of those that are no UTF-8, and says nothing. */

import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { UsageError } from './io.js';

/** @throws UsageError when an argument is not what was typed. */
export function requireExactArguments(
  args: readonly string[] = process.argv,
  read = () => readFileSync('/proc/self/cmdline'),
): void {
  // Whoever types that character means it.
  if (!args.some((arg) => arg.includes('\ufffd')) || isUtf8(read())) return;
  const remedy = 'give the message in a file or on standard input, and rename a file with such a name';
  throw new UsageError(`the command line has bytes that are no UTF-8, and would be changed; ${remedy}`);
}
