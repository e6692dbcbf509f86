/**
 * Frames of the core, read by the shim and by the generated decoder: both must read the same, or both refuse it. The frames
 * have every form that protobuf allows, and damage.
 */

import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type Long from 'long';
import { Reader } from 'protobufjs/minimal.js';
import { expect, it } from 'vitest';
import { mesibo } from '../../src/wire/generated/module.js';
import { ORIGIN_MAX_BYTES } from '../../src/wire/origin.js';
import { SCALARS, type WireParams } from '../../src/wire/params.js';
import { seeded } from '../helpers/random.js';

const FRAMES = process.env.MESIBO_TEST_FULL ? 2_000_000 : 20_000;
/** Read by one process. */
const ROUND = 10_000;
const READER = fileURLToPath(new URL('build/frames', import.meta.url));
const { CoreFrame } = mesibo.modules.v1;
type Call = mesibo.modules.v1.Call.$Properties;
type Next = (below: number) => number;
const pick = <T>(next: Next, from: readonly T[]): T => from[next(from.length)] as T;

// ---- frames ----

const [VARINT, FIXED64, BYTES, GROUP, END_GROUP, FIXED32] = [0, 1, 2, 3, 4, 5];
const NUMBERS = [0n, 1n, 5n, 127n, 128n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];
const SIZES = [0, 1, 2, 100, 127, 128, 300];
/** Fields that nobody knows; the last one has the highest number that there is. */
const STRANGERS = [14, 15, 16, 99, 2 ** 29 - 1];
const FRAME_BATCH = 3;
/** The fields of a CoreFrame that are one of several. */
const LAST_FRAME_FIELD = 7;
const EVENTS = ['message', 'status', 'login', 'call', 'callStatus'] as const;
const FIRST_EVENT_FIELD = 3;

/** A number as protobuf has it, now and then with more bytes than it needs. */
function varint(next: Next, value: bigint, longest: number): Buffer {
  const bytes: number[] = [];
  if (value < 128n) bytes.push(Number(value));
  else for (let left = value; left > 0n; left >>= 7n) bytes.push(Number(left & 0x7fn));
  if (next(12) === 0) while (bytes.length < longest && next(3) > 0) bytes.push(0);
  return Buffer.from(bytes.map((byte, at) => (at < bytes.length - 1 ? byte | 0x80 : byte)));
}

function tag(next: Next, number: number, wire: number): Buffer {
  return varint(next, (BigInt(number) << 3n) | BigInt(wire), 5);
}

function integer(next: Next, number: number, value: bigint): Buffer {
  return Buffer.concat([tag(next, number, VARINT), varint(next, value, 10)]);
}

function fixed64(next: Next, number: number, value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return Buffer.concat([tag(next, number, FIXED64), bytes]);
}

function fixed32(next: Next, number: number, value: number): Buffer {
  const content = Buffer.alloc(4);
  content.writeUInt32LE(value);
  return Buffer.concat([tag(next, number, FIXED32), content]);
}

function bytes(next: Next, number: number, content: Buffer): Buffer {
  return Buffer.concat([tag(next, number, BYTES), varint(next, BigInt(content.length), 5), content]);
}

/** A field that nobody knows. @param forms - how many of its forms it may have; the last one is a group, which may hold others */
function stranger(next: Next, number: number, forms = 5, depth = 0): Buffer {
  switch (next(forms)) {
    case 0:
      return integer(next, number, pick(next, NUMBERS));
    case 1:
      return fixed64(next, number, pick(next, NUMBERS));
    case 2:
      return bytes(next, number, Buffer.alloc(pick(next, SIZES), 'u'));
    case 3:
      return Buffer.concat([tag(next, number, FIXED32), Buffer.alloc(4, next(256))]);
    default: {
      const inner =
        depth < 3 ? Array.from({ length: next(3) }, () => stranger(next, pick(next, STRANGERS), forms, depth + 1)) : [];
      return Buffer.concat([tag(next, number, GROUP), ...inner, tag(next, number, END_GROUP)]);
    }
  }
}

