/** The calls that a host was given and has not answered, found by their sequence numbers. */

import { LANES, type Lane } from '../../wire/event-kinds.js';
import { CallRing } from './call-ring.js';
import type { PendingCall } from './pending-call.js';

/**
 * A row for each lane. A host answers the calls of a lane in their order. So an answer is for the first call of its lane. If
 * it is not, because the host lies, the row is searched.
 */
export class HeldCalls {
  readonly #rings = { message: new CallRing(), notification: new CallRing() };
  readonly #count = { message: 0, notification: 0 };
  readonly #bytes = { message: 0, notification: 0 };

  get size(): number {
    return this.#count.message + this.#count.notification;
  }

  /** What those of a lane hold, in bytes. */
  bytesIn(lane: Lane): number {
    return this.#bytes[lane];
  }

  /** How many of a lane. */
  inLane(lane: Lane): number {
    return this.#count[lane];
  }

  /** Adds one, whose number is higher than all before it. */
  add(pending: PendingCall): void {
    const { lane } = pending.event;
    this.#rings[lane].push(pending);
    this.#count[lane] += 1;
    this.#bytes[lane] += pending.event.heldBytes;
  }

  /** The call of a number; `null`: the host does not owe it. */
  find(seq: number): PendingCall | null {
    for (const lane of LANES) {
      const first = this.#rings[lane].at(0);
      if (first !== null && first.seq === seq) return first;
    }
    for (const lane of LANES) {
      const index = indexOf(this.#rings[lane], seq);
      if (index !== -1) return this.#rings[lane].at(index);
    }
    return null;
  }

  /** Takes one out that is there. */
  delete(pending: PendingCall): void {
    const { lane } = pending.event;
    const ring = this.#rings[lane];
    this.#count[lane] -= 1;
    this.#bytes[lane] -= pending.event.heldBytes;
    if (ring.at(0) === pending) {
      do ring.shift();
      while (ring.length > 0 && ring.at(0) === null);
    } else {
      ring.empty(indexOf(ring, pending.seq));
      if (ring.length > 2 * this.#count[lane] + 64) for (const one of ring.clear()) ring.push(one);
    }
  }

  /** Takes all out, in the order in which they were given. */
  clear(): PendingCall[] {
    const all = LANES.flatMap((lane) => this.#rings[lane].clear());
    this.#count.message = 0;
    this.#count.notification = 0;
    this.#bytes.message = 0;
    this.#bytes.notification = 0;
    return all.sort((a, b) => a.seq - b.seq);
  }
}

/** Numbers grow within a row; -1: it is not there. */
function indexOf(ring: CallRing, seq: number): number {
  let low = 0;
  let high = ring.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    // A place that is empty tells nothing: the next one that is not does.
    let probe = middle;
    while (probe <= high && ring.at(probe) === null) probe++;
    const found = probe <= high ? ring.at(probe) : null;
    if (found === null || found.seq > seq) high = middle - 1;
    else if (found.seq === seq) return probe;
    else low = probe + 1;
  }
  return -1;
}
