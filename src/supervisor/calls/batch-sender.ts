/**
 * When calls leave for a host, and in which frames. The calls of one turn of the event loop travel together, and no call waits
 * for a frame to fill. Some leave sooner. A host that has nothing to do gets its calls as soon as the running callback ends. A
 * frame of many calls that holds half of what the host owes leaves at once, so that core and host work at the same time.
 */

import { encodeBatch, IN_FRAME } from '../../wire/batch.js';
import type { Peer } from '../runner/peer.js';
import type { PendingCall } from './pending-call.js';

/** A frame is closed when it holds this much, so that the host can begin. */
const FRAME_BYTES = 256 * 1024;
/**
 * So many calls are worth a frame of their own while the host has others to work on. A frame costs both sides as much as some
 * twenty calls do, and each wakes the other by it.
 */
const FRAME_CALLS = 64;
/** The core acknowledges at the latest when it is done with this share of the ring. */
const UNACKNOWLEDGED_SHARE = 16;

/** The way to one host. */
export class BatchSender {
  readonly #peer: Peer;
  readonly #ringSize: number;
  /** Calls that were not sent yet; used again after each frame. */
  readonly #ready: PendingCall[] = [];
  #taken = 0;
  #safe = 0;
  #acknowledged = 0;
  #isScheduled = false;

  constructor(peer: Peer, ringSize: number) {
    this.#peer = peer;
    this.#ringSize = ringSize;
  }

  /** The black-box position up to which everything was taken over. */
  get taken(): number {
    return this.#taken;
  }

  /**
   * Takes a call that is to be sent.
   *
   * @param owed how many calls the host owes with this one
   */
  add(pending: PendingCall, owed: number): void {
    const ready = this.#ready;
    ready.push(pending);
    if (ready.length >= Math.max(FRAME_CALLS, owed >> 1)) this.#sendReady();
    else if (ready.length === owed) this.#schedule(process.nextTick);
    else this.#schedule(setImmediate);
  }

  /** Everything up to a position is being taken over. */
  takeOver(position: number): void {
    this.#taken = position;
  }

  /** What stands before a position is not needed in the box any more: the host may use that room again. */
  release(position: number): void {
    this.#safe = position;
    if ((position - this.#acknowledged) * UNACKNOWLEDGED_SHARE > this.#ringSize) this.#schedule(setImmediate);
  }

  /** Sends what is ready. */
  flush(): void {
    if (this.#ready.length > 0) this.#sendReady();
  }

  /** Forgets what was not sent. */
  clear(): void {
    this.#ready.length = 0;
  }

  #schedule(later: (run: () => void) => void): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    later(this.#turn);
  }

  readonly #turn = (): void => {
    this.#isScheduled = false;
    if (this.#ready.length > 0) this.#sendReady();
    else if ((this.#safe - this.#acknowledged) * UNACKNOWLEDGED_SHARE > this.#ringSize) this.#send(0, 0);
  };

  #sendReady(): void {
    const ready = this.#ready;
    let first = 0;
    let bytes = 0;
    for (let i = 0; i < ready.length; i++) {
      const { place, event } = ready[i] as PendingCall;
      bytes += place === IN_FRAME ? event.heldBytes : event.headBytes;
      if (bytes < FRAME_BYTES && i < ready.length - 1) continue;
      this.#send(first, i + 1);
      first = i + 1;
      bytes = 0;
    }
    ready.length = 0;
  }

  #send(first: number, end: number): void {
    this.#acknowledged = this.#safe;
    this.#peer.sendBytes(encodeBatch(this.#ready, first, end, this.#safe));
  }
}
