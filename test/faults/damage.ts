/** Damage to a black box, as wild pointers do it, and worse: as an attacker who knows the layout would do it. */

import { BOX } from '../../src/wire/black-box.js';
import type { Remains } from './burial.js';

type Random = (below: number) => number;

const RECORD_MAGIC = 0x9e3779b97f4a7c15n;
const HEADER_FIELDS = [BOX.ringSize, BOX.head, BOX.tail, BOX.droppedLogs, BOX.refusedSends, BOX.currentSeq];
const MORE_FIELDS = [BOX.currentStart, BOX.phase, BOX.exitCalled, BOX.taken, BOX.takenSends];
/** Where records keep sizes, tags, lengths, sequence numbers and flags; see proto/module.proto. */
const RECORD_FIELDS = [8, 12, 16, 17, 18, 19, 20, 21, 22, 24, 27, 29, 31, 33, 36, 40];
/** Tags: of an Entry that is a result, of addresses; of a payload or a text; of parameters and payload in each kind. */
const RESULT = 0x0a;
const [TO, FROM, PAYLOAD] = [0x62, 0x6a, 0x12];
const FIELDS: Record<number, [params: number, payload: number]> = { [RESULT]: [0x2a, 0x32], 18: [0x0a, 0x12] };
const EXTREMES = [0n, 1n, 7n, 8n, 24n, 0x7fffffffn, 0xffffffffn, 2n ** 53n, 2n ** 63n, 2n ** 64n - 8n, 2n ** 64n - 1n];

/** Each kind of damage; the remains are changed in place. */
export const DAMAGE: Record<string, (remains: Remains, next: Random) => void> = {
  'bits of the header': ({ header }, next) => flipBits(header, 1 + next(8), next),
  'bits of the ring': (remains, next) => flipBits(used(remains), 1 + next(200), next),
  'a stretch of zeros': (remains, next) => stretch(used(remains), next).fill(0),
  'a stretch of garbage': (remains, next) => fillRandom(stretch(used(remains), next), next),
  'nothing but garbage': ({ header, ring }, next) => {
    fillRandom(header.subarray(next(2) * 12), next);
    fillRandom(ring, next);
  },
  'a lying header': ({ header }, next) => {
    for (let i = 0; i <= next(3); i++) {
      header.writeBigUInt64LE(lie(next), pick([...HEADER_FIELDS, ...MORE_FIELDS], next));
    }
  },
  'a head that is a little wrong': ({ header, ring }, next) => {
    const head = header.readBigUInt64LE(BOX.head) + BigInt(next(2 * ring.length) - ring.length);
    header.writeBigUInt64LE(BigInt.asUintN(64, head), BOX.head);
  },
  'another call in hand': ({ header, calls }, next) => {
    header.writeBigUInt64LE(BigInt(next(calls.length + 3)), BOX.currentSeq);
  },
  'lying records': (remains, next) => {
    const records = findRecords(remains);
    for (let i = 0; i <= next(10); i++) {
      const field = pick(records, next) + pick(RECORD_FIELDS, next);
      const { ring } = remains;
      ring.writeUInt32LE(next(2) === 0 ? next(1000) : Number(lie(next) & 0xffffffffn), field % (ring.length - 4));
    }
  },
  'records swollen beyond every limit': swell,
  'results of other calls': (remains, next) => {
    const { ring, calls } = remains;
    for (const at of findRecords(remains)) {
      const seq = at + 18 + (ring.readUInt8(at + 17) >= 0x80 ? 1 : 0) + 1;
      if (ring.readUInt8(at + 16) === RESULT && next(2) === 0)
        ring.writeBigUInt64LE(BigInt(next(calls.length + 3)), seq);
    }
  },
  'records in other places': (remains, next) => move(remains, next, false),
  'records in other places that know where they are': (remains, next) => move(remains, next, true),
};

