/** Where events come in from those who use a supervisor: they are checked, and go through the chain. */

import { performance } from 'node:perf_hooks';
import type { CoreConfig } from '../config/types.js';
import { MessageError } from '../errors.js';
import { CallEvent } from '../wire/call-event.js';
import type { Callback } from '../wire/event-kinds.js';
import { snapshotOf, toAddress, toLong } from '../wire/params.js';
import type { Members } from './calls/chain.js';
import { Conversation } from './calls/conversation.js';
import { Entrance } from './calls/entrance.js';
import { catchResolve, caught, DecisionJourney, type Doors, MessageJourney } from './calls/journeys.js';
import { Underway } from './calls/underway.js';
import type { Module } from './module/module.js';
import { moduleOfSentId, type SentMessages, toStatusParams } from './news/sent-messages.js';
import type { Decision, LoginUser, MessageParamsInput, Origin, Outcome } from './types.js';

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

  constructor(options: ReceptionOptions) {
    this.#options = options;
    this.#doors = { entrance: new Entrance<Members>(() => options.modules()), underway: new Underway() };
  }

  /** Resolves when all have left who are in the chain now. */
  settled(): Promise<void> {
    return this.#doors.underway.settled();
  }

  onMessage(
    params: MessageParamsInput,
    payload: Uint8Array,
    sentBy: string | undefined,
    origin: Origin | undefined,
  ): Promise<Outcome> {
    const outcome = new Promise<Outcome>(catchResolve);
    const resolve = caught<Outcome>();
    try {
      this.#take(params, payload, sentBy, origin, resolve);
    } catch (error) {
      return Promise.reject(error);
    }
    return outcome;
  }

  /** @throws as its promise of `Supervisor` rejects */
  onMessageStatus(params: MessageParamsInput, status: number, sentId: string | undefined): Promise<Decision> {
    this.#options.requireServing('on_message_status');
    const sent = this.#options.sentMessages.find(params, sentId);
    const sender = sentId ?? sent?.sentId;
    const wire = toStatusParams(sent?.params ?? {}, { ...params, status });
    const [event, conversation] = [CallEvent.status(wire), Conversation.ofStatus(wire)];
    if (sender === undefined) return this.#decide(event, conversation);
    const members = [this.#senderOf(sender)];
    return this.#go(event, conversation, (journey, nowMs) => journey.goBy(members, nowMs));
  }

  /** @throws as {@link onMessageStatus} */
  onLogin(user: LoginUser): Promise<Decision> {
    const login = {
      address: toAddress('address', user.address),
      online: toLong('online', user.online === false ? 0 : 1),
      flags: toLong('flags', user.flags ?? 0),
    };
    return this.#decide(CallEvent.login(login), Conversation.ofLogin(login));
  }

  /** @throws as {@link onMessageStatus} */
  onCall(kind: 'call' | 'callStatus'): Promise<Decision> {
    return this.#decide(CallEvent.empty(kind), Conversation.ofCalls);
  }

  #take(
    params: MessageParamsInput,
    payload: Uint8Array,
    sentBy: string | undefined,
    origin: Origin | undefined,
    resolve: (outcome: Outcome) => void,
  ): void {
    const { maxMessageBytes, chainDeadlineMs } = this.#options.config();
    if (!(payload instanceof Uint8Array)) {
      throw new MessageError(
        'INVALID_ARGUMENT',
        'the payload is no Uint8Array; convert it, for example by Buffer.from()',
      );
    }
    if (payload.length > maxMessageBytes) {
      const limit = `more than max_message (${maxMessageBytes})`;
      throw new MessageError('MESSAGE_TOO_LARGE', `the message has ${payload.length} bytes, ${limit}; it was refused`);
    }
    // A copy: the caller may use its buffer again before the last module has seen it.
    const event = CallEvent.message(params, payload);
    this.#options.requireServing('on_message');
    const nowMs = performance.now();
    const endMs = nowMs + chainDeadlineMs;
    const journey = new MessageJourney(this.#doors, event, snapshotOf(params), endMs, sentBy, resolve);
    journey.origin = origin ?? null;
    journey.enter(nowMs);
  }

  #decide(event: CallEvent, conversation: Conversation): Promise<Decision> {
    this.#options.requireServing(event.callback);
    return this.#go(event, conversation, (journey, nowMs) => journey.enter(nowMs));
  }

  #go(
    event: CallEvent,
    conversation: Conversation,
    begin: (journey: DecisionJourney, nowMs: number) => void,
  ): Promise<Decision> {
    const nowMs = performance.now();
    const endMs = nowMs + this.#options.config().chainDeadlineMs;
    return new Promise((resolve) =>
      begin(new DecisionJourney(this.#doors, event, conversation, endMs, resolve), nowMs),
    );
  }

  #senderOf(sentId: string): Module {
    const name = moduleOfSentId(sentId);
    const module = this.#options.modules().find((module) => module.name === name);
    if (module) return module;
    const given = JSON.stringify(sentId.slice(0, 200));
    const remedy = 'give the one that the message was announced with, or none';
    throw new MessageError('INVALID_ARGUMENT', `the sentId ${given} names no module of this supervisor; ${remedy}`);
  }
}
