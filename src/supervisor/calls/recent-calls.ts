/** The last calls that a module made, for the crash card of its host. */

import { CallEvent } from '../../wire/call-event.js';
import type { CallKind } from '../../wire/event-kinds.js';
import type { DeathCall, Verdict } from '../types.js';

/** So many are remembered. A power of two. */
const MAX_CALLS = 16;
/** The parameters of most calls fit into this. */
const HEAD_BYTES = 192;

/**
 * Remembers calls without their payloads, which are not kept longer than the calls themselves. Unless it is told to keep whole calls,
 * it copies the parameters into memory of its own. So a call costs no allocation.
 */
export class RecentCalls {
  #keepsWhole: boolean;
  /** How many there were. */
  #count = 0;
  readonly #seqs: number[] = [];
  readonly #kinds: CallKind[] = [];
  readonly #verdicts: Verdict[] = [];
  readonly #payloadBytes: number[] = [];
  readonly #headBytes: number[] = [];
  /** What does not fit into {@link #heads}: a whole call, or long parameters. */
  readonly #events: (CallEvent | null)[] = [];
  #heads: Buffer | null = null;

  constructor(keepsWhole: boolean) {
    this.#keepsWhole = keepsWhole;
  }

  /** Keeps the payloads of calls from now on, or no longer. */
  keepWhole(keepsWhole: boolean): void {
    this.#keepsWhole = keepsWhole;
    if (!keepsWhole) for (const [at, event] of this.#events.entries()) if (event) this.#events[at] = headOf(event);
  }

  /** The module has answered a call. */
  add(seq: number, event: CallEvent, verdict: Verdict): void {
    const at = this.#count++ & (MAX_CALLS - 1);
    const { headBytes } = event;
    this.#seqs[at] = seq;
    this.#kinds[at] = event.kind;
    this.#verdicts[at] = verdict;
    this.#payloadBytes[at] = event.payloadBytes;
    this.#headBytes[at] = headBytes;
    if (this.#keepsWhole) this.#events[at] = event;
    else if (headBytes > HEAD_BYTES) this.#events[at] = headOf(event);
    else {
      this.#events[at] = null;
      this.#heads ??= Buffer.alloc(MAX_CALLS * HEAD_BYTES);
      copy(event.bytes, event.at, this.#heads, at * HEAD_BYTES, headBytes);
    }
  }

  /** Those that are remembered, oldest first. */
  list(): DeathCall[] {
    const first = Math.max(0, this.#count - MAX_CALLS);
    return Array.from({ length: this.#count - first }, (_, i) => this.#at((first + i) & (MAX_CALLS - 1)));
  }

  #at(at: number): DeathCall {
    const kind = this.#kinds[at] as CallKind;
    const payloadBytes = this.#payloadBytes[at] as number;
    const event = this.#events[at] ?? this.#readHead(kind, at);
    const isWhole = event.payloadBytes === payloadBytes;
    const verdict = this.#verdicts[at] as Verdict;
    return { seq: this.#seqs[at] as number, verdict, payloadBytes, event, isWhole };
  }

  #readHead(kind: CallKind, at: number): CallEvent {
    const heads = this.#heads as Buffer;
    const from = at * HEAD_BYTES;
    const bytes = Buffer.from(heads.subarray(from, from + (this.#headBytes[at] as number)));
    return new CallEvent(kind, bytes, 0, bytes.length, 0, 0);
  }
}

/** The event without its payload, in memory of its own. */
function headOf({ kind, bytes, at, headBytes }: CallEvent): CallEvent {
  return new CallEvent(kind, Buffer.from(bytes.subarray(at, at + headBytes)), 0, headBytes, 0, 0);
}

/** For few bytes a loop is faster than `Buffer.copy`, which allocates a view in some versions of Node. */
function copy(source: Buffer, from: number, target: Buffer, to: number, length: number): void {
  for (let i = 0; i < length; i++) target[to + i] = source[from + i] as number;
}
