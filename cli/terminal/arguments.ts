/** The arguments as bytes. Node.js silently replaces bytes that are not UTF-8 with U+FFFD. */

import { isUtf8 } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { UsageError } from './io.js';

/** @throws UsageError when an argument is not what was typed. */
export function requireExactArguments(
  args: readonly string[] = process.argv,
  read = () => readFileSync('/proc/self/cmdline'),
): void {
  // A user may also type that character itself.
  if (!args.some((arg) => arg.includes('\ufffd')) || isUtf8(read())) return;
  const remedy = 'give the message in a file or on standard input, and rename a file with such a name';
  throw new UsageError(`the command line has bytes that are not UTF-8, and Node.js would change them; ${remedy}`);
}
