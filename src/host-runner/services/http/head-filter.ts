/** Filters what a connection reads: writes the head of each response anew. */

import { HeadRefusal, plainHeadOf } from './response-head.js';

/** The most that a head may have, in bytes. */
export const LONGEST_HEAD = 256 * 1024;

const BEGIN = 'HTTP/';
/** With a few empty lines before it. */
const LONGEST_BEGIN = 64;

/** A head that arrives byte by byte takes no more memory than one that arrives at once. */
const MOST_PIECES = 1024;

const [CR, LF] = [0x0d, 0x0a];

/** The filter of one response. Responses before it, such as 103, are left out. */
export class HeadFilter {
  /** Of the head that is not whole yet. */
  #pieces: Buffer[] = [];
  #bytes = 0;
  /** Of the line that is not whole yet. */
  #lineBytes = 0;
  #lineEndsInCr = false;
  /** The first characters behind empty lines. When they are not those of HTTP, the rest is not awaited. */
  #begin = '';
  /** Empty lines may stand before a head. */
  #hasLine = false;
  #isBody = false;

  /**
   * Takes what was read.
   *
   * @returns what can be handed on, which may be nothing
   */
  push(chunk: Buffer): Buffer | HeadRefusal {
    let head: Buffer | null = null;
    let rest = chunk;
    while (!this.#isBody && rest.length > 0) {
      const end = this.#findEnd(rest);
      const piece = rest.subarray(0, end ?? rest.length);
      rest = rest.subarray(piece.length);
      this.#pieces.push(piece);
      this.#bytes += piece.length;
      if (this.#pieces.length === MOST_PIECES) this.#pieces = [Buffer.concat(this.#pieces)];
      if (this.#bytes > LONGEST_HEAD) return new HeadRefusal(`the header has more than ${LONGEST_HEAD / 1024} KiB`);
      if (!this.#beginsWell(piece)) return new HeadRefusal('it does not begin with HTTP/');
      if (end === null) continue;
      const taken = this.#take();
      if (taken instanceof HeadRefusal) return taken;
      head = taken;
    }
    return head === null ? rest : Buffer.concat([head, rest]);
  }

  #beginsWell(piece: Buffer): boolean {
    if (this.#begin.length === BEGIN.length) return true;
    const text = `${this.#begin}${piece.toString('latin1', 0, LONGEST_BEGIN)}`.replace(/^[\r\n]+/, '');
    this.#begin = text.slice(0, BEGIN.length);
    return BEGIN.startsWith(this.#begin.toUpperCase());
  }

  /** Where the head ends, behind its empty line; `null` when it goes on. */
  #findEnd(chunk: Buffer): number | null {
    let from = 0;
    for (let at = chunk.indexOf(LF); at >= 0; at = chunk.indexOf(LF, from)) {
      this.#grow(chunk, from, at);
      const isEmpty = this.#lineBytes === 0 || (this.#lineBytes === 1 && this.#lineEndsInCr);
      this.#lineBytes = 0;
      from = at + 1;
      if (isEmpty && this.#hasLine) return from;
      this.#hasLine ||= !isEmpty;
    }
    this.#grow(chunk, from, chunk.length);
    return null;
  }

  #grow(chunk: Buffer, from: number, end: number): void {
    if (end === from) return;
    this.#lineBytes += end - from;
    this.#lineEndsInCr = chunk[end - 1] === CR;
  }

  /** The head that is now complete; `null` when another head follows it. */
  #take(): Buffer | HeadRefusal | null {
    const text = Buffer.concat(this.#pieces)
      .toString('latin1')
      .replace(/^[\r\n]+/, '');
    const head = plainHeadOf(text.split(/\r?\n/).slice(0, -2));
    this.#pieces = [];
    this.#bytes = 0;
    this.#hasLine = false;
    this.#begin = '';
    if (head instanceof HeadRefusal) return head;
    this.#isBody = head.status >= 200;
    return this.#isBody ? Buffer.from(head.text, 'latin1') : null;
  }
}
