/** Events, conversations and calls as tests write them down. */

import { type ChainMember, Journey, type Members } from '../../src/supervisor/calls/chain.js';
import { Conversation } from '../../src/supervisor/calls/conversation.js';
import { type AnswerTaker, type CallAnswer, PendingCall } from '../../src/supervisor/calls/pending-call.js';
import type { Decision } from '../../src/supervisor/types.js';
import { CallEvent, type WireLogin } from '../../src/wire/call-event.js';
import type { WireParams } from '../../src/wire/params.js';

/** An event in words: the field of Call that it has. */
export interface EventParts {
  message?: { params?: WireParams; payload?: Uint8Array };
  status?: WireParams;
  login?: WireLogin;
  call?: object;
  callStatus?: object;
}

export function makeEvent({ message, status, login, call }: EventParts): CallEvent {
  if (message) return CallEvent.wireMessage(message.params ?? {}, message.payload ?? Buffer.alloc(0));
  if (status) return CallEvent.status(status);
  if (login) return CallEvent.login(login);
  return CallEvent.empty(call ? 'call' : 'callStatus');
}

/** What stands in an event. */
export function partsOf(event: CallEvent): EventParts {
  if (event.kind === 'message') return { message: { params: event.params, payload: event.payload } };
  return event.kind === 'status' ? { status: event.params } : { [event.kind]: {} };
}

/** One conversation for each name. */
export function conversation(name: string): Conversation {
  return Conversation.ofMessage({ groupid: 0n, from: name, to: '' } as Parameters<typeof Conversation.ofMessage>[0]);
}

export function taker(answered: (answer: CallAnswer) => void): AnswerTaker {
  return { answered };
}

/** A call that is in no queue. */
export function makeCall(
  parts: EventParts,
  deadlineMs = 0,
  told: (answer: CallAnswer) => void = () => {},
  event = makeEvent(parts),
): PendingCall {
  const keeper = {
    settled: (pending: PendingCall, nowMs: number) => pending.go(nowMs),
    leaves: (_: PendingCall, answer: CallAnswer) => told(answer),
  };
  return new PendingCall(event, deadlineMs, 0, conversation('any'), keeper, taker(told));
}

/** A decision, and the event as it then was. */
export interface ChainOutcome extends Decision {
  event: CallEvent;
}

/** A journey of a test: it goes in by whatever entrance there is, and tells when it is over. */
export class TestJourney extends Journey {
  /** The chain has decided. */
  over: (nowMs: number) => void = () => {};
  /** The outcome may be told. */
  told: () => void = () => {};
  protected override decided(nowMs: number): void {
    this.over(nowMs);
  }
  override go(): void {
    this.told();
  }
}

/** Takes an event through a chain, beside everything else. */
export function runChain(
  members: Members,
  { event, conversation, endMs, skip }: { event: CallEvent; conversation: Conversation; endMs: number; skip?: string },
  done: (outcome: ChainOutcome) => void,
): void {
  const journey = new TestJourney(event, conversation, endMs, skip);
  journey.over = () => done({ ...journey.decision, event: journey.event });
  journey.begin(members, performance.now());
}

export type { ChainMember };
