import { beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../../../src/supervisor/calls/ledger.js';
import type { PendingCall } from '../../../../src/supervisor/calls/pending-call.js';
import type { SentRecord } from '../../../../src/supervisor/calls/sent-record.js';
import type { Origin } from '../../../../src/supervisor/types.js';
import type { BoxHeader } from '../../../../src/wire/black-box.js';
import { type CoreFrame, decodeCoreFrame } from '../../../../src/wire/codec.js';
import { readOrigin, writeOrigin } from '../../../../src/wire/origin.js';
import { readRecords } from '../../../../src/wire/records.js';
import { makeCall } from '../../../helpers/calls.js';
import { MemoryKeeper } from '../../../helpers/memory-keeper.js';
import { resultRecord, sendRecord } from '../../wire/records.js';

const RING = 1600;
let ring: Buffer;
let reported: number;
let frames: CoreFrame[];
let sent: SentRecord[];
let notes: string[];
let keeper: MemoryKeeper | null;
let ledger: Ledger;
beforeEach(() => {
  keeper = new MemoryKeeper({ isHeld: true });
  start();
});

function start(): void {
  ring = Buffer.alloc(0);
  reported = 0;
  frames = [];
  sent = [];
  notes = [];
  const evidence = {
    ringSize: RING,
    notes: {
      begin: () => {},
      handedOn: () => notes.push('handed on'),
      reach: (position: number) => notes.push(`reached ${position}`),
    },
    payloads: null,
    closeSends: () => {},
    readHeader: () => null,
    readCrashNote: () => 'none' as const,
    readRing: (from: number, head: number, sink: Parameters<typeof readRecords>[2]) =>
      readRecords(ring.subarray(from, head), from, sink),
  };
  const told = {
    answered: () => {},
    sent: (record: SentRecord) => {
      sent.push(record);
      const message = { module: 'm', generation: 1, sentId: `m-${record.position}`, params: {} as never };
      keeper?.keep({ ...message, payload: Buffer.from(record.payload), cause: record.cause }, record.params);
    },
    logged: () => {},
    dropped: () => {},
    refusedSends: () => {},
    distrusted: (problem: string) => expect.fail(problem),
  };
  ledger = new Ledger(evidence, { window: 100, maxMessageBytes: 1e6, logRate: null, crashBody: 'last' }, told, keeper);
  ledger.connect({ send: (frame) => frames.push(frame), sendBytes: (bytes) => frames.push(decodeCoreFrame(bytes)) });
}

/** The host has sent a message; returns its position. */
function writeSend(during = 0, from: Uint8Array | null = null): number {
  const at = ring.length;
  ring = Buffer.concat([ring, sendRecord(at, { to: Buffer.from('bob') }, during, from)]);
  return at;
}
function writeResult(seq: number): void {
  ring = Buffer.concat([ring, resultRecord(ring.length, seq, 0, 0)]);
}
/** The host reports what it has written. */
function report(): void {
  const counts = { droppedLogs: 0, limitedLogs: 0, refusedSends: 0 };
  ledger.report({ start: reported, ring: ring.subarray(reported), position: ring.length, ...counts }, 0);
  reported = ring.length;
}

/** What follows from a wait is sent in the turn after it. */
const turn = () => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
const acknowledged = () => frames.at(-1)?.batch?.acknowledged?.toNumber() ?? 0;
const origin = (eventId: number): Origin => ({ server: 'prosody', eventId: BigInt(eventId), hops: 0 });
function call(from: Origin | null = null): PendingCall {
  const pending = makeCall({ message: { payload: Buffer.alloc(1) } }, 1e9);
  Object.assign(pending.taker, { origin: from });
  ledger.call(pending, 0);
  return pending;
}

describe('a message that a module sends', () => {
  it('is announced with its position, whether the host reports it or is dead', () => {
    const first = writeSend();
    writeResult(1);
    const second = writeSend();
    report();
    expect(sent.map(({ position }) => position)).toEqual([first, second]);
    const third = writeSend();
    ledger.recover({ head: ring.length, droppedLogs: 0, refusedSends: 0 } as BoxHeader);
    expect(sent.map(({ position }) => position)).toEqual([first, second, third]);
  });

  it('is announced with the origin of its event, even after that event was answered', () => {
    call(origin(7));
    call();
    writeSend(1);
    writeSend(2);
    writeSend();
    writeResult(1);
    writeSend(1);
    writeSend(99);
    report();
    writeSend(1);
    report();
    const causes = sent.map(({ cause }) => cause?.eventId ?? null);
    expect(causes).toEqual([7n, null, null, 7n, null, 7n]);
    expect(sent[0]?.cause).toEqual(origin(7));
  });

  it('is announced with the origin that the host names, when the call is too old for the core', () => {
    const said = Buffer.alloc(100);
    const bytes = said.subarray(0, writeOrigin(said, 0, { server: 'other', eventId: 8n, hops: 2 }));
    call(origin(7));
    writeSend(1, bytes);
    writeSend(99, bytes);
    writeSend(99, Buffer.from([0x0a, 0x7f]));
    report();
    expect(sent.map(({ cause }) => cause)).toEqual([origin(7), { server: 'other', eventId: 8n, hops: 2 }, null]);
  });

  it('belongs to a call whose frame gives the host the origin of the event', () => {
    call(origin(7));
    call();
    ledger.stop();
    const origins = (frames[0]?.batch?.calls ?? []).map(({ origin }) => origin ?? new Uint8Array(0));
    expect(origins.map((bytes) => bytes.length > 0 && readOrigin(bytes))).toEqual([origin(7), false]);
  });
});

describe('a sent message that is not safe yet', () => {
  it('is not acknowledged before it is, and neither is anything behind it', async () => {
    call();
    call();
    call();
    writeResult(1);
    report();
    const before = ring.length;
    writeSend();
    writeResult(2);
    report();
    writeResult(3);
    report();
    call();
    await turn();
    expect([acknowledged(), ledger.isHeld, notes]).toEqual([before, true, []]);
    keeper?.settle();
    await turn();
    expect([ledger.isHeld, notes]).toEqual([false, [`reached ${ring.length}`]]);
    call();
    await turn();
    expect(acknowledged()).toBe(ring.length);
  });

  it('is acknowledged by itself once it is, when the host may be short of room', async () => {
    for (let i = 0; i < 4; i++) writeSend();
    report();
    await turn();
    expect(frames).toEqual([]);
    keeper?.settle();
    await turn();
    expect(frames).toHaveLength(1);
    expect(acknowledged()).toBe(ring.length);
  });

  it('of a dead host is not noted any more: its box may be gone', async () => {
    writeSend();
    report();
    ledger.recover({ head: ring.length, droppedLogs: 0, refusedSends: 0 } as BoxHeader);
    keeper?.settle();
    await turn();
    expect([notes, frames]).toEqual([[], []]);
  });
});

it('without a keeper a message is noted once it was announced, and acknowledged with the records around it', async () => {
  keeper = null;
  start();
  writeSend();
  writeSend();
  report();
  expect(notes).toEqual(['handed on', 'handed on']);
  call();
  await turn();
  expect(acknowledged()).toBe(ring.length);
});
