/** Where callers hand in events. They are checked and go through the chain. */

import { performance } from 'node:perf_hooks';
import type { CoreConfig } from '../config/types.js';
import { describeTooLarge, MessageError, UnknownSenderError } from '../errors.js';
import { CallEvent } from '../wire/call-event.js';
import type { Callback } from '../wire/event-kinds.js';
import { exactOf, findParamsError, snapshotOf, toAddress, toLong } from '../wire/params.js';
import type { ChainMember, Members } from './calls/chain.js';
import { Conversation } from './calls/conversation.js';
import { Entrance } from './calls/entrance.js';
import { catchResolve, caught, DecisionJourney, type Doors, MessageJourney, ToldJourney } from './calls/journeys.js';
import { Telling } from './calls/telling.js';
import { Underway } from './calls/underway.js';
import type { Module } from './module/module.js';
import { parseSentId, type SentMessages, toStatusParams } from './news/sent-messages.js';
import type {
  Decision,
  EventOptions,
  LoginUser,
  MessageOptions,
  MessageParamsInput,
  Origin,
  Outcome,
  OutcomeTaker,
  SenderOptions,
  StatusOptions,
} from './types.js';

/** What it asks its supervisor. */
export interface ReceptionOptions {
  config(): Pick<CoreConfig, 'maxMessageBytes' | 'chainDeadlineMs'>;
  /** The chain. Another object is another route. */
  modules(): readonly Module[];
  sentMessages: SentMessages;
  /** @throws {IllegalStateError} when no events are taken */
  requireServing(callback: Callback): void;
}

/** The methods are those of `Supervisor`. */
export class Reception {
  readonly #options: ReceptionOptions;
  readonly #doors: Doors;
  /** The routes of events that are for one module alone. */
  readonly #routes = new WeakMap<ChainMember, Members>();

  constructor(options: ReceptionOptions) {
    this.#options = options;
    this.#doors = { entrance: new Entrance<Members>(() => options.modules()), underway: new Underway() };
  }

  /** Resolves when all have left who are in the chain now. */
  settled(): Promise<void> {
    return this.#doors.underway.settled();
  }

  onMessage(params: MessageParamsInput, payload: Uint8Array, options: MessageOptions | undefined): Promise<Outcome> {
    const outcome = new Promise<Outcome>(catchResolve);
    const resolve = caught<Outcome>();
    try {
      this.#take(params, payload, options, resolve);
    } catch (error) {
      return Promise.reject(findParamsError(params) ?? error);
    }
    return outcome;
  }

  /** @throws as its promise of `Supervisor` rejects */
  onMessageStatus(params: MessageParamsInput, status: number, { sentId, origin }: StatusOptions): Promise<Decision> {
    this.#options.requireServing('on_message_status');
    const sent = this.#options.sentMessages.find(params, sentId);
    const sender = sentId ?? sent?.sentId;
    const wire = toStatusParams(sent?.params ?? {}, { ...params, status });
    const [event, conversation] = [CallEvent.status(wire), Conversation.ofStatus(wire)];
    if (sender === undefined) return this.#decide(event, conversation, origin);
    return this.#go(event, conversation, origin, this.#routeTo(this.#senderOf(sender)));
  }

