/** The frames between chat servers and cores as plain values, the same for both encodings. */

import type { CallEvent } from '../call-event.js';
import type { WireParams } from '../params.js';

/** The protocol versions that this build speaks, first to last. */
export const GATEWAY_VERSIONS = { min: 1, max: 1 } as const;

/** An `Ack` names no more sends than this. */
export const MAX_ACK_IDS = 10_000;

/** A name or a sent id has no more bytes than this. */
export const MAX_TEXT_BYTES = 4096;

/** The room of a frame beside the largest payload: for the parameters and the frame itself. */
const FRAME_ROOM_BYTES = 1024 * 1024;

/** The longest frame of protobuf, for a largest payload. */
export function maxFrameBytes(maxMessageBytes: number): number {
  return maxMessageBytes + FRAME_ROOM_BYTES;
}

/** The longest line of JSON, without its end, for a largest payload. */
export function maxLineBytes(maxMessageBytes: number): number {
  return 2 * maxFrameBytes(maxMessageBytes);
}

/** The first frame of a server. */
export interface Hello {
  kind: 'hello';
  versionMin: number;
  versionMax: number;
  server: string;
  /** Empty: the connection stands for itself. */
  instance: string;
  takesSends: boolean;
  /** 0: the usual one. */
  window: number;
}

/** Something that happened in a server. */
export interface ServerEvent {
  kind: 'event';
  id: bigint;
  /** Whether the outcome is to say what each module made of it. */
  trace: boolean;
  event: CallEvent;
}

/** Sends that a server has taken, or refuses. */
export interface Ack {
  kind: 'ack';
  sentIds: string[];
  refused: boolean;
}

/** What became of a send. */
export interface SendStatus {
  kind: 'send_status';
  sentId: string;
  status: number;
  /** Only those that differ from what was sent. */
  params: WireParams;
}

/** What a server says. */
export type ServerFrame = Hello | ServerEvent | Ack | SendStatus;

/** The answer of a core to a Hello; again whenever the callbacks change. */
export interface Welcome {
  kind: 'welcome';
  version: number;
  coreVersion: string;
  maxMessage: number;
  window: number;
  callbacks: string[];
  chainDeadlineMs: number;
}

/** What one module made of an event. */
export interface TracedVerdict {
  module: string;
  verdict: 'pass' | 'consumed';
  /** `null`: the module gave its own. */
  defaultReason: string | null;
  micros: number;
}

/** What the modules decided on an event. */
export interface OutcomeFrame {
  kind: 'outcome';
  id: bigint;
  verdict: 'pass' | 'consumed';
  /** `null` for a pass. */
  by: string | null;
  /** `null`: all modules decided themselves. */
  defaultReason: string | null;
  defaultBy: string | null;
  /** `null`: no module changed them. */
  params: WireParams | null;
  /** `null`: no module changed it. */
  payload: Uint8Array | null;
  trace: readonly TracedVerdict[];
  /** Instead of a verdict; `null`: the event was taken. */
  failure: Failure | null;
}

/** A message that a module sent. */
export interface SendFrame {
  kind: 'send';
  sentId: string;
  module: string;
  params: WireParams;
  payload: Uint8Array;
  /** The event of this server in which it was sent; `null`: none, or of another server. */
  cause: bigint | null;
}

/** Something that the core could not take. */
export interface Failure {
  kind: 'failure';
  code: string;
  message: string;
  /** The connection ends behind it. */
  fatal: boolean;
  eventId: bigint | null;
  sentIds: string[];
}

/** What a core says. */
export type CoreFrame = Welcome | OutcomeFrame | SendFrame | Failure;

/** A failure about no event and no send, unless one is added. */
export function failureOf(code: string, message: string, about: Partial<Failure> = {}): Failure {
  return { kind: 'failure', code, message, fatal: false, eventId: null, sentIds: [], ...about };
}
