/** What is offered to modules, and what they decide. */

import type { MessageParams } from '../../wire/params.js';
import type { Origin } from './origin.js';

/** What a module, or a default in its place, decided. */
export type Verdict = 'pass' | 'consumed';

/** Why a default verdict was given in a module's place. */
export type DefaultReason = 'crash' | 'hang' | 'deadline' | 'down' | 'overload' | 'quarantine';

/** One line of a trace: what one module made of the call. */
export interface TraceEntry {
  module: string;
  verdict: Verdict;
  /** Why the verdict is a default one; `null` for the module's own. */
  default: DefaultReason | null;
  /** From the moment the chain reached the module to its verdict. */
  micros: number;
}

/** What the chain decided on an event. */
export interface Decision {
  verdict: Verdict;
  /** The module whose verdict, its own or a default, consumed; `null` for a pass. */
  by: string | null;
  trace: TraceEntry[];
}

/** What the chain decided on a message, and the message as it now is. */
export interface Outcome extends Decision {
  params: MessageParams;
  payload: Buffer;
}

/** Options of one event. */
export interface EventOptions {
  /** Where it came from: known of what modules send because of it. */
  origin?: Origin;
}

/** Options of one message. */
export interface MessageOptions extends EventOptions {
  /** The module that sent this message: it is not offered to it again. */
  sentBy?: string;
}

/** Options of one status. */
export interface StatusOptions extends EventOptions {
  /** Of the message, when a module sent it: the status is for that module alone. */
  sentId?: string;
}

/** Options of one status of a message that a module sent. */
export interface SenderOptions extends EventOptions {
  /** Of the message. */
  sentId: string;
}

/** A user who logged in, for `onLogin`. */
export interface LoginUser {
  address: string;
  online?: boolean;
  flags?: bigint | number;
}
