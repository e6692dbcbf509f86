/**
 * Tells why events got the default. The first one of each reason is told at once. Later ones are counted, and told in one line a
 * second for each reason.
 */

const EVERY_MS = 1_000;

/** Counts defaults until they are told. */
export class Warnings {
  readonly #tell: (line: string) => void;
  readonly #byReason = new Map<string, { untold: number; nextMs: number; why: string }>();

  constructor(tell: (line: string) => void) {
    this.#tell = tell;
  }

  /** An event has a default verdict. */
  add(reason: string, why: string, nowMs: number): void {
    const known = this.#byReason.get(reason) ?? { untold: 0, nextMs: Number.NEGATIVE_INFINITY, why };
    known.untold += 1;
    known.why = why;
    this.#byReason.set(reason, known);
    if (nowMs >= known.nextMs) this.#tellOf(reason, nowMs);
  }

  /** Tells of those that were not told yet. */
  flush(nowMs: number): void {
    for (const [reason, { untold }] of this.#byReason) if (untold > 0) this.#tellOf(reason, nowMs);
  }

  #tellOf(reason: string, nowMs: number): void {
    const known = this.#byReason.get(reason);
    if (!known) return;
    const { untold, why } = known;
    known.untold = 0;
    known.nextMs = nowMs + EVERY_MS;
    this.#tell(`${untold === 1 ? '1 event has' : `${untold} events have`} a default verdict: ${reason}: ${why}`);
  }
}
