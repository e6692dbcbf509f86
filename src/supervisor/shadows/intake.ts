/**
 * What a shadow is going to be offered: what its primary has answered. It is offered in a later turn of the event loop, so that
 * other modules have their calls first. What waits here is bounded.
 */

import { performance } from 'node:perf_hooks';
import type { CallEvent } from '../../wire/call-event.js';
import type { Callback } from '../../wire/event-kinds.js';
import type { Conversation } from '../calls/conversation.js';
import type { AnswerTaker } from '../calls/pending-call.js';
import type { Comparison } from './comparison.js';

/** A shadow, as far as it is offered events. */
export interface ShadowModule {
  readonly spec: { deadlineMs: number; queue: number };
  wants(callback: Callback): boolean;
  /** Whether its settings let it have the event. */
  admits(event: CallEvent, conversation: Conversation): boolean;
  offer(event: CallEvent, deadlineMs: number, nowMs: number, conversation: Conversation, taker: AnswerTaker): void;
}

/** Offered in one turn. Others have their turn then. */
const TURN_EVENTS = 64;
/** So many may wait here, whatever the queue of the shadow is. */
const LEAST_WAITING = 1024;

/** In the order in which the primary answered them, which is that of each conversation. */
export class Intake {
  readonly #shadow: ShadowModule;
  readonly #limitBytes: () => number;
  readonly #later: (run: () => void) => void;
  #waiting: Comparison[] = [];
  #at = 0;
  #bytes = 0;
  #isScheduled = false;

  /**
   * @param limitBytes of what waits here
   * @param later runs something in the next turn of the event loop
   */
  constructor(
    shadow: ShadowModule,
    limitBytes: () => number,
    later: (run: () => void) => void = (run) => void setImmediate(run),
  ) {
    this.#shadow = shadow;
    this.#limitBytes = limitBytes;
    this.#later = later;
  }

  /** Takes one, or skips it when too much waits. */
  add(comparison: Comparison): void {
    const { heldBytes } = comparison.primary.event;
    const waiting = this.#waiting.length - this.#at;
    const isFull = waiting >= Math.max(LEAST_WAITING, this.#shadow.spec.queue);
    if (isFull || (waiting > 0 && this.#bytes + heldBytes > this.#limitBytes())) {
      comparison.skip();
      return;
    }
    this.#waiting.push(comparison);
    this.#bytes += heldBytes;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // Two turns: frames for the next module of the chain may leave in the next one.
    this.#later(() => this.#later(() => this.#turn()));
  }

  #turn(): void {
    const nowMs = performance.now();
    const end = Math.min(this.#waiting.length, this.#at + TURN_EVENTS);
    while (this.#at < end) this.#offer(this.#waiting[this.#at++] as Comparison, nowMs);
    this.#isScheduled = this.#at < this.#waiting.length;
    if (this.#isScheduled) {
      if (this.#at >= LEAST_WAITING) this.#cut();
      this.#later(() => this.#turn());
    } else this.#cut();
  }

  #cut(): void {
    this.#waiting = this.#waiting.slice(this.#at);
    this.#at = 0;
  }

  #offer(comparison: Comparison, nowMs: number): void {
    const { event, conversation } = comparison.primary;
    this.#bytes -= event.heldBytes;
    if (!this.#shadow.wants(event.callback)) {
      comparison.passed(nowMs);
      return;
    }
    // It is not to see it, so nothing is compared.
    if (!this.#shadow.admits(event, conversation)) return;
    comparison.offered(nowMs);
    this.#shadow.offer(event, nowMs + this.#shadow.spec.deadlineMs, nowMs, conversation, comparison);
  }
}
