/** Reads what a server says in JSON. */

import Long from 'long';
import { CallEvent, type WireLogin } from '../../call-event.js';
import type { WireParams } from '../../params.js';
import { invalid, readingEvent } from '../frame-error.js';
import { type Ack, type Hello, MAX_ACK_IDS, type SendStatus, type ServerEvent, type ServerFrame } from '../frames.js';
import { type Kinds, readLine } from './read-line.js';
import {
  addressOf,
  base64Of,
  booleanOf,
  listOf,
  longOf,
  objectOf,
  paramsOf,
  type Read,
  readObject,
  readsOf,
  stringOf,
  textOf,
  u32Of,
  u64Of,
} from './reading.js';

const NOTHING = Buffer.alloc(0);

const KINDS: Kinds<ServerFrame> = new Map<string, (value: unknown, where: string) => ServerFrame>([
  ['hello', readHello],
  ['event', readEvent],
  ['ack', readAck],
  ['send_status', readSendStatus],
]);

/**
 * Reads one line.
 *
 * @param hasEnd `false`: the connection ended before the end of the line
 * @throws FrameError
 */
export function readServerLine(line: Buffer, hasEnd = true): ServerFrame {
  return (
    readLine(line, KINDS, hasEnd) ??
    invalid('the line is of no kind that this core knows: hello, event, ack or send_status')
  );
}

const HELLO = readsOf<Hello>({
  version_min: (into, value, where) => {
    into.versionMin = u32Of(value, where);
  },
  version_max: (into, value, where) => {
    into.versionMax = u32Of(value, where);
  },
  server: (into, value, where) => {
    into.server = textOf(value, where);
  },
  instance: (into, value, where) => {
    into.instance = textOf(value, where);
  },
  takes_sends: (into, value, where) => {
    into.takesSends = booleanOf(value, where);
  },
  window: (into, value, where) => {
    into.window = u32Of(value, where);
  },
});

function readHello(value: unknown, where: string): Hello {
  return readObject<Hello>(value, where, HELLO, {
    kind: 'hello',
    versionMin: 0,
    versionMax: 0,
    server: '',
    instance: '',
    takesSends: false,
    window: 0,
  });
}

const ACK = readsOf<Ack>({
  sent_ids: (into, value, where) => {
    into.sentIds = listOf(value, where, MAX_ACK_IDS, textOf);
  },
  refused: (into, value, where) => {
    into.refused = booleanOf(value, where);
  },
});

function readAck(value: unknown, where: string): Ack {
  return readObject<Ack>(value, where, ACK, { kind: 'ack', sentIds: [], refused: false });
}

const SEND_STATUS = readsOf<SendStatus>({
  sent_id: (into, value, where) => {
    into.sentId = textOf(value, where);
  },
  status: (into, value, where) => {
    into.status = u32Of(value, where);
  },
  params: (into, value, where) => {
    into.params = paramsOf(value, where);
  },
});

function readSendStatus(value: unknown, where: string): SendStatus {
  return readObject<SendStatus>(value, where, SEND_STATUS, { kind: 'send_status', sentId: '', status: 0, params: {} });
}

/** What an event is, while it is read. */
interface Found {
  trace: boolean;
  /** The key of its kind, and what makes the event. */
  kind: string | null;
  make: () => CallEvent;
}

const eventKind = (make: (value: unknown, where: string) => CallEvent): Read<Found> => {
  return (into, value, where) => {
    if (into.kind !== null) invalid(`the event is ${into.kind} and ${where}, and must be of one kind`);
    into.kind = where;
    into.make = () => make(value, where);
  };
};

const EVENT = readsOf<Found>({
  // Read before.
  id: () => undefined,
  trace: (into, value, where) => {
    into.trace = booleanOf(value, where);
  },
  message: eventKind(readMessage),
  status: eventKind((value, where) => CallEvent.status(paramsOf(value, where))),
  login: eventKind(readLogin),
  call: eventKind((value, where) => {
    objectOf(value, where);
    return CallEvent.empty('call');
  }),
  call_status: eventKind((value, where) => {
    objectOf(value, where);
    return CallEvent.empty('callStatus');
  }),
});

function readEvent(value: unknown, where: string): ServerEvent {
  const given = objectOf(value, where).id;
  const told = given === undefined || given === null ? null : u64Of(given, `${where}.id`);
  const id = told ?? 0n;
  return readingEvent(told, () => {
    const none = () => invalid('the event is of no kind that this core knows');
    const found = readObject<Found>(value, where, EVENT, { trace: false, kind: null, make: none });
    return { kind: 'event', id, trace: found.trace, event: found.make() };
  });
}

interface Message {
  params: WireParams;
  payload: Uint8Array | null;
}

const payload = (read: (value: unknown, where: string) => Uint8Array): Read<Message> => {
  return (into, value, where) => {
    if (into.payload !== null) invalid(`${where}: a message has text or payload, and not both`);
    into.payload = read(value, where);
  };
};

const MESSAGE = readsOf<Message>({
  params: (into, value, where) => {
    into.params = paramsOf(value, where);
  },
  payload: payload(base64Of),
  text: payload((value, where) => Buffer.from(stringOf(value, where))),
});

function readMessage(value: unknown, where: string): CallEvent {
  const message = readObject<Message>(value, where, MESSAGE, { params: {}, payload: null });
  return CallEvent.wireMessage(message.params, message.payload ?? NOTHING);
}

const LOGIN = readsOf<WireLogin>({
  flags: (into, value, where) => {
    into.flags = longOf(value, where);
  },
  online: (into, value, where) => {
    into.online = longOf(value, where);
  },
  address: (into, value, where) => {
    into.address = addressOf(value, where);
  },
});

function readLogin(value: unknown, where: string): CallEvent {
  const login: WireLogin = { address: NOTHING, online: Long.UZERO, flags: Long.UZERO };
  return CallEvent.login(readObject(value, where, LOGIN, login));
}