/** The part of the ring that the core will read, or all of it where it goes round. */
function used({ header, ring, taken }: Remains): Buffer {
  const from = taken % ring.length;
  const length = Number(header.readBigUInt64LE(BOX.head)) - taken;
  return from + length <= ring.length ? ring.subarray(from, from + length) : ring;
}

/** The offsets in the ring of the records that the core will read. */
export function findRecords({ header, ring, taken }: Remains): number[] {
  const found: number[] = [];
  const head = Number(header.readBigUInt64LE(BOX.head));
  for (let at = taken; at < head; ) {
    const offset = at % ring.length;
    if (offset + 64 > ring.length) break;
    found.push(offset);
    at += ring.readUInt32LE(offset + 8);
  }
  return found;
}

/** Makes a record, consistent in itself, of a payload or an address that is too long; what stood behind it is inside. */
function swell(remains: Remains, next: Random): void {
  const { header, ring, taken } = remains;
  const at = pick(findRecords(remains).slice(0, 20), next);
  const kind = ring.readUInt8(at + 16);
  const content = at + 17 + (ring.readUInt8(at + 17) >= 0x80 ? 2 : 1);
  const room = ring.length - at - 64;
  const length = Math.max(0, Math.min(room, 8 * next(12_000)));
  // Without any NUL, which would reveal it; or with everything that stands there.
  const text = next(2) === 0 ? Buffer.alloc(length, 'x') : Buffer.from(ring.subarray(at + 48, at + 48 + length));
  const [params, payload] = FIELDS[kind] ?? [PAYLOAD, PAYLOAD];
  const swollen = next(2) === 0 ? field(payload, text) : field(params, field(pick([TO, FROM], next), text));
  const seq = kind === RESULT ? ring.subarray(content, content + 9) : Buffer.alloc(0);
  const entry = field(kind, Buffer.concat([seq, swollen]));
  entry.copy(ring, at + 16);
  ring.writeUInt32LE(Math.ceil((16 + entry.length) / 8) * 8, at + 8);
  ring.writeUInt32LE(entry.length, at + 12);
  header.writeBigUInt64LE(BigInt(taken + ring.length), BOX.head);
}

/** A field of protobuf that holds bytes. */
function field(tag: number, content: Buffer): Buffer {
  const head = [tag];
  let length = content.length;
  for (; length >= 0x80; length >>>= 7) head.push((length & 0x7f) | 0x80);
  return Buffer.concat([Buffer.from([...head, length]), content]);
}

/** Copies records over others, whole or in part. */
function move(remains: Remains, next: Random, commit: boolean): void {
  const { ring, taken } = remains;
  const records = findRecords(remains);
  for (let i = 0; i <= next(8); i++) {
    const [from, to] = [pick(records, next), pick(records, next)];
    ring.copy(ring, to, from, Math.min(ring.length, from + ring.readUInt32LE(from + 8)));
    const position = BigInt(taken + ((to - (taken % ring.length) + ring.length) % ring.length));
    if (commit) ring.writeBigUInt64LE(BigInt.asUintN(64, position ^ RECORD_MAGIC), to);
  }
}

function stretch(bytes: Buffer, next: Random): Buffer {
  const from = next(bytes.length);
  return bytes.subarray(from, from + next(next(2) === 0 ? 64 : bytes.length));
}

function flipBits(bytes: Buffer, count: number, next: Random): void {
  for (let i = 0; i < count; i++) {
    const at = next(bytes.length);
    bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << next(8)), at);
  }
}

function fillRandom(bytes: Buffer, next: Random): void {
  // The bytes repeat: that is garbage too, and this has to be fast.
  const pattern = Buffer.from(Array.from({ length: 61 }, () => next(256)));
  if (bytes.length > 0) bytes.fill(pattern);
}

function lie(next: Random): bigint {
  return next(3) === 0 ? BigInt(next(2 ** 32)) * BigInt(next(2 ** 32)) : pick(EXTREMES, next);
}

function pick<T>(from: readonly T[], next: Random): T {
  return from[next(from.length)] as T;
}
