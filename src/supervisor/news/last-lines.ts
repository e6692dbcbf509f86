/** The last lines of each host, for its crash card. */

import type { LogLine } from '../types.js';

/** So many of each host. */
const MAX_LINES = 50;
/** A longer line is cut: one line may have 64 KiB, and all are kept as long as the host lives. */
const MAX_CHARACTERS = 2000;

/** Keeps them from the begin of a host to its end. */
export class LastLines {
  readonly #rows = new Map<number, LogLine[]>();

  /** A host begins. */
  begin(generation: number): void {
    if (!this.#rows.has(generation)) this.#rows.set(generation, []);
  }

  /** Takes a line. Lines of no host in particular, or of one that has ended, are not kept. */
  add(line: LogLine): void {
    const row = line.generation === null ? undefined : this.#rows.get(line.generation);
    if (row === undefined) return;
    row.push(line.text.length <= MAX_CHARACTERS ? line : { ...line, text: cut(line.text) });
    if (row.length > MAX_LINES) row.shift();
  }

  /** A host has ended: its lines, oldest first. */
  end(generation: number): LogLine[] {
    const row = this.#rows.get(generation) ?? [];
    this.#rows.delete(generation);
    return row;
  }
}

/** In memory of its own: a part of a text would keep the whole. */
function cut(text: string): string {
  return `${Buffer.from(text.slice(0, MAX_CHARACTERS)).toString()}... [line cut]`;
}
