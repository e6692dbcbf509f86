/** What becomes of events, as callers get it. */

import type { OutcomeFrame } from '../wire/gateway/frames.js';
import { fromWireParams, type MessageParams } from '../wire/params.js';
import type { ClientDecision, ClientOutcome, Reason, TraceEntry } from './types.js';

const NO_TRACE: readonly TraceEntry[] = [];

/** The id of an event, in two halves of 32 bits. */
export interface EventId {
  low: number;
  high: number;
}

/** On any event. The id is made a bigint only for those who look at it. */
export class Decision implements ClientDecision {
  verdict: 'pass' | 'consumed';
  by: string | null;
  reason: Reason | null = null;
  defaultBy: string | null = null;
  unreachable = false;
  trace: readonly TraceEntry[] = NO_TRACE;
  readonly #id: number;
  readonly #epoch: number;

  /** @param id -1: it was not handed over */
  constructor(verdict: 'pass' | 'consumed', by: string | null, id: number, epoch: number) {
    this.verdict = verdict;
    this.by = by;
    this.#id = id;
    this.#epoch = epoch;
  }

  get eventId(): bigint | null {
    return this.#id < 0 ? null : (BigInt(this.#epoch) << 32n) | BigInt(this.#id);
  }

  /** Takes what is in a frame beside the verdict. */
  take({ defaultReason, defaultBy, trace }: OutcomeFrame): void {
    this.reason = defaultReason;
    this.defaultBy = defaultBy;
    if (trace.length === 0) return;
    this.trace = trace.map(({ module, verdict, defaultReason: reason, micros }) => ({
      module,
      verdict,
      default: reason,
      micros,
    }));
  }
}

/** On a message. */
export class Outcome extends Decision implements ClientOutcome {
  params: MessageParams;
  payload: Buffer;
  changed = false;

  constructor(
    verdict: 'pass' | 'consumed',
    by: string | null,
    id: number,
    epoch: number,
    params: MessageParams,
    payload: Buffer,
  ) {
    super(verdict, by, id, epoch);
    this.params = params;
    this.payload = payload;
  }

  override take(frame: OutcomeFrame): void {
    super.take(frame);
    if (frame.params) this.params = fromWireParams(frame.params);
    // A copy: it would keep all alive that arrived with it.
    if (frame.payload) this.payload = Buffer.from(frame.payload);
    this.changed = frame.params !== null || frame.payload !== null;
  }
}
