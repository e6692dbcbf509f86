/**
 * The calls that one host holds: credit, batching, correlation by sequence number. What is ready in one turn of the
 * event loop travels in one frame; nothing waits for a frame to fill.
 */

import Long from 'long';
import type { Call, Report } from '../wire/codec.js';
import { bytesOf, type LaneName, laneOf, type PendingCall } from './calls/pending-call.js';
import type { Peer } from './host-socket.js';

/** A frame is closed when it holds this much, so that the host can begin. */
const FRAME_BYTES = 256 * 1024;
/** More than an hour, which is as good as no limit: the core keeps the deadline itself. */
const MAX_U32 = 0xffffffff;
/** The core acknowledges at the latest when this share of the ring is taken over. */
const UNACKNOWLEDGED_SHARE = 16;

/** The core's end of the connection to one host. */
export class Link {
  readonly #peer: Peer;
  readonly #window: number;
  readonly #ringSize: number;
  readonly #inLane: Record<LaneName, number> = { message: 0, notification: 0 };
  #heldBytes = 0;
  readonly #held = new Map<number, PendingCall>();
  #ready: Call[] = [];
  #lastSeq = 0;
  #taken = 0;
  #acknowledged = 0;
  #scheduled = false;

  constructor(peer: Peer, window: number, ringSize: number) {
    this.#peer = peer;
    this.#window = window;
    this.#ringSize = ringSize;
  }

  /**
   * Calls of a lane that the host may still be given: a window for each, and no more bytes of messages than its ring
   * takes. Those of notifications are few, and must not have to wait for messages.
   */
  credit(lane: LaneName): number {
    return lane === 'message' && this.#heldBytes >= this.#ringSize ? 0 : this.#window - this.#inLane[lane];
  }

  /** Calls that it has not answered. */
  get inFlight(): number {
    return this.#held.size;
  }

  /** The black-box position up to which everything was taken over. */
  get taken(): number {
    return this.#taken;
  }

  /** The call of a sequence number, if the host still owes it. */
  find(seq: number): PendingCall | undefined {
    return this.#held.get(seq);
  }

  /** Says which ABI of those offered the host tries. */
  attempt(abi: string): void {
    this.#peer.send({ attempt: { abi } });
  }

  /** Hands one call to the host. */
  call(pending: PendingCall, nowMs: number): void {
    const seq = ++this.#lastSeq;
    this.#held.set(seq, pending);
    this.#inLane[laneOf(pending.event)] += 1;
    this.#heldBytes += bytesOf(pending.event);
    const budgetMicros = Math.min(MAX_U32, Math.max(1, Math.round((pending.deadlineMs - nowMs) * 1000)));
    this.#ready.push({ ...pending.event, seq: Long.fromNumber(seq, true), budgetMicros });
    this.#schedule();
  }

  /** Takes a report over: nothing in it needs to be read from the black box any more. */
  takeOver({ position }: Pick<Report, 'position'>): void {
    this.#taken = position;
    if ((this.#taken - this.#acknowledged) * UNACKNOWLEDGED_SHARE > this.#ringSize) this.#schedule();
  }

  /** The highest sequence number given so far. */
  get lastSeq(): number {
    return this.#lastSeq;
  }

  /** The call has its result: its credit is free again. */
  answered(seq: number, { event }: PendingCall): void {
    if (!this.#held.delete(seq)) return;
    this.#inLane[laneOf(event)] -= 1;
    this.#heldBytes -= bytesOf(event);
  }

  /** Asks the host for a sign of life. */
  beat(): void {
    this.#peer.send({ beat: {} });
  }

  /** Asks the host to finish and exit. */
  stop(): void {
    this.#flush();
    this.#peer.send({ stop: {} });
  }

  /** Everything the host still owes, in order, with its sequence numbers; the link holds nothing afterwards. */
  abandon(): [seq: number, pending: PendingCall][] {
    const held = [...this.#held];
    this.#held.clear();
    this.#ready = [];
    return held;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.#flush());
  }

  #flush(): void {
    this.#scheduled = false;
    const ready = this.#ready;
    this.#ready = [];
    let first = 0;
    let bytes = 0;
    for (let i = 0; i < ready.length; i++) {
      bytes += bytesOf(ready[i] ?? {});
      if (bytes < FRAME_BYTES && i < ready.length - 1) continue;
      this.#send(ready.slice(first, i + 1));
      first = i + 1;
      bytes = 0;
    }
    if (ready.length === 0 && this.#taken > this.#acknowledged) this.#send([]);
  }

  #send(calls: Call[]): void {
    this.#acknowledged = this.#taken;
    this.#peer.send({ batch: { calls, acknowledged: Long.fromNumber(this.#taken, true) } });
  }
}