/** Fields in any order, some of them twice, with strangers between them. */
function mix(next: Next, fields: (() => Buffer)[], forms = 5): Buffer {
  const parts: Buffer[] = [];
  for (const field of fields) {
    for (let times = next(8) === 0 ? 2 : 1; times > 0; times--) parts.splice(next(parts.length + 1), 0, field());
    if (next(10) === 0) parts.splice(next(parts.length + 1), 0, stranger(next, pick(next, STRANGERS), forms));
  }
  return Buffer.concat(parts);
}

function params(next: Next): Buffer {
  const fields = SCALARS.map((_, at) => () => fixed64(next, at + 1, pick(next, NUMBERS))).filter(() => next(3) === 0);
  const address = () => Buffer.alloc(pick(next, SIZES), pick(next, ['a', 'b', '\0']));
  if (next(3) > 0) fields.push(() => bytes(next, 12, address()));
  if (next(3) > 0) fields.push(() => bytes(next, 13, address()));
  return mix(next, fields);
}

/** Where a payload stands; damage moves it to where there is none. */
function place(next: Next): Buffer {
  const fields: (() => Buffer)[] = [];
  if (next(5) > 0) fields.push(() => fixed32(next, 1, pick(next, [0, 64, 1000])));
  if (next(5) > 0) fields.push(() => fixed32(next, 2, pick(next, [0, 1, 2, 300, PAYLOADS - 1000])));
  return mix(next, fields);
}

/** What an event holds; twice, it holds other fields each time. */
const CONTENTS: ((next: Next) => Buffer)[] = [
  (next) => {
    const fields: (() => Buffer)[] = [];
    if (next(5) > 0) fields.push(() => bytes(next, 1, params(next)));
    if (next(5) > 0) fields.push(() => bytes(next, 2, Buffer.alloc(pick(next, SIZES), 'p')));
    if (next(5) === 0) fields.push(() => bytes(next, 3, place(next)));
    return mix(next, fields);
  },
  params,
  (next) => {
    const fields = [1, 2].map((number) => () => fixed64(next, number, pick(next, NUMBERS))).filter(() => next(3) > 0);
    if (next(4) > 0) fields.push(() => bytes(next, 3, Buffer.alloc(pick(next, SIZES), 'l')));
    return mix(next, fields);
  },
  (next) => mix(next, []),
  // No groups: what is generated for a message without fields refuses them.
  (next) => mix(next, next(2) === 0 ? [] : [() => stranger(next, 1 + next(20), 4)], 4),
];

function call(next: Next): Buffer {
  const fields = [() => fixed64(next, 1, pick(next, NUMBERS)), () => integer(next, 2, pick(next, NUMBERS))];
  for (let events = next(9) === 0 ? 2 : Math.min(1, next(20)); events > 0; events--) {
    const event = next(2) === 0 ? 0 : next(CONTENTS.length);
    fields.push(() => bytes(next, FIRST_EVENT_FIELD + event, (CONTENTS[event] as (next: Next) => Buffer)(next)));
  }
  if (next(2) === 0) fields.push(() => bytes(next, 8, Buffer.alloc(pick(next, SIZES), 'o')));
  // A number that is known, in a form that it never has.
  if (next(10) === 0) fields.push(() => bytes(next, 1 + next(2), Buffer.alloc(3, 0xff)));
  if (next(10) === 0) fields.push(() => fixed64(next, FIRST_EVENT_FIELD + next(5), 0xffffn));
  return mix(next, fields);
}

function batch(next: Next): Buffer {
  const fields = Array.from({ length: next(4) }, () => () => bytes(next, 1, call(next)));
  if (next(2) === 0) fields.push(() => fixed64(next, 2, pick(next, NUMBERS)));
  return mix(next, fields);
}

