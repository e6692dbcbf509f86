/** Reads what a server says in protobuf. */

import type { WireParams } from '../../params.js';
import { tagOf, WIRE } from '../../protobuf.js';
import { invalid } from '../frame-error.js';
import { type Ack, type Hello, MAX_ACK_IDS, type SendStatus, type ServerFrame } from '../frames.js';
import { readEvent, readUsualEvent } from './read-event.js';
import { MAX_FIELDS, Parts, reader, readParams, readText, requireWhole, skipUnknown } from './reading.js';

const TAG = {
  frame: {
    hello: tagOf(1, WIRE.bytes),
    event: tagOf(2, WIRE.bytes),
    ack: tagOf(3, WIRE.bytes),
    sendStatus: tagOf(4, WIRE.bytes),
  },
  hello: {
    versionMin: tagOf(1, WIRE.varint),
    versionMax: tagOf(2, WIRE.varint),
    server: tagOf(3, WIRE.bytes),
    instance: tagOf(4, WIRE.bytes),
    takesSends: tagOf(5, WIRE.varint),
    window: tagOf(6, WIRE.varint),
  },
  ack: { sentIds: tagOf(1, WIRE.bytes), refused: tagOf(2, WIRE.varint) },
  sendStatus: { sentId: tagOf(1, WIRE.bytes), status: tagOf(2, WIRE.varint), params: tagOf(3, WIRE.bytes) },
} as const;

/**
 * Reads the frame from `from` to `to`. Only the content of a SendStatus is a view of `bytes`.
 *
 * @throws FrameError
 */
export function readServerFrame(bytes: Buffer, from: number, to: number): ServerFrame {
  return readUsualEvent(bytes, from, to) ?? readOther(bytes.subarray(from, to));
}

function readOther(bytes: Buffer): ServerFrame {
  reader.begin(bytes, 0, bytes.length, MAX_FIELDS);
  let kind = 0;
  let isOfTwoKinds = false;
  const parts = new Parts(bytes);
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag < TAG.frame.hello || tag > TAG.frame.sendStatus || (tag & 7) !== WIRE.bytes) {
      skipUnknown(tag, 'the frame', 4);
      continue;
    }
    isOfTwoKinds ||= kind !== 0 && kind !== tag;
    kind = tag;
    parts.take();
  }
  requireWhole('the frame');
  if (isOfTwoKinds) invalid('the frame is of two kinds, and must be of one');
  const { bytes: content, from, to } = parts.whole();
  if (kind === TAG.frame.event) return readEvent(content, from, to);
  if (kind === TAG.frame.ack) return readAck(content, from, to);
  reader.begin(content, from, to, MAX_FIELDS);
  if (kind === TAG.frame.hello) return readHello(content);
  if (kind === TAG.frame.sendStatus) return readSendStatus(content);
  return invalid('the frame is of no kind that this core knows');
}

function readHello(bytes: Buffer): Hello {
  const hello: Hello = {
    kind: 'hello',
    versionMin: 0,
    versionMax: 0,
    server: '',
    instance: '',
    takesSends: false,
    window: 0,
  };
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === TAG.hello.versionMin) hello.versionMin = reader.varint();
    else if (tag === TAG.hello.versionMax) hello.versionMax = reader.varint();
    else if (tag === TAG.hello.server) hello.server = readText(bytes, 'server');
    else if (tag === TAG.hello.instance) hello.instance = readText(bytes, 'instance');
    else if (tag === TAG.hello.takesSends) hello.takesSends = reader.bool();
    else if (tag === TAG.hello.window) hello.window = reader.varint();
    else skipUnknown(tag, 'the hello', 6);
  }
  requireWhole('the hello');
  return hello;
}

function readAck(bytes: Buffer, from: number, to: number): Ack {
  const ack: Ack = { kind: 'ack', sentIds: [], refused: false };
  reader.begin(bytes, from, to, MAX_FIELDS + MAX_ACK_IDS);
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === TAG.ack.sentIds) ack.sentIds.push(readText(bytes, 'sent_ids'));
    else if (tag === TAG.ack.refused) ack.refused = reader.bool();
    else skipUnknown(tag, 'the ack', 2);
    if (ack.sentIds.length > MAX_ACK_IDS) invalid(`the ack names more than ${MAX_ACK_IDS} sends`);
  }
  requireWhole('the ack');
  return ack;
}

function readSendStatus(bytes: Buffer): SendStatus {
  const params: WireParams = {};
  const status: SendStatus = { kind: 'send_status', sentId: '', status: 0, params };
  for (let tag = reader.next(); tag !== 0; tag = reader.next()) {
    if (tag === TAG.sendStatus.sentId) status.sentId = readText(bytes, 'sent_id');
    else if (tag === TAG.sendStatus.status) status.status = reader.varint();
    else if (tag === TAG.sendStatus.params) readParams(bytes, params);
    else skipUnknown(tag, 'the send_status', 3);
  }
  requireWhole('the send_status');
  return status;
}
