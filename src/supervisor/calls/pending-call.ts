/** A call on its way through one module: from the moment the chain reaches it until it has its one verdict. */

import type { BoxHeader, ExecutedEvent } from '../../wire/black-box.js';
import type { Call } from '../../wire/codec.js';
import type { WireParams } from '../../wire/params.js';
import type { DefaultReason, Verdict } from '../types.js';

/** The event as the wire has it, without what a link adds. */
export type CallEvent = Pick<Call, 'message' | 'status' | 'login' | 'call' | 'callStatus'>;

/** Notifications (statuses, logins, calls) wait, and are held by a host, apart from messages. In the order of service. */
export const LANES = ['message', 'notification'] as const;

/** One of {@link LANES}. */
export type LaneName = (typeof LANES)[number];

/** Which lane an event goes by. */
export function laneOf(event: CallEvent): LaneName {
  return event.message ? 'message' : 'notification';
}

/** The bytes of an event that count where memory is bounded: its payload and its addresses. */
export function bytesOf({ message, status, login }: CallEvent): number {
  const params = message?.params ?? status;
  const addresses = (params?.to?.length ?? 0) + (params?.from?.length ?? 0) + (login?.address?.length ?? 0);
  return addresses + (message?.payload?.length ?? 0);
}

/** What came of a call at one module. */
export interface CallAnswer {
  verdict: Verdict;
  /** Why the verdict is a default; `null` for the module's own. */
  default: DefaultReason | null;
  /** The parameters, when the module changed them. */
  params: WireParams | null;
  /** The payload, when the module changed it. */
  payload: Uint8Array | null;
}

/** A call that waits for its verdict, and takes exactly one. */
export class PendingCall {
  readonly event: CallEvent;
  /** On the clock of `performance.now()`. */
  readonly deadlineMs: number;
  readonly #resolve: (answer: CallAnswer) => void;
  /** How often a host crashed that had it in hand next, and did not say that it executed anything. */
  suspected = 0;
  #settled = false;

  constructor(event: CallEvent, deadlineMs: number, resolve: (answer: CallAnswer) => void) {
    this.event = event;
    this.deadlineMs = deadlineMs;
    this.#resolve = resolve;
  }

  get settled(): boolean {
    return this.#settled;
  }

  /** Gives the call its verdict; `false` when it has one already, which stands. */
  settle(answer: CallAnswer): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    this.#resolve(answer);
    return true;
  }
}

/** The call in words, as `on_message of message 7`; a message without an id has none here. */
export function describeCall(event: CallEvent): string {
  if (event.message) return `on_message${ofMessage(event.message.params?.id)}`;
  if (event.status) return `on_message_status${ofMessage(event.status.id)}`;
  if (event.login) return 'on_login';
  return event.call ? 'on_call' : 'on_call_status';
}

function ofMessage(id: { toString(): string } | null | undefined): string {
  const digits = id?.toString() ?? '0';
  return digits === '0' ? '' : ` of message ${digits}`;
}

const CALLBACKS: Record<ExecutedEvent, string> = {
  message: 'on_message',
  status: 'on_message_status',
  login: 'on_login',
  call: 'on_call',
  callStatus: 'on_call_status',
  http: 'a callback of an http request',
};

/** What a host executes beside calls, in words, with the call that led to it; `null`: nothing that its box tells of. */
export function describeExecuting({ currentEvent, cause }: BoxHeader): string | null {
  if (currentEvent !== 'http') return null;
  if (cause === null || cause.event === 'http') return CALLBACKS.http;
  const isMessage = cause.event === 'message' || cause.event === 'status';
  return `${CALLBACKS.http} made in ${CALLBACKS[cause.event]}${isMessage ? ofMessage(cause.messageId) : ''}`;
}
