/** Random frames of the gateway. */

import fc from 'fast-check';
import Long from 'long';
import { CallEvent } from '../../../../src/wire/call-event.js';
import { emptyOutcome } from '../../../../src/wire/gateway/empty-frames.js';
import {
  type CoreFrame,
  type Failure,
  failureOf,
  type OutcomeFrame,
  type ServerFrame,
} from '../../../../src/wire/gateway/frames.js';
import { SCALARS, type WireParams } from '../../../../src/wire/params.js';

const id = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
/** Some are 0, some have all 64 bits. */
const long = fc.oneof(fc.constant(0n), fc.nat().map(BigInt), id).map((value) => Long.fromString(String(value), true));
const u32 = fc.nat({ max: 2 ** 32 - 1 });
const text = fc.string({ unit: 'grapheme', maxLength: 20 });
const name = fc.string({ minLength: 1, maxLength: 20 });
const bytes = fc
  .oneof(
    fc.uint8Array({ maxLength: 60 }),
    text.map((value) => new TextEncoder().encode(value)),
  )
  .map((value) => Buffer.from(value));
const address = bytes.map((value) => Buffer.from(value.filter((byte) => byte !== 0)));

/** Parameters; some fields are left out. */
export const params: fc.Arbitrary<WireParams> = fc.record(
  {
    ...(Object.fromEntries(SCALARS.map((field) => [field, long])) as Record<(typeof SCALARS)[number], typeof long>),
    to: address,
    from: address,
  },
  { requiredKeys: [] },
);

const event: fc.Arbitrary<CallEvent> = fc.oneof(
  fc.tuple(params, bytes).map(([given, payload]) => CallEvent.wireMessage(given, payload)),
  params.map((given) => CallEvent.status(given)),
  fc.record({ address, online: long, flags: long }).map((login) => CallEvent.login(login)),
  fc.constantFrom('call' as const, 'callStatus' as const).map((kind) => CallEvent.empty(kind)),
);

/** What a server may say. */
export const serverFrame: fc.Arbitrary<ServerFrame> = fc.oneof(
  fc.record({
    kind: fc.constant('hello' as const),
    versionMin: u32,
    versionMax: u32,
    server: text,
    instance: text,
    takesSends: fc.boolean(),
    window: u32,
  }),
  fc.record({ kind: fc.constant('event' as const), id, trace: fc.boolean(), event }),
  fc.record({ kind: fc.constant('ack' as const), sentIds: fc.array(text), refused: fc.boolean() }),
  fc.record({ kind: fc.constant('send_status' as const), sentId: text, status: u32, params }),
);

const failure: fc.Arbitrary<Failure> = fc
  .record({
    code: name,
    message: text,
    fatal: fc.boolean(),
    eventId: fc.option(id),
    sentIds: fc.array(text, { maxLength: 3 }),
  })
  .map(({ code, message, ...about }) => failureOf(code, message, about));

const verdict = fc.constantFrom('pass' as const, 'consumed' as const);
const outcome: fc.Arbitrary<OutcomeFrame> = fc.record({
  kind: fc.constant('outcome' as const),
  id,
  verdict,
  by: fc.option(name),
  defaultReason: fc.option(name),
  defaultBy: fc.option(name),
  params: fc.option(params),
  payload: fc.option(bytes),
  trace: fc.array(fc.record({ module: name, verdict, defaultReason: fc.option(name), micros: u32 }), { maxLength: 3 }),
  failure: fc.constant(null),
});

/** What a core may say. */
export const coreFrame: fc.Arbitrary<CoreFrame> = fc.oneof(
  outcome,
  fc.tuple(id, failure).map(([of, why]) => ({ ...PASSED, id: of, failure: why })),
  fc.record({
    kind: fc.constant('welcome' as const),
    version: u32,
    coreVersion: text,
    maxMessage: u32,
    window: u32,
    callbacks: fc.array(name, { maxLength: 5 }),
    chainDeadlineMs: u32,
  }),
  fc.record({
    kind: fc.constant('send' as const),
    sentId: name,
    module: name,
    params,
    payload: bytes,
    cause: fc.option(id),
  }),
  failure,
);

const PASSED = emptyOutcome(0n);

/** A frame in a form that can be compared: a number 0 equals a missing one, and views become their bytes. */
export function comparable(frame: ServerFrame | CoreFrame | null): unknown {
  if (frame === null) return null;
  if (frame.kind === 'event') return { ...frame, event: eventOf(frame.event) };
  const copy: Record<string, unknown> = { ...frame };
  if ('params' in frame && frame.params !== null) copy.params = paramsOf(frame.params);
  if ('payload' in frame && frame.payload !== null) copy.payload = hex(frame.payload);
  return copy;
}

function eventOf(event: CallEvent): unknown {
  const { kind, heldBytes } = event;
  if (kind === 'login') {
    const { address: who, online, flags } = event.login;
    return { kind, heldBytes, address: hex(who), online: String(online), flags: String(flags) };
  }
  if (kind === 'status') return { kind, heldBytes, params: paramsOf(event.params) };
  return kind === 'message'
    ? { kind, heldBytes, params: paramsOf(event.params), payload: hex(event.payload) }
    : { kind };
}

function paramsOf(given: WireParams): unknown {
  const scalars = SCALARS.map((field) => [field, String(given[field] ?? 0)]);
  return { ...Object.fromEntries(scalars), to: given.to && hex(given.to), from: given.from && hex(given.from) };
}

function hex(value: Uint8Array): string {
  return Buffer.from(value).toString('hex');
}
