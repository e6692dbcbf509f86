/** Reads what a core says in protobuf. */

import { tagOf, WIRE } from '../../protobuf.js';
import { emptyOutcome, emptySend, emptyTraced, emptyWelcome } from '../empty-frames.js';
import { invalid } from '../frame-error.js';
import {
  type CoreFrame,
  type Failure,
  failureOf,
  type OutcomeFrame,
  type SendFrame,
  type TracedVerdict,
  type Welcome,
} from '../frames.js';
import { MAX_FIELDS, readBytes, reader, readFixed64, readParams, readText } from './reading.js';

/** A trace names each module of the chain. */
const MAX_TRACE_FIELDS = 100_000;

const TAG = {
  frame: {
    welcome: tagOf(1, WIRE.bytes),
    outcome: tagOf(2, WIRE.bytes),
    send: tagOf(3, WIRE.bytes),
    failure: tagOf(4, WIRE.bytes),
  },
  welcome: {
    version: tagOf(1, WIRE.varint),
    coreVersion: tagOf(2, WIRE.bytes),
    maxMessage: tagOf(3, WIRE.varint),
    window: tagOf(4, WIRE.varint),
    callbacks: tagOf(5, WIRE.bytes),
    chainDeadlineMs: tagOf(6, WIRE.varint),
  },
  outcome: {
    id: tagOf(1, WIRE.fixed64),
    verdict: tagOf(2, WIRE.varint),
    by: tagOf(3, WIRE.bytes),
    defaultReason: tagOf(4, WIRE.bytes),
    defaultBy: tagOf(5, WIRE.bytes),
    params: tagOf(6, WIRE.bytes),
    payload: tagOf(7, WIRE.bytes),
    trace: tagOf(8, WIRE.bytes),
    failure: tagOf(9, WIRE.bytes),
  },
  trace: {
    module: tagOf(1, WIRE.bytes),
    verdict: tagOf(2, WIRE.varint),
    defaultReason: tagOf(3, WIRE.bytes),
    micros: tagOf(4, WIRE.varint),
  },
  send: {
    sentId: tagOf(1, WIRE.bytes),
    module: tagOf(2, WIRE.bytes),
    params: tagOf(3, WIRE.bytes),
    payload: tagOf(4, WIRE.bytes),
    cause: tagOf(5, WIRE.fixed64),
  },
  failure: {
    code: tagOf(1, WIRE.bytes),
    message: tagOf(2, WIRE.bytes),
    fatal: tagOf(3, WIRE.varint),
    eventId: tagOf(4, WIRE.fixed64),
    sentIds: tagOf(5, WIRE.bytes),
  },
} as const;

/**
 * Reads one frame. Addresses and payloads are views of `bytes`.
 *
 * @returns `null` for a kind that only a newer core knows
 * @throws FrameError
 */
export function readCoreFrame(bytes: Buffer): CoreFrame | null {
  reader.begin(bytes, 0, bytes.length, MAX_FIELDS + MAX_TRACE_FIELDS);
  let frame: CoreFrame | null = null;
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === TAG.frame.outcome) frame = inside(bytes, readOutcome);
    else if (tag === TAG.frame.send) frame = inside(bytes, readSend);
    else if (tag === TAG.frame.welcome) frame = inside(bytes, readWelcome);
    else if (tag === TAG.frame.failure) frame = inside(bytes, readFailure);
    else reader.skip(tag);
  }
  if (!reader.ok) invalid(`${bytes.length} bytes of the core are not a frame of gateway.proto`);
  return frame;
}

function inside<T>(bytes: Buffer, read: (bytes: Buffer) => T): T {
  const outer = reader.enter();
  const value = read(bytes);
  reader.leave(outer);
  return value;
}

function readOutcome(bytes: Buffer): OutcomeFrame {
  const outcome = emptyOutcome(0n);
  const trace: TracedVerdict[] = [];
  outcome.trace = trace;
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === TAG.outcome.id) outcome.id = readFixed64();
    else if (tag === TAG.outcome.verdict) outcome.verdict = readVerdict();
    else if (tag === TAG.outcome.by) outcome.by = readText(bytes, 'by');
    else if (tag === TAG.outcome.defaultReason) outcome.defaultReason = readText(bytes, 'default_reason');
    else if (tag === TAG.outcome.defaultBy) outcome.defaultBy = readText(bytes, 'default_by');
    else if (tag === TAG.outcome.params) outcome.params = readParams(bytes, outcome.params ?? {});
    else if (tag === TAG.outcome.payload) outcome.payload = readBytes(bytes);
    else if (tag === TAG.outcome.trace) trace.push(inside(bytes, readTraced));
    else if (tag === TAG.outcome.failure) outcome.failure = inside(bytes, readFailure);
    else reader.skip(tag);
  }
  return outcome;
}

function readVerdict(): 'pass' | 'consumed' {
  return reader.varint() === 1 ? 'consumed' : 'pass';
}

function readTraced(bytes: Buffer): TracedVerdict {
  const traced = emptyTraced();
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === TAG.trace.module) traced.module = readText(bytes, 'module');
    else if (tag === TAG.trace.verdict) traced.verdict = readVerdict();
    else if (tag === TAG.trace.defaultReason) traced.defaultReason = readText(bytes, 'default_reason');
    else if (tag === TAG.trace.micros) traced.micros = reader.varint();
    else reader.skip(tag);
  }
  return traced;
}

function readSend(bytes: Buffer): SendFrame {
  const send = emptySend();
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === TAG.send.sentId) send.sentId = readText(bytes, 'sent_id');
    else if (tag === TAG.send.module) send.module = readText(bytes, 'module');
    else if (tag === TAG.send.params) readParams(bytes, send.params);
    else if (tag === TAG.send.payload) send.payload = readBytes(bytes);
    else if (tag === TAG.send.cause) send.cause = readFixed64();
    else reader.skip(tag);
  }
  return send;
}

function readWelcome(bytes: Buffer): Welcome {
  const welcome = emptyWelcome();
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === TAG.welcome.version) welcome.version = reader.varint();
    else if (tag === TAG.welcome.coreVersion) welcome.coreVersion = readText(bytes, 'core_version');
    else if (tag === TAG.welcome.maxMessage) welcome.maxMessage = reader.varint();
    else if (tag === TAG.welcome.window) welcome.window = reader.varint();
    else if (tag === TAG.welcome.callbacks) welcome.callbacks.push(readText(bytes, 'callbacks'));
    else if (tag === TAG.welcome.chainDeadlineMs) welcome.chainDeadlineMs = reader.varint();
    else reader.skip(tag);
  }
  return welcome;
}

function readFailure(bytes: Buffer): Failure {
  const failure = failureOf('', '');
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === TAG.failure.code) failure.code = readText(bytes, 'code');
    else if (tag === TAG.failure.message) failure.message = readBytes(bytes).toString('utf8');
    else if (tag === TAG.failure.fatal) failure.fatal = reader.bool();
    else if (tag === TAG.failure.eventId) failure.eventId = readFixed64();
    else if (tag === TAG.failure.sentIds) failure.sentIds.push(readText(bytes, 'sent_ids'));
    else reader.skip(tag);
  }
  return failure;
}
