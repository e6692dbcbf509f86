/** Reads what a core says in JSON. */

import { emptyOutcome, emptySend, emptyTraced, emptyWelcome } from '../empty-frames.js';
import {
  type CoreFrame,
  type Failure,
  failureOf,
  type OutcomeFrame,
  type SendFrame,
  type TracedVerdict,
  type Welcome,
} from '../frames.js';
import { type Kinds, readLine } from './read-line.js';
import { base64Of, booleanOf, listOf, paramsOf, readObject, readsOf, stringOf, u32Of, u64Of } from './reading.js';

const MOST = 1_000_000;

const KINDS: Kinds<CoreFrame> = new Map<string, (value: unknown, where: string) => CoreFrame>([
  ['welcome', readWelcome],
  ['outcome', readOutcome],
  ['send', readSend],
  ['failure', readFailure],
]);

/**
 * Reads one line.
 *
 * @returns `null` for a kind that only a newer core knows
 * @throws FrameError
 */
export function readCoreLine(line: Buffer): CoreFrame | null {
  return readLine(line, KINDS);
}

const WELCOME = readsOf<Welcome>({
  version: (into, value, where) => {
    into.version = u32Of(value, where);
  },
  core_version: (into, value, where) => {
    into.coreVersion = stringOf(value, where);
  },
  max_message: (into, value, where) => {
    into.maxMessage = u32Of(value, where);
  },
  window: (into, value, where) => {
    into.window = u32Of(value, where);
  },
  callbacks: (into, value, where) => {
    into.callbacks = listOf(value, where, MOST, stringOf);
  },
  chain_deadline_ms: (into, value, where) => {
    into.chainDeadlineMs = u32Of(value, where);
  },
});

function readWelcome(value: unknown, where: string): Welcome {
  return readObject(value, where, WELCOME, emptyWelcome());
}

function verdictOf(value: unknown, where: string): 'pass' | 'consumed' {
  return stringOf(value, where).toLowerCase() === 'consumed' ? 'consumed' : 'pass';
}

const TRACED = readsOf<TracedVerdict>({
  module: (into, value, where) => {
    into.module = stringOf(value, where);
  },
  verdict: (into, value, where) => {
    into.verdict = verdictOf(value, where);
  },
  default_reason: (into, value, where) => {
    into.defaultReason = stringOf(value, where);
  },
  micros: (into, value, where) => {
    into.micros = u32Of(value, where);
  },
});

function readTraced(value: unknown, where: string): TracedVerdict {
  return readObject(value, where, TRACED, emptyTraced());
}

const OUTCOME = readsOf<OutcomeFrame>({
  id: (into, value, where) => {
    into.id = u64Of(value, where);
  },
  verdict: (into, value, where) => {
    into.verdict = verdictOf(value, where);
  },
  by: (into, value, where) => {
    into.by = stringOf(value, where);
  },
  default_reason: (into, value, where) => {
    into.defaultReason = stringOf(value, where);
  },
  default_by: (into, value, where) => {
    into.defaultBy = stringOf(value, where);
  },
  params: (into, value, where) => {
    into.params = paramsOf(value, where);
  },
  payload: (into, value, where) => {
    into.payload = base64Of(value, where);
  },
  text: (into, value, where) => {
    into.payload = Buffer.from(stringOf(value, where));
  },
  trace: (into, value, where) => {
    into.trace = listOf(value, where, MOST, readTraced);
  },
  failure: (into, value, where) => {
    into.failure = readFailure(value, where);
  },
});

function readOutcome(value: unknown, where: string): OutcomeFrame {
  return readObject(value, where, OUTCOME, emptyOutcome(0n));
}

const SEND = readsOf<SendFrame>({
  sent_id: (into, value, where) => {
    into.sentId = stringOf(value, where);
  },
  module: (into, value, where) => {
    into.module = stringOf(value, where);
  },
  params: (into, value, where) => {
    into.params = paramsOf(value, where);
  },
  payload: (into, value, where) => {
    into.payload = base64Of(value, where);
  },
  text: (into, value, where) => {
    into.payload = Buffer.from(stringOf(value, where));
  },
  cause: (into, value, where) => {
    into.cause = u64Of(value, where);
  },
});

function readSend(value: unknown, where: string): SendFrame {
  return readObject(value, where, SEND, emptySend());
}

const FAILURE = readsOf<Failure>({
  code: (into, value, where) => {
    into.code = stringOf(value, where);
  },
  message: (into, value, where) => {
    into.message = stringOf(value, where);
  },
  fatal: (into, value, where) => {
    into.fatal = booleanOf(value, where);
  },
  event_id: (into, value, where) => {
    into.eventId = u64Of(value, where);
  },
  sent_ids: (into, value, where) => {
    into.sentIds = listOf(value, where, MOST, stringOf);
  },
});

function readFailure(value: unknown, where: string): Failure {
  return readObject(value, where, FAILURE, failureOf('', ''));
}
