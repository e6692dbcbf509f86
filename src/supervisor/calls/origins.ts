/** Where the latest calls of a host came from: a module may send because of a call that is over. Pure. */

import type { Origin } from '../types.js';

/** So many are remembered, of the calls given last. */
const MAX_CALLS = 16_384;
const FEWEST = 64;

/**
 * The origins of answered calls, by their sequence numbers. Calls without an origin cost nothing. It keeps the content of an
 * origin, not the object: thousands of objects that live for a while slow down the garbage collector.
 */
export class Origins {
  readonly #max: number;
  #slots = new Slots(FEWEST);

  constructor(max = MAX_CALLS) {
    this.#max = max;
  }

  /** Remembers that of one call. */
  remember(seq: number, origin: Origin): void {
    let slots = this.#slots;
    let at = seq % slots.length;
    while (slots.servers[at] !== null && slots.length < this.#max && seq - (slots.seqs[at] as number) < this.#max) {
      slots = this.#slots = slots.grown();
      at = seq % slots.length;
    }
    // An old call that is answered late stays out where a newer one is.
    if (seq >= (slots.seqs[at] as number)) slots.put(at, seq, origin.server, origin.eventId, origin.hops);
  }

  /** @returns `null`: it had none, or is forgotten */
  find(seq: number): Origin | null {
    const { seqs, servers, hops, length } = this.#slots;
    const at = seq % length;
    const server = servers[at] ?? null;
    if (server === null || seqs[at] !== seq) return null;
    return { server, eventId: this.#slots.eventIdAt(at), hops: hops[at] as number };
  }
}

/** Origins by the last digits of the sequence numbers; the length is a power of two. */
class Slots {
  readonly length: number;
  readonly seqs: Float64Array;
  /** `null`: the slot is free. */
  readonly servers: (string | null)[];
  readonly #eventIds: BigUint64Array;
  /** 1: the event has an id. */
  readonly #hasId: Uint8Array;
  readonly hops: Uint32Array;

  constructor(length: number) {
    this.length = length;
    this.seqs = new Float64Array(length);
    this.servers = new Array(length).fill(null);
    this.#eventIds = new BigUint64Array(length);
    this.#hasId = new Uint8Array(length);
    this.hops = new Uint32Array(length);
  }

  put(at: number, seq: number, server: string, eventId: bigint | null, hops: number): void {
    this.seqs[at] = seq;
    this.servers[at] = server;
    this.#eventIds[at] = eventId ?? 0n;
    this.#hasId[at] = eventId === null ? 0 : 1;
    this.hops[at] = hops;
  }

  eventIdAt(at: number): bigint | null {
    return this.#hasId[at] === 1 ? (this.#eventIds[at] as bigint) : null;
  }

  /** The same in twice as many. */
  grown(): Slots {
    const grown = new Slots(2 * this.length);
    for (const [i, server] of this.servers.entries()) {
      const seq = this.seqs[i] as number;
      if (server !== null) grown.put(seq % grown.length, seq, server, this.eventIdAt(i), this.hops[i] as number);
    }
    return grown;
  }
}