/** A frame that is whole. */
function frame(next: Next): Buffer {
  const fields = [() => bytes(next, FRAME_BATCH, batch(next))];
  if (next(20) === 0) fields.push(() => integer(next, FRAME_BATCH, 1n));
  return mix(next, next(50) === 0 ? [] : fields);
}

/** Bytes that mean something: tags of known fields, groups, lengths, the first bytes of long numbers. */
const TELLING = [
  0, 1, 2, 7, 8, 0x7f, 0x80, 0xff, 0x09, 0x0a, 0x0b, 0x0c, 0x10, 0x11, 0x12, 0x1a, 0x22, 0x2a, 0x62, 0x6a,
];
/** In hexadecimal: numbers too long for a tag, a length or anything; groups without a beginning or an end, and too deep. */
const ODDITIES = [
  '7880808080808080808000',
  '788080808080808080808000',
  'ffffffff7f',
  'f8ffffff1f00',
  '7affffffff0f',
  '7a8080808000',
  '7a82808080100000',
  '7a82808080080000',
  '7b',
  '7c',
  '7b7b7c7c',
  '7b8401',
  '7d0000',
  '7e',
  '0000',
  '7b'.repeat(60) + '7c'.repeat(60),
  '7b'.repeat(300) + '7c'.repeat(300),
];

const DAMAGE: ((whole: Buffer, next: Next) => Buffer)[] = [
  (whole, next) => {
    const at = next(whole.length);
    whole.writeUInt8(whole.readUInt8(at) ^ (1 << next(8)), at);
    return whole;
  },
  (whole, next) => {
    whole.writeUInt8(pick(next, TELLING), next(whole.length));
    return whole;
  },
  (whole, next) => whole.subarray(0, next(whole.length)),
  (whole, next) => {
    const at = next(whole.length);
    return Buffer.concat([whole.subarray(0, at), whole.subarray(at + 1 + next(16))]);
  },
  (whole, next) => {
    const [from, to] = [next(whole.length), next(whole.length)];
    return Buffer.concat([whole.subarray(0, to), whole.subarray(from, from + next(32)), whole.subarray(to)]);
  },
  (whole, next) => {
    const at = pick(next, [2, whole.length, next(whole.length)]);
    return Buffer.concat([whole.subarray(0, at), Buffer.from(pick(next, ODDITIES), 'hex'), whole.subarray(at)]);
  },
];

/** Two frames of three are whole. */
function makeFrame(seed: number): { frame: Buffer; isWhole: boolean } {
  const next = seeded(seed);
  let made = frame(next);
  const damages = next(3) === 0 ? 1 + next(3) : 0;
  for (let i = damages; i > 0 && made.length > 0; i--) made = Buffer.from(pick(next, DAMAGE)(made, next));
  return { frame: made, isWhole: damages === 0 };
}

// ---- what is read ----

const [ACCEPTED, OTHER_FRAME, DAMAGED] = [0, 1, 0xffffffff];
const ABSENT = 0xffffffff;

const room = Buffer.alloc(2 ** 20);

/** As frames.c has them. */
const PAYLOADS = 2 ** 16;
const payloads = Buffer.from(Array.from({ length: PAYLOADS }, (_, at) => (at * 7) & 0xff));

/** The payload of a message; `null`: its place is none. */
function payloadOf({ payload, place }: mesibo.modules.v1.Message.$Properties): Uint8Array | null {
  if (!place) return payload ?? Buffer.alloc(0);
  const from = place.at ?? 0;
  const to = from + (place.bytes ?? 0);
  return to <= PAYLOADS ? payloads.subarray(from, to) : null;
}

/** As test/faults/frames.c answers. */
class Answer {
  #at = 0;

  u32(value: number): void {
    this.#at = room.writeUInt32LE(value, this.#at);
  }

