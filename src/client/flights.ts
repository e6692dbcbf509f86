/** The events that have no outcome yet: those that the core has, and those that wait for their turn. */

import type { CallEvent } from '../wire/call-event.js';
import type { MessageParams } from '../wire/params.js';

/** One event on its way. */
export interface Flight {
  /** What is to be sent; `null`: it was. */
  event: CallEvent | null;
  /** Of a message; `null`: another event. */
  params: MessageParams | null;
  payload: Buffer;
  trace: boolean;
  /** When it was given to the client. */
  askedMs: number;
  endMs: number;
  /** Answers the caller; `null` once it has. */
  resolve: ((outcome: never) => void) | null;
}

/** Ids count up to here, then begin again: so they stay small integers. */
const MAX_ID = 0x3fffffff;

/** What is on its way. It decides nothing but order and bounds. */
export class Flights {
  readonly #maxWaiting: number;
  readonly #maxWaitingBytes: number;
  /**
   * In the order in which they were sent. An event whose deadline is over stays until the core has answered, because the core
   * still counts it.
   */
  readonly #sent = new Map<number, Flight>();
  #waiting: Flight[] = [];
  /** Of {@link #waiting}: those before it have left. */
  #first = 0;
  #waitingBytes = 0;
  #lastId = 0;

  constructor(maxWaiting: number, maxWaitingBytes: number) {
    this.#maxWaiting = maxWaiting;
    this.#maxWaitingBytes = maxWaitingBytes;
  }

  get inFlight(): number {
    return this.#sent.size;
  }

  get waiting(): number {
    return this.#waiting.length - this.#first;
  }

  /** The id of the next event that is sent. */
  get nextId(): number {
    return this.#lastId === MAX_ID ? 1 : this.#lastId + 1;
  }

  /** An event was sent with {@link nextId}. */
  send(flight: Flight): void {
    this.#lastId = this.nextId;
    flight.event = null;
    this.#sent.set(this.#lastId, flight);
  }

  /** The event that an outcome is for; it is no longer on its way. */
  land(id: number): Flight | undefined {
    const flight = this.#sent.get(id);
    if (flight) this.#sent.delete(id);
    return flight;
  }

  /** @returns `false`: no more may wait */
  wait(flight: Flight): boolean {
    const length = flight.event?.length ?? 0;
    if (this.waiting >= this.#maxWaiting || this.#waitingBytes + length > this.#maxWaitingBytes) return false;
    this.#waiting.push(flight);
    this.#waitingBytes += length;
    return true;
  }

  /** The next one that waits and was not answered. */
  next(): Flight | null {
    while (this.#first < this.#waiting.length) {
      const flight = this.#waiting[this.#first++] as Flight;
      this.#waitingBytes -= flight.event?.length ?? 0;
      if (this.#first === this.#waiting.length) {
        this.#waiting = [];
        this.#first = 0;
      } else if (this.#first >= 1024 && this.#first * 2 > this.#waiting.length) {
        this.#waiting = this.#waiting.slice(this.#first);
        this.#first = 0;
      }
      if (flight.resolve) return flight;
    }
    return null;
  }

  /** Gives up all that the core has. */
  *lose(): Generator<[Flight, number]> {
    const lost = [...this.#sent];
    this.#sent.clear();
    for (const [id, flight] of lost) if (flight.resolve) yield [flight, id];
  }

  /** Those whose deadline is over. Deadlines may differ, because a core may announce a new one. The caller answers them. */
  *expired(nowMs: number): Generator<[Flight, number]> {
    for (const one of this.#unanswered()) if (one[0].endMs <= nowMs) yield one;
  }

  /** When the next deadline is; `null`: nobody waits for an answer. */
  nextEndMs(): number | null {
    let next: number | null = null;
    for (const [{ endMs }] of this.#unanswered()) if (next === null || endMs < next) next = endMs;
    return next;
  }

  /** Whether anybody waits for an answer. */
  get hasUnanswered(): boolean {
    return !this.#unanswered().next().done;
  }

  /** With their ids; -1: it waits for its turn. */
  *#unanswered(): Generator<[Flight, number]> {
    for (const [id, flight] of this.#sent) if (flight.resolve) yield [flight, id];
    for (let at = this.#first; at < this.#waiting.length; at++) {
      const flight = this.#waiting[at] as Flight;
      if (flight.resolve) yield [flight, -1];
    }
  }
}
