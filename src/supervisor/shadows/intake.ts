/**
 * What a shadow is going to be offered: what its primary has answered. It is offered in a later turn of the event loop, so that
 * other modules have their calls first. What waits for the shadow is bounded.
 */

import { performance } from 'node:perf_hooks';
import type { CallEvent } from '../../wire/call-event.js';
import type { Callback } from '../../wire/event-kinds.js';
import type { Conversation } from '../calls/conversation.js';
import type { AnswerTaker } from '../calls/pending-call.js';
import type { Comparison, ComparisonHolder } from './comparison.js';

/** A shadow, as far as it is offered events. */
export interface ShadowModule {
  readonly spec: { deadlineMs: number; queue: number };
  readonly desired: 'up' | 'down';
  wants(callback: Callback): boolean;
  /** Whether its settings let it have the event. */
  admits(event: CallEvent, conversation: Conversation): boolean;
  offer(event: CallEvent, deadlineMs: number, nowMs: number, conversation: Conversation, taker: AnswerTaker): void;
}

/** How the intake is bounded and when it works. */
export interface IntakeOptions {
  /** Of what waits here, and of what the shadow has not answered yet. */
  limitBytes: () => number;
  /** Runs something in the next turn of the event loop. */
  later?: (run: () => void) => void;
  /** In milliseconds. */
  now?: () => number;
}

/** Offered in one turn. Others have their turn then. */
const TURN_EVENTS = 64;
/** A turn that took so long has its last event. Large events take long, and so does a long `match`. */
const TURN_MS = 2;
/** So many may wait here, whatever the queue of the shadow is. */
const LEAST_WAITING = 1024;

/** In the order in which the primary answered them, which is that of each conversation. */
export class Intake implements ComparisonHolder {
  readonly #shadow: ShadowModule;
  readonly #limitBytes: () => number;
  readonly #later: (run: () => void) => void;
  readonly #now: () => number;
  #waiting: (Comparison | null)[] = [];
  #at = 0;
  /** Of all that the shadow has not answered. */
  #bytes = 0;
  #isScheduled = false;

  constructor(
    shadow: ShadowModule,
    { limitBytes, later = (run) => void setImmediate(run), now = () => performance.now() }: IntakeOptions,
  ) {
    this.#shadow = shadow;
    this.#limitBytes = limitBytes;
    this.#later = later;
    this.#now = now;
  }

  /** Takes one, or skips it when too much waits. */
  add(comparison: Comparison): void {
    const { heldBytes } = comparison;
    const waiting = this.#waiting.length - this.#at;
    const isFull = waiting >= Math.max(LEAST_WAITING, this.#shadow.spec.queue);
    if (isFull || (this.#bytes > 0 && this.#bytes + heldBytes > this.#limitBytes())) {
      comparison.skip();
      return;
    }
    this.#waiting.push(comparison);
    this.#bytes += heldBytes;
    comparison.heldBy(this);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // Two turns: frames for the next module of the chain may leave in the next one.
    this.#later(() => this.#later(() => this.#turn()));
  }

  released(heldBytes: number): void {
    this.#bytes -= heldBytes;
  }

  #turn(): void {
    const beganMs = this.#now();
    const end = Math.min(this.#waiting.length, this.#at + TURN_EVENTS);
    let nowMs = beganMs;
    while (this.#at < end && nowMs < beganMs + TURN_MS) {
      const comparison = this.#waiting[this.#at];
      this.#waiting[this.#at++] = null;
      if (comparison) this.#offer(comparison, nowMs);
      nowMs = this.#now();
    }
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
    const { primary } = comparison;
    if (primary === null) return;
    const { event, conversation } = primary;
    const shadow = this.#shadow;
    // It is not to see it, so nothing is compared.
    if (!shadow.admits(event, conversation)) comparison.leaveOut();
    else if (shadow.wants(event.callback)) {
      comparison.offered(nowMs);
      shadow.offer(event, nowMs + shadow.spec.deadlineMs, nowMs, conversation, comparison);
    } else if (shadow.desired === 'down') comparison.wasDown(nowMs);
    else comparison.passed(nowMs);
  }
}