  u64(value: Long | null | undefined): void {
    this.u32((value?.low ?? 0) >>> 0);
    this.u32((value?.high ?? 0) >>> 0);
  }

  text(content: Uint8Array | null | undefined): void {
    this.u32(content?.length ?? ABSENT);
    if (!content) return;
    room.set(content, this.#at);
    this.#at += content.length;
  }

  call({ seq, budgetMicros, origin, ...call }: Call, event: number): void {
    const none: WireParams = {};
    const { message, status, login } = call;
    const [read, payload] = [[message?.params ?? none, message && payloadOf(message)], [status ?? none], [none]][
      event - 1
    ] ?? [none];
    this.u64(seq);
    this.u32(event);
    this.u32(budgetMicros ?? 0);
    const isLogin = event === EVENTS.indexOf('login') + 1;
    const scalars = isLogin ? [login?.flags, login?.online] : SCALARS.map((field) => (read as WireParams)[field]);
    for (let at = 0; at < SCALARS.length; at++) this.u64(scalars[at]);
    this.text(isLogin ? (login?.address ?? Buffer.alloc(0)) : (read as WireParams).to);
    this.text((read as WireParams).from);
    this.text((payload as Uint8Array | undefined) ?? Buffer.alloc(0));
    // One that is too long is left out.
    this.text(origin && origin.length <= ORIGIN_MAX_BYTES ? origin : Buffer.alloc(0));
  }

  /** Until the next answer is made. */
  get bytes(): Buffer {
    return room.subarray(0, this.#at);
  }
}

/** What the generated decoder reads. */
function readGenerated(bytes: Buffer): Buffer {
  const answer = new Answer();
  let frame: mesibo.modules.v1.CoreFrame.$Properties & { kind?: string };
  try {
    frame = CoreFrame.decode(bytes);
  } catch {
    answer.u32(DAMAGED);
    return answer.bytes;
  }
  if (!frame.batch) {
    answer.u32(OTHER_FRAME);
    return answer.bytes;
  }
  const calls = (frame.batch.calls ?? []).map((call) => {
    const { event } = call as { event?: (typeof EVENTS)[number] };
    return { call, event: event === undefined ? 0 : EVENTS.indexOf(event) + 1 };
  });
  if (calls.some(({ call, event }) => event === 1 && payloadOf(call.message ?? {}) === null)) {
    answer.u32(DAMAGED);
    return answer.bytes;
  }
  answer.u32(ACCEPTED);
  answer.u64(frame.batch.acknowledged);
  for (const lane of [true, false]) {
    const own = calls.filter(({ event }) => (event === 1) === lane);
    answer.u32(own.length);
    for (const { call, event } of own) answer.call(call, event);
  }
  return answer.bytes;
}

/** What the shim reads of many frames. */
function readNatively(frames: readonly Buffer[]): Buffer[] {
  const input = Buffer.concat(
    frames.flatMap((bytes) => {
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
  const { status, signal, stdout, stderr } = spawnSync(READER, { input, maxBuffer: 2 ** 30 });
  expect({ status, signal, stderr: `${stderr}` }).toEqual({ status: 0, signal: null, stderr: '' });
  const answers: Buffer[] = [];
  for (let at = 0; at < stdout.length; ) {
    const end = at + 4 + stdout.readUInt32LE(at);
    answers.push(stdout.subarray(at + 4, end));
    at = end;
  }
  return answers;
}

interface Field {
  number: number;
  wire: number;
  /** Of one that has bytes. */
  content: Uint8Array | null;
}

/** The fields of a message that is whole, in their order. */
function fieldsOf(message: Uint8Array): Field[] {
  const fields: Field[] = [];
  const reader = Reader.create(message);
  while (reader.pos < reader.len) {
    const tag = reader.uint32();
    const [number, wire] = [tag >>> 3, tag & 7];
    if (wire !== BYTES) reader.skipType(wire, 0, number);
    fields.push({ number, wire, content: wire === BYTES ? reader.bytes() : null });
  }
  return fields;
}

/** Ten bytes that a number may have, and more. */
const LONG_NUMBER = /[\x80-\xff]{10}/;

/** The fields of a message that are one of several. */
function choicesOf(message: Uint8Array, first: number, last: number): Field[] {
  return fieldsOf(message).filter(({ number, wire }) => wire === BYTES && number >= first && number <= last);
}

/**
 * Whether the generated decoder is known to differ. It keeps what an earlier one of several fields had when another kind came
 * between, where protobuf lets the last one alone count. It looks into frames that are no batch, which the shim leaves to the
 * host. It steps over numbers of any length, where ten bytes are the most. It misreads the numbers of fields in a message that has none.
 */
function isKnownDifference(bytes: Buffer): boolean {
  if (LONG_NUMBER.test(bytes.toString('latin1'))) return true;
  const top = choicesOf(bytes, 1, LAST_FRAME_FIELD);
  if (top.some(({ number }) => number !== FRAME_BATCH)) return true;
  return top
    .flatMap(({ content }) => choicesOf(content as Uint8Array, 1, 1))
    .some(({ content }) => {
      const events = choicesOf(content as Uint8Array, FIRST_EVENT_FIELD, FIRST_EVENT_FIELD + EVENTS.length - 1);
      const kinds = events.map(({ number }) => number);
      const comesAgain = kinds.some((kind, at) => kind !== kinds[at - 1] && kinds.slice(0, at).includes(kind));
      return comesAgain || events.some(({ number, content }) => isEmpty(number) && isMisread(content as Uint8Array));
    });
}

function isEmpty(number: number): boolean {
  return (
    number === FIRST_EVENT_FIELD + EVENTS.indexOf('call') || number === FIRST_EVENT_FIELD + EVENTS.indexOf('callStatus')
  );
}

/** In a message without fields it misreads the numbers of the fields that it skips: it takes 0, and groups do not fit. */
function isMisread(message: Uint8Array): boolean {
  try {
    return fieldsOf(message).some(({ number, wire }) => number === 0 || wire === GROUP);
  } catch {
    return true;
  }
}

/** What cannot be walked through is damaged, and both have to say so. */
function isExcused(bytes: Buffer): boolean {
  try {
    return isKnownDifference(bytes);
  } catch {
    return false;
  }
}

it(`the shim reads what the generated decoder reads, in ${FRAMES} frames`, () => {
  const counts = { accepted: 0, other: 0, damaged: 0, excused: 0 };
  for (let first = 0; first < FRAMES; first += ROUND) {
    const made = Array.from({ length: ROUND }, (_, at) => makeFrame(first + at));
    const answers = readNatively(made.map(({ frame }) => frame));
    expect(answers.length).toBe(ROUND);
    for (const [at, { frame, isWhole }] of made.entries()) {
      const [generated, native] = [readGenerated(frame), answers[at] as Buffer];
      const accepted = generated.readUInt32LE(0);
      counts[accepted === ACCEPTED ? 'accepted' : accepted === DAMAGED ? 'damaged' : 'other'] += 1;
      const seed = `seed ${first + at}: ${frame.toString('hex')}`;
      if (isWhole && accepted === DAMAGED) throw new Error(`a whole frame is refused, ${seed}`);
      if (generated.equals(native)) continue;
      if (!isExcused(frame)) expect(native.toString('hex'), seed).toBe(generated.toString('hex'));
      counts.excused += 1;
    }
  }
  // Each of them has been seen often, and what is excused is rare.
  expect(counts.accepted).toBeGreaterThan(FRAMES / 2);
  expect(counts.damaged).toBeGreaterThan(FRAMES / 20);
  expect(counts.other).toBeGreaterThan(FRAMES / 200);
  expect(counts.excused).toBeLessThan(FRAMES / 50);
}, 3_600_000);
