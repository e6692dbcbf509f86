/** The encoder by hand against the generated code: the same bytes for any input. */

import Long from 'long';
import { describe, expect, it } from 'vitest';
import { encodeBatch, IN_FRAME, type OutgoingCall } from '../../../src/wire/batch.js';
import { CallEvent } from '../../../src/wire/call-event.js';
import { type Call, decodeCoreFrame, encodeCoreFrame } from '../../../src/wire/codec.js';
import { mesibo } from '../../../src/wire/generated/module.js';
import type { WireOrigin } from '../../../src/wire/origin.js';
import {
  fromWireParams,
  type MessageParamsInput,
  SCALARS,
  snapshotOf,
  toWireParams,
  type WireParams,
} from '../../../src/wire/params.js';
import { seeded } from '../../helpers/random.js';

type Next = (below: number) => number;

const INTEGERS = [0, 0n, 1, 127, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
const ADDRESSES = [
  null,
  '',
  'al',
  'x'.repeat(127),
  'x'.repeat(128),
  'y'.repeat(16383),
  'y'.repeat(16384),
  'z'.repeat(65536),
  'é',
  `${'x'.repeat(126)}é`,
  'ä'.repeat(32768),
  '\u{1f600}',
  'whole \u{1f600}\u{10ffff} of it',
  '\ufffd',
];
const PAYLOADS = [0, 1, 100, 127, 128, 4000, 16383, 16384, 20_000, 70_000];

const pick = <T>(next: Next, list: readonly T[]): T => list[next(list.length)] as T;

function makeInput(next: Next): MessageParamsInput {
  const input: MessageParamsInput = {};
  for (const field of SCALARS) if (next(2) === 0) input[field] = pick(next, INTEGERS);
  // The long ones now and then: they are slow to compare.
  const addresses = next(10) === 0 ? ADDRESSES : ADDRESSES.slice(0, 5);
  if (next(4) > 0) input.to = pick(next, addresses);
  if (next(4) > 0) input.from = pick(next, addresses);
  return input;
}

const makePayload = (next: Next) =>
  Buffer.alloc(pick(next, next(10) === 0 ? PAYLOADS : PAYLOADS.slice(0, 5)), next(256));

/** What is 0 is left out by hand. */
function lean(params: WireParams): WireParams {
  const kept = { ...params };
  for (const field of SCALARS) if (kept[field]?.isZero()) delete kept[field];
  return kept;
}

/** An event of any kind, as it is made, and what the generated code makes the same bytes of. */
function makeEvent(next: Next): { event: CallEvent; call: Call } {
  const input = makeInput(next);
  const params = lean(toWireParams(input));
  const payload = makePayload(next);
  switch (next(8)) {
    case 0:
      return { event: CallEvent.status(params), call: { status: params } };
    case 1: {
      const login = { address: payload, online: Long.UONE, flags: Long.fromNumber(next(9), true) };
      return { event: CallEvent.login(login), call: { login } };
    }
    case 2:
      return { event: CallEvent.empty('call'), call: { call: {} } };
    case 3:
      return { event: CallEvent.empty('callStatus'), call: { callStatus: {} } };
    case 4:
      return { event: CallEvent.wireMessage(params, payload), call: { message: { params, payload } } };
    default:
      return { event: CallEvent.message(input, payload), call: { message: { params, payload } } };
  }
}

const { Origin } = mesibo.modules.v1;
const NAMES = ['', 'a', 'prosody', '(program)', 'x'.repeat(64), 'ä'.repeat(30)];
const EVENT_IDS = [null, 0n, 1n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 64n - 1n];

/** Where an event may come from, and the bytes of the generated code. */
function makeOrigin(next: Next): { origin: WireOrigin | null; encoded: Uint8Array } {
  if (next(3) === 0) return { origin: null, encoded: new Uint8Array(0) };
  const [server, eventId, hops] = [pick(next, NAMES), pick(next, EVENT_IDS), pick(next, [0, 1, 127, 128, 2 ** 32 - 1])];
  const known = {
    ...(server === '' ? {} : { server }),
    ...(eventId === null ? {} : { eventId: Long.fromString(`${eventId}`, true) }),
    ...(hops === 0 ? {} : { hops }),
  };
  return { origin: { server, eventId, hops }, encoded: Origin.encode(known).finish() };
}

const seqs = [1, 127, 128, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];
const budgets = [1, 127, 128, 5_000_000, 2 ** 31, 2 ** 32 - 1];

describe('a batch', () => {
  it('has the bytes of the generated code, whatever is in it', () => {
    for (let seed = 1; seed <= 2000; seed++) {
      const next = seeded(seed);
      const made = Array.from({ length: next(4) }, () => ({ ...makeEvent(next), ...makeOrigin(next) }));
      const calls = made.map(
        ({ event, origin }): OutgoingCall => ({
          event,
          origin,
          seq: pick(next, seqs),
          budgetMicros: pick(next, budgets),
          place: IN_FRAME,
        }),
      );
      const acknowledged = pick(next, [0, ...seqs]);
      const generated = encodeCoreFrame({
        batch: {
          calls: made.map(({ call, encoded }, i) => {
            const { seq, budgetMicros } = calls[i] as OutgoingCall;
            const known = encoded.length === 0 ? {} : { origin: encoded };
            return { ...call, seq: Long.fromNumber(seq, true), budgetMicros, ...known };
          }),
          acknowledged: Long.fromNumber(acknowledged, true),
        },
      });
      const byHand = encodeBatch(calls, 0, calls.length, acknowledged);
      if (Buffer.compare(byHand, generated) !== 0) expect(byHand, `seed ${seed}`).toEqual(generated);
    }
  });

  it('names the place of a payload that does not travel in it, as the generated code does', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const next = seeded(seed);
      const input = makeInput(next);
      const payload = Buffer.alloc(pick(next, [1, 127, 128, 16384, 70_000, 2 ** 21]), next(256));
      const event = CallEvent.message(input, payload);
      const place = pick(next, [0, 64, 2 ** 31, 2 ** 32 - 1]);
      const call = { event, seq: pick(next, seqs), budgetMicros: pick(next, budgets), place, origin: null };
      const generated = encodeCoreFrame({
        batch: {
          calls: [
            {
              seq: Long.fromNumber(call.seq, true),
              budgetMicros: call.budgetMicros,
              message: {
                params: lean(toWireParams(input)),
                place: { ...(place === 0 ? {} : { at: place }), bytes: payload.length },
              },
            },
          ],
          acknowledged: Long.UZERO,
        },
      });
      expect(Buffer.compare(encodeBatch([call], 0, 1, 0), generated), `seed ${seed}`).toBe(0);
      expect(event.payload.equals(payload)).toBe(true);
      expect(event.payload.byteOffset).toBe(event.bytes.byteOffset + event.payloadAt);
    }
  });

  it('holds the calls that it is given', () => {
    const calls = [1, 2, 3, 4].map((seq) => ({
      event: CallEvent.empty('call'),
      seq,
      budgetMicros: 1,
      place: IN_FRAME,
      origin: null,
    }));
    const { batch } = decodeCoreFrame(encodeBatch(calls, 1, 3, 9));
    expect(batch?.calls?.map(({ seq }) => seq?.toNumber())).toEqual([2, 3]);
  });
});

