/** Bodies that are events. */

import Long from 'long';
import { CallEvent, type WireLogin } from '../../wire/call-event.js';
import { invalid } from '../../wire/gateway/frame-error.js';
import { addressOf, base64Of, booleanOf, longOf, shown, stringOf } from '../../wire/gateway/json/reading.js';
import type { WireParams } from '../../wire/params.js';
import { invalidRequest } from '../failure.js';
import { type Field, type Fields, readFields } from './fields.js';
import { ADDRESS, PARAMS, U64 } from './params.js';

/** An event as a request has it. */
export interface EventRequest {
  event: CallEvent;
  /** The answer says what each module made of it. */
  trace: boolean;
}

interface Traced {
  trace: boolean;
}

const TRACE: Field<Traced> = {
  schema: { type: 'boolean', description: 'false leaves the trace out of the answer' },
  read: (into, value, where) => {
    into.trace = booleanOf(value, where);
  },
};

interface MessageBody extends Traced {
  params: WireParams;
  payload: Uint8Array | null;
}

/** A message. */
export const MESSAGE_FIELDS: Fields<MessageBody> = {
  text: {
    schema: { type: 'string', description: 'what the message says' },
    read: (into, value, where) => takePayload(into, Buffer.from(stringOf(value, where))),
  },
  payload: {
    schema: { type: 'string', contentEncoding: 'base64', description: 'its bytes, in place of text' },
    read: (into, value, where) => takePayload(into, base64Of(value, where)),
  },
  ...PARAMS,
  trace: TRACE,
};

function takePayload(into: MessageBody, payload: Uint8Array): void {
  if (into.payload !== null) throw invalidRequest('a message has text or payload, and not both');
  into.payload = payload;
}

/** A message without any is a mistake of its sender; an empty one is a message. */
const CONTENT = 'give one of both; it may be empty';

/** @throws SupervisorError */
export function readMessage(body: unknown): EventRequest {
  const found = readFields<MessageBody>(body, MESSAGE_FIELDS, { params: {}, payload: null, trace: true });
  if (found.payload === null) throw invalidRequest('the message has no text and no payload', CONTENT);
  return { event: CallEvent.wireMessage(found.params, found.payload), trace: found.trace };
}

/** What became of a message; `status` says it. */
export const STATUS_FIELDS: Fields<Traced & { params: WireParams }> = { ...PARAMS, trace: TRACE };

/** @throws SupervisorError */
export function readStatus(body: unknown): EventRequest {
  const { params, trace } = readFields(body, STATUS_FIELDS, { params: {}, trace: true });
  return { event: CallEvent.status(params), trace };
}

interface LoginBody extends Traced, Omit<WireLogin, 'address'> {
  address: WireLogin['address'] | null;
}

/** A user who logged in or out. */
export const LOGIN_FIELDS: Fields<LoginBody> = {
  address: {
    schema: ADDRESS,
    read: (into, value, where) => {
      into.address = addressOf(value, where);
    },
  },
  online: {
    schema: { description: 'whether the user is online', anyOf: [{ type: 'boolean' }, U64] },
    read: (into, value, where) => {
      into.online = onlineOf(value, where);
    },
  },
  flags: {
    schema: U64,
    read: (into, value, where) => {
      into.flags = longOf(value, where);
    },
  },
  trace: TRACE,
};

/** @throws FrameError */
function onlineOf(value: unknown, where: string): Long {
  if (typeof value === 'boolean') return Long.fromInt(value ? 1 : 0, true);
  try {
    return longOf(value, where);
  } catch {
    return invalid(`${where} is ${shown(value)}; it must be true, false, or a whole number from 0 to 2^64-1`);
  }
}

/** @throws SupervisorError */
export function readLogin(body: unknown): EventRequest {
  const none = { address: null, online: Long.UZERO, flags: Long.UZERO, trace: true };
  const { trace, address, ...login } = readFields<LoginBody>(body, LOGIN_FIELDS, none);
  if (address === null) throw invalidRequest('the login has no address', 'give the address of the user');
  return { event: CallEvent.login({ ...login, address }), trace };
}

interface CallBody extends Traced {
  kind: 'call' | 'callStatus';
}

/** A call, or the status of one. */
export const CALL_FIELDS: Fields<CallBody> = {
  kind: {
    schema: { enum: ['call', 'call_status'], description: '"call" unless it is given' },
    read: (into, value, where) => {
      if (value !== 'call' && value !== 'call_status')
        throw invalidRequest(`${where} is ${shown(value)}; it must be "call" or "call_status"`);
      into.kind = value === 'call' ? 'call' : 'callStatus';
    },
  },
  trace: TRACE,
};

/** @throws SupervisorError */
export function readCall(body: unknown): EventRequest {
  const { kind, trace } = readFields<CallBody>(body, CALL_FIELDS, { kind: 'call', trace: true });
  return { event: CallEvent.empty(kind), trace };
}
