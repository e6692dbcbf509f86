/** Lines of standard input as messages. */

/** As they are, whatever their encoding. */
export async function* linesOfStdin(): AsyncGenerator<Buffer> {
  const { createInterface } = process.getBuiltinModule('node:readline');
  process.stdin.setEncoding('latin1');
  for await (const line of createInterface({ input: process.stdin })) yield Buffer.from(line, 'latin1');
}
