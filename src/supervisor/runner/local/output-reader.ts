/** Cuts the output of a host into lines, within bounds: a module may write without end, in lines or in one. */

import { performance } from 'node:perf_hooks';
import type { LineGate } from '../../../wire/line-gate.js';
import { textOf, wholeCharacters } from '../../../wire/utf8.js';
import { LINE_MAX_BYTES } from '../runner.js';

const LAST_WORDS = 12;
const LAST_WORDS_BYTES = 4096;
const EMPTY = Buffer.alloc(0);

/** What becomes of output. */
export interface OutputSink {
  line(text: string): void;
  /** Output beyond the rate was dropped. */
  dropped(bytes: number): void;
  /** The end of what was dropped last, when the output ends so. */
  lastWords(lines: string[]): void;
}

/**
 * Collects bytes and gives back whole lines. A longer line is cut and marked. While the gate is closed, chunks are dropped
 * without looking for lines. So a module that writes much never waits for the core, and the core never waits for it.
 */
export class OutputReader {
  readonly #gate: LineGate;
  readonly #sink: OutputSink;
  #held: Buffer = EMPTY;
  /** The rest of a line whose beginning was given back, or was dropped. */
  #skipping: 'cut' | 'dropped' | null = null;
  #tail: Buffer = EMPTY;

  constructor(gate: LineGate, sink: OutputSink) {
    this.#gate = gate;
    this.#sink = sink;
  }

  /** Takes more output. */
  push(chunk: Buffer, nowMs = performance.now()): void {
    let rest = this.#skip(this.#held.length > 0 ? Buffer.concat([this.#held, chunk]) : chunk);
    this.#held = EMPTY;
    for (let end = endOfLine(rest); end !== null; end = endOfLine(rest)) {
      if (!this.#gate.admits(nowMs)) {
        this.#drop(rest);
        this.#skipping = rest.at(-1) === 0x0a ? null : 'dropped';
        return;
      }
      this.#tail = EMPTY;
      rest = this.#emit(rest, end);
    }
    this.#held = Buffer.from(rest);
  }

  /** Gives back what stands without a newline at the end of the output, and the end of what was dropped. */
  end(): void {
    const words = this.#tail.toString('utf8').split('\n');
    // The first is what is left of a longer line; the last is empty when the output ended with a newline.
    if (this.#tail.length === LAST_WORDS_BYTES) words.shift();
    if (words.at(-1) === '') words.pop();
    if (words.length > 0) this.#sink.lastWords(words.slice(-LAST_WORDS));
    if (this.#held.length > 0) this.#sink.line(this.#held.toString('utf8'));
    this.#held = EMPTY;
    this.#tail = EMPTY;
  }

  #emit(rest: Buffer, end: number): Buffer {
    if (end <= LINE_MAX_BYTES) {
      this.#sink.line(rest.toString('utf8', 0, end));
      return rest.subarray(end + 1);
    }
    this.#sink.line(`${textOf(rest, LINE_MAX_BYTES)} [line cut]`);
    this.#skipping = 'cut';
    return this.#skip(rest.subarray(wholeCharacters(rest, LINE_MAX_BYTES)));
  }

  /** Steps over the rest of a line of which no more is wanted. */
  #skip(bytes: Buffer): Buffer {
    if (this.#skipping === null) return bytes;
    const end = bytes.indexOf(0x0a);
    const skipped = end < 0 ? bytes : bytes.subarray(0, end + 1);
    if (this.#skipping === 'dropped') this.#drop(skipped);
    if (end >= 0) this.#skipping = null;
    return bytes.subarray(skipped.length);
  }

  #drop(bytes: Buffer): void {
    this.#tail = Buffer.concat([this.#tail, bytes.subarray(-LAST_WORDS_BYTES)]).subarray(-LAST_WORDS_BYTES);
    this.#sink.dropped(bytes.length);
  }
}

/** Where the first line ends, or that it is longer than is kept; `null`: not yet known. */
function endOfLine(bytes: Buffer): number | null {
  const end = bytes.indexOf(0x0a);
  if (end >= 0) return end;
  return bytes.length > LINE_MAX_BYTES ? bytes.length : null;
}

/** Reads a stream until it ends or is destroyed. */
export function readOutput(stream: NodeJS.ReadableStream, gate: LineGate, sink: OutputSink): void {
  const reader = new OutputReader(gate, sink);
  stream.on('data', (chunk: Buffer) => reader.push(chunk));
  for (const end of ['end', 'close']) stream.on(end, () => reader.end());
}
