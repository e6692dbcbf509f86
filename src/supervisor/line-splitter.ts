/** Cuts the output of a host into lines, within bounds: a module may write one that never ends. */

/** The longest line that is kept whole, in bytes. */
export const LINE_MAX_BYTES = 64 * 1024;

/** Collects bytes and gives back whole lines; a longer one comes in marked pieces. */
export class LineSplitter {
  readonly #emit: (line: string) => void;
  #held: Buffer = Buffer.alloc(0);

  constructor(emit: (line: string) => void) {
    this.#emit = emit;
  }

  /** Takes more output. */
  push(chunk: Buffer): void {
    let rest = this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk;
    for (;;) {
      const end = rest.indexOf(0x0a);
      if (end >= 0 && end <= LINE_MAX_BYTES) {
        this.#emit(rest.toString('utf8', 0, end));
        rest = rest.subarray(end + 1);
      } else if (rest.length > LINE_MAX_BYTES) {
        this.#emit(`${rest.toString('utf8', 0, LINE_MAX_BYTES)} [line goes on]`);
        rest = rest.subarray(LINE_MAX_BYTES);
      } else {
        break;
      }
    }
    this.#held = Buffer.from(rest);
  }

  /** Gives back what stands without a newline at the end of the output. */
  end(): void {
    if (this.#held.length > 0) this.#emit(this.#held.toString('utf8'));
    this.#held = Buffer.alloc(0);
  }
}

/** Calls `emit` for each line of a stream, until it ends. */
export function splitLines(stream: NodeJS.ReadableStream, emit: (line: string) => void): void {
  const lines = new LineSplitter(emit);
  stream.on('data', (chunk: Buffer) => lines.push(chunk));
  stream.on('end', () => lines.end());
}