  /** @throws as {@link onMessageStatus} */
  tellSender(params: MessageParamsInput, status: number, { sentId, origin }: SenderOptions): Promise<boolean> {
    this.#options.requireServing('on_message_status');
    const sent = this.#options.sentMessages.find(params, sentId);
    const wire = toStatusParams(sent?.params ?? {}, { ...params, status });
    const sender = this.#senderOf(sentId);
    const nowMs = performance.now();
    const endMs = nowMs + this.#options.config().chainDeadlineMs;
    return new Promise((resolve) => {
      const telling = new Telling(this.#doors.underway, origin ?? null, resolve);
      telling.begin(sender, CallEvent.status(wire), Conversation.ofStatus(wire), endMs, nowMs);
    });
  }

  /** @throws as {@link onMessageStatus} */
  onLogin(user: LoginUser, { origin }: EventOptions): Promise<Decision> {
    const login = {
      address: toAddress('address', user.address),
      online: toLong('online', user.online === false ? 0 : 1),
      flags: toLong('flags', user.flags ?? 0),
    };
    return this.#decide(CallEvent.login(login), Conversation.ofLogin(login), origin);
  }

  /** @throws as {@link onMessageStatus} */
  onCall(kind: 'call' | 'callStatus', { origin }: EventOptions): Promise<Decision> {
    return this.#decide(CallEvent.empty(kind), Conversation.ofCalls, origin);
  }

  /** @throws as {@link onMessageStatus}; `MESSAGE_TOO_LARGE` */
  submit(event: CallEvent, origin: Origin | null, taker: OutcomeTaker, sentBy?: string): void {
    this.#requireSize(event.payloadBytes);
    this.#options.requireServing(event.callback);
    if (event.kind === 'status') {
      this.#submitStatus(event, origin, taker);
      return;
    }
    const nowMs = performance.now();
    const endMs = nowMs + this.#options.config().chainDeadlineMs;
    const journey = new ToldJourney(this.#doors, event, Conversation.ofEvent(event), endMs, taker, sentBy);
    journey.origin = origin;
    journey.enter(nowMs);
  }

  /** The status of a message that a module sent is for that module alone, as in {@link onMessageStatus}. */
  #submitStatus(event: CallEvent, origin: Origin | null, taker: OutcomeTaker): void {
    const params = exactOf(event.params);
    const sent = this.#options.sentMessages.find(params);
    const own = sent === null ? event : CallEvent.status(toStatusParams(sent.params, params));
    const nowMs = performance.now();
    const endMs = nowMs + this.#options.config().chainDeadlineMs;
    const route = sent === null ? null : this.#routeTo(this.#senderOf(sent.sentId));
    const journey = new ToldJourney(this.#doors, own, Conversation.ofEvent(own), endMs, taker);
    journey.origin = origin;
    journey.enter(nowMs, route);
  }

  #take(
    params: MessageParamsInput,
    payload: Uint8Array,
    options: MessageOptions | undefined,
    resolve: (outcome: Outcome) => void,
  ): void {
    const { chainDeadlineMs } = this.#options.config();
    if (!(payload instanceof Uint8Array)) {
      throw new MessageError(
        'INVALID_ARGUMENT',
        'the payload is not a Uint8Array; convert it, for example with Buffer.from()',
      );
    }
    this.#requireSize(payload.length);
    // A copy: the caller may use its buffer again before the last module has seen it.
    const event = CallEvent.message(params, payload);
    this.#options.requireServing('on_message');
    const nowMs = performance.now();
    const endMs = nowMs + chainDeadlineMs;
    const journey = new MessageJourney(this.#doors, event, snapshotOf(params), endMs, options?.sentBy, resolve);
    journey.origin = options?.origin ?? null;
    journey.enter(nowMs);
  }

  /** @throws {MessageError} `MESSAGE_TOO_LARGE` */
  #requireSize(payloadBytes: number): void {
    const { maxMessageBytes } = this.#options.config();
    if (payloadBytes > maxMessageBytes) throw describeTooLarge(payloadBytes, maxMessageBytes);
  }

  #decide(event: CallEvent, conversation: Conversation, origin: Origin | undefined): Promise<Decision> {
    this.#options.requireServing(event.callback);
    return this.#go(event, conversation, origin, null);
  }

  #go(
    event: CallEvent,
    conversation: Conversation,
    origin: Origin | undefined,
    route: Members | null,
  ): Promise<Decision> {
    const nowMs = performance.now();
    const endMs = nowMs + this.#options.config().chainDeadlineMs;
    return new Promise((resolve) => {
      const journey = new DecisionJourney(this.#doors, event, conversation, endMs, resolve);
      journey.origin = origin ?? null;
      journey.enter(nowMs, route);
    });
  }

  /** The same object each time, because events on one route need not wait for each other. */
  #routeTo(member: ChainMember): Members {
    const known = this.#routes.get(member);
    const route = known ?? [member];
    if (!known) this.#routes.set(member, route);
    return route;
  }

  /** The module that sent a message, or its replica. */
  #senderOf(sentId: string): ChainMember {
    const origin = parseSentId(sentId);
    const module = this.#options.modules().find(({ name }) => name === origin?.module);
    if (origin && module) return module.senderOf(origin);
    const given = JSON.stringify(sentId.slice(0, 200));
    const remedy = 'give the one that came with the message, or none';
    throw new UnknownSenderError(
      'INVALID_ARGUMENT',
      `the sentId ${given} names no module of this supervisor; ${remedy}`,
    );
  }
}