describe('an event', () => {
  it('comes back as it went in', () => {
    for (let seed = 1; seed <= 1000; seed++) {
      const next = seeded(seed);
      const input = makeInput(next);
      const payload = makePayload(next);
      const event = CallEvent.message(input, payload);
      const expected = fromWireParams(toWireParams(input));
      expect(fromWireParams(event.params), `seed ${seed}`).toEqual(expected);
      expect(snapshotOf(input), `seed ${seed}`).toEqual(expected);
      expect(event.payload.equals(payload)).toBe(true);
      const addresses = [expected.to, expected.from].map((text) => Buffer.byteLength(text ?? ''));
      expect(event.heldBytes).toBe(addresses.reduce((sum, bytes) => sum + bytes, payload.length));
    }
  });

  it('is not changed by later events, or by its caller', () => {
    const next = seeded(3);
    const payload = Buffer.from('hello');
    const event = CallEvent.message({ from: 'al', to: 'bo' }, payload);
    payload.fill(0);
    for (let i = 0; i < 1000; i++) CallEvent.message(makeInput(next), makePayload(next));
    expect([fromWireParams(event.params).to, String(event.payload)]).toEqual(['bo', 'hello']);
  });

  it('that is refused leaves no trace in the next', () => {
    for (const input of [{ id: -1 }, { to: 'a\0b' }, { from: 'x'.repeat(65537) }, { device: 0.5 }]) {
      expect(() => CallEvent.message(input, Buffer.from('x'))).toThrow();
      const event = CallEvent.message({ to: 'bo' }, Buffer.from('y'));
      expect([fromWireParams(event.params).to, String(event.payload)]).toEqual(['bo', 'y']);
    }
  });

  it('has the changes of a module, and the rest unchanged', () => {
    for (let seed = 1; seed <= 500; seed++) {
      const next = seeded(seed);
      const { event } = makeEvent(next);
      const params = next(2) === 0 ? lean(toWireParams(makeInput(next))) : null;
      const payload = next(2) === 0 ? makePayload(next) : null;
      const after = event.with(params, payload);
      const isChanged = (event.kind === 'message' && (params || payload)) || (event.kind === 'status' && params);
      if (!isChanged) {
        expect(after).toBe(event);
        continue;
      }
      expect(after.kind).toBe(event.kind);
      expect(fromWireParams(after.params)).toEqual(fromWireParams(params ?? event.params));
      if (event.kind === 'message') expect(after.payload.equals(payload ?? event.payload)).toBe(true);
    }
  });

  it('of another lane and callback is known by its kind', () => {
    const events = [CallEvent.message({}, Buffer.alloc(0)), CallEvent.status({}), CallEvent.empty('callStatus')];
    expect(events.map(({ lane, callback }) => [lane, callback])).toEqual([
      ['message', 'on_message'],
      ['notification', 'on_message_status'],
      ['notification', 'on_call_status'],
    ]);
  });
});
