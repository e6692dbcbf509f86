/** The types of the client for chat servers. */

import type { MessageParams } from '../wire/params.js';

/** Why an event has a default verdict: a reason of the client, or one that the core gives for a module. */
export type Reason = ClientReason | ModuleReason;

/** Why the modules did not decide on an event. */
export type ClientReason =
  /** No core is there, or the connection ended before the outcome. */
  | 'unreachable'
  /** No outcome within the deadline. */
  | 'late'
  /** The core did not take the event. */
  | 'refused'
  /** The payload is over `max_message` of the core. */
  | 'too-large'
  /** More events wait than may. */
  | 'full';

/** Why a module did not decide: its default verdict counted, and the others decided. */
export type ModuleReason = 'crash' | 'hang' | 'deadline' | 'down' | 'overload' | 'quarantine' | (string & {});

/** What one module made of an event. */
export interface TraceEntry {
  module: string;
  verdict: 'pass' | 'consumed';
  /** The reason of a default verdict; `null`: its own. */
  default: string | null;
  micros: number;
}

/** What became of an event. */
export interface ClientDecision {
  /** `consumed`: the server does nothing more with the event. */
  verdict: 'pass' | 'consumed';
  /** The module that consumed; `null` for a pass and for a default of the client. */
  by: string | null;
  /** Why a default verdict counted; `null`: all modules decided, or none has the callback. */
  reason: Reason | null;
  /** The module that could not decide; `null`: none, or the modules were not asked. */
  defaultBy: string | null;
  /** No module saw the event, or it cannot be known what they made of it: the verdict is the default of the client. */
  unreachable: boolean;
  /** Names the event: a send that it causes has it as its `cause`. `null`: the event was not handed over. */
  readonly eventId: bigint | null;
  /** In the order of the chain; empty unless it was asked for. */
  trace: readonly TraceEntry[];
}

/** What became of a message, and the message as it now is. */
export interface ClientOutcome extends ClientDecision {
  params: MessageParams;
  /** What was given, unless a module changed it. */
  payload: Buffer;
  /** Whether a module changed parameters or payload. */
  changed: boolean;
}

/** A message that a module sent. */
export interface ReceivedSend {
  /** The same when it comes again. */
  sentId: string;
  module: string;
  params: MessageParams;
  payload: Buffer;
  /** The `eventId` of the event of this server that caused it; `null`: none did. */
  cause: bigint | null;
}

/**
 * Delivers a message that a module sent. Resolves: it is delivered, or will be for certain. A number is its status, which its
 * module hears: 2 delivered, 3 read, and so on. Rejects: it cannot be delivered, and its module hears 0x80.
 */
export type SendHandler = (send: ReceivedSend) => unknown;

/** How a client is set up. */
export interface ClientOptions {
  /** Of the socket of the core; this or {@link runDir}. */
  path?: string;
  /** The run directory of the core: the socket is gateway.sock in it. */
  runDir?: string;
  /** The name of the server, 1 to 64 of the characters A-Z a-z 0-9 _ . - ; kept over restarts. */
  server: string;
  /** Takes what modules send. Without it this connection takes none. */
  onSend?: SendHandler;
  /** Whether this connection takes what modules send; by default whether there is {@link onSend}. */
  takesSends?: boolean;
  /** Sends that {@link onSend} has at a time; 64 by default. */
  sendWindow?: number;
  /** Of one event, in milliseconds; by default `chain_deadline` of the core and a second. */
  deadlineMs?: number;
  /** The default verdict of a message on which the modules did not decide; `pass` by default. Other events pass. */
  onUnreachable?: 'pass' | 'consume';
  /** Events that wait for their turn, beside those that the core has; 10000 by default. */
  maxWaiting?: number;
  /** Their bytes; 64 MiB by default. */
  maxWaitingBytes?: number;
  /** The longest wait before the next attempt to connect, in milliseconds; 1000 by default. */
  maxRetryMs?: number;
}

/** What a client has done so far. */
export interface ClientStats {
  /** Events that have an outcome; those of the next two together. */
  events: number;
  passed: number;
  consumed: number;
  /** Messages that modules changed. */
  changed: number;
  /** Events that passed as no module has their callback; they were not sent. */
  unwanted: number;
  /** Events with a default verdict, by reason. */
  defaults: Record<string, number>;
  /** Events that the core has. */
  inFlight: number;
  /** Events that wait for their turn. */
  waiting: number;
  /** Connections that the core welcomed; attempts that failed; connections that ended by themselves. */
  connects: number;
  failedConnects: number;
  lost: number;
  /** Outcomes that came behind the deadline, and were skipped. */
  lateOutcomes: number;
  sends: number;
  acknowledged: number;
  refusedSends: number;
  /** Sends that came again though they were answered; they were answered again, and not delivered twice. */
  repeatedSends: number;
}

/** What a core says when it welcomes a client. */
export interface CoreGreeting {
  coreVersion: string;
  /** The largest payload, in bytes. */
  maxMessage: number;
  /** Events that the core takes at a time. */
  window: number;
  /** The core decides on an event within so many milliseconds. */
  chainDeadlineMs: number;
}
