/** Lines of standard input as messages. */

import { createInterface } from 'node:readline';

/** As they are, whatever their encoding. */
export async function* linesOfStdin(): AsyncGenerator<Buffer> {
  process.stdin.setEncoding('latin1');
  for await (const line of createInterface({ input: process.stdin })) yield Buffer.from(line, 'latin1');
}
