/** The evidence of a soak, to be judged. */

import type { Outcome, Verdict } from 'mesibo-modules';
import type { Journal } from './journal.js';
import type { Message } from './message.js';

/** The core's answer to one message. Times are on the clock of `performance.now()`. */
export interface Answer {
  number: number;
  offeredMs: number;
  answeredMs: number;
  outcome: Outcome;
}

/** A message that a module sent, as the core delivered it. */
export interface Delivery {
  module: string;
  number: number;
  /** Of the payload. */
  hash: number;
  refid: bigint;
}

/** A host that became ready, or one that ended. */
export interface HostChange {
  atMs: number;
  module: string;
  pid: number;
  kind: 'ready' | 'exited';
}

/** One module of the chain. */
export interface Member {
  name: string;
  /** The default verdict of the module. */
  defaultVerdict: Verdict;
  journal: Journal;
}

/** A time in which a module was not in the chain, or may not have been. */
export interface Absence {
  module: string;
  fromMs: number;
  /** `null`: to the end. */
  toMs: number | null;
}

/** Everything that was seen of a run. */
export interface Evidence {
  /** Messages 1 to this were offered. */
  messages: number;
  /** The message as it entered the chain. */
  original(number: number): Message;
  /** In the order of the chain. */
  members: Member[];
  answers: Answer[];
  deliveries: Delivery[];
  /** In the order in which they happened. */
  changes: HostChange[];
  absences: Absence[];
  limits: { deadlineMs: number; chainDeadlineMs: number };
}

/** What is wrong. */
export type ViolationKind =
  /** A message without an answer. */
  | 'lost'
  /** A message with two answers, or one that a module was given twice. */
  | 'doubled'
  /** An answer that contradicts itself. */
  | 'trace'
  /** An answer or a module's input that contradicts the journal. */
  | 'journal'
  /** The message that came out is not what the modules made of it. */
  | 'message'
  | 'late'
  /** A message that was overtaken by a later one of its conversation. */
  | 'disorder'
  | 'send-lost'
  | 'send-doubled'
  /** A delivered message that was never intended, that was refused, or that differs from the one sent. */
  | 'send-false'
  /** Too many default verdicts. */
  | 'defaults';

/** One promise that was broken. */
export interface Violation {
  kind: ViolationKind;
  text: string;
}
