/** Events from door to decision: a message, or an event whose only result is a decision. */

import type { CallEvent } from '../../wire/call-event.js';
import { fromWireParams, type MessageParams } from '../../wire/params.js';
import type { Decision, DoorOutcome, Outcome, OutcomeTaker, TraceEntry } from '../types.js';
import { Journey, type Members } from './chain.js';
import { Conversation } from './conversation.js';
import type { Entrance } from './entrance.js';
import type { CallAnswer } from './pending-call.js';
import type { Era, Underway } from './underway.js';

/** Where journeys begin and end. */
export interface Doors {
  entrance: Entrance<Members>;
  underway: Underway;
}

abstract class DoorJourney extends Journey {
  readonly #doors: Doors;
  readonly #era: Era;

  constructor(doors: Doors, event: CallEvent, conversation: Conversation, endMs: number, skip?: string) {
    super(event, conversation, endMs, skip);
    this.#doors = doors;
    this.#era = doors.underway.enter();
  }

  /**
   * Goes in at the entrance, in the order of its conversation.
   *
   * @param route the members that it is for alone, the same object each time; `null`: the chain
   */
  enter(nowMs: number, route: Members | null = null): void {
    this.ownRoute = route;
    this.#doors.entrance.enter(this, nowMs);
  }

  protected override decided(nowMs: number): void {
    this.#doors.entrance.leave(this, nowMs);
  }

  override go(): void {
    this.tell();
    this.#doors.underway.leave(this.#era);
  }

  /** Tells the outcome to who asked. */
  protected abstract tell(): void;
}

/** A message on its way. */
export class MessageJourney extends DoorJourney {
  readonly #before: CallEvent;
  readonly #params: MessageParams;
  readonly #resolve: (outcome: Outcome) => void;

  /** @param params as they came in, for who gets them back unchanged */
  constructor(
    doors: Doors,
    event: CallEvent,
    params: MessageParams,
    endMs: number,
    skip: string | undefined,
    resolve: (outcome: Outcome) => void,
  ) {
    super(doors, event, Conversation.ofMessage(params), endMs, skip);
    this.#before = event;
    this.#params = params;
    this.#resolve = resolve;
  }

  protected override tell(): void {
    const { event, verdict, by } = this;
    const params = event === this.#before ? this.#params : fromWireParams(event.params);
    this.#resolve({ verdict, by, trace: this.ownTrace, params, payload: this.#payload });
  }

  /**
   * The caller may change it, so it shares no memory with other messages. It also shares none with this message while that may
   * still be on its way because a module did not answer in time.
   */
  get #payload(): Buffer {
    const { payload, isAlone } = this.event;
    return isAlone && !this.trace.some(isDefault) ? payload : Buffer.from(payload);
  }
}

/** An event of another kind. */
export class DecisionJourney extends DoorJourney {
  readonly #resolve: (decision: Decision) => void;

  constructor(
    doors: Doors,
    event: CallEvent,
    conversation: Conversation,
    endMs: number,
    resolve: (decision: Decision) => void,
  ) {
    super(doors, event, conversation, endMs);
    this.#resolve = resolve;
  }

  protected override tell(): void {
    this.#resolve(this.decision);
  }
}

/** An encoded event of a door. The outcome is told as it is, so that unchanged parts are not decoded. */
export class ToldJourney extends DoorJourney implements DoorOutcome {
  readonly #taker: OutcomeTaker;
  hasNewParams = false;
  hasNewPayload = false;

  constructor(
    doors: Doors,
    event: CallEvent,
    conversation: Conversation,
    endMs: number,
    taker: OutcomeTaker,
    skip?: string,
  ) {
    super(doors, event, conversation, endMs, skip);
    this.#taker = taker;
  }

  protected override change(answer: CallAnswer): void {
    super.change(answer);
    this.hasNewParams ||= answer.params !== null;
    this.hasNewPayload ||= answer.payload !== null;
  }

  protected override tell(): void {
    this.#taker.told(this);
  }
}

function isDefault(entry: TraceEntry): boolean {
  return entry.default !== null;
}

let given: ((value: never) => void) | null = null;

/** For `new Promise`: keeps the function that resolves it. One function for all promises saves a closure for each. */
export function catchResolve(resolve: (value: never) => void): void {
  given = resolve;
}

/** What resolves the promise that was made last. */
export function caught<T>(): (value: T) => void {
  return given as (value: T) => void;
}
