import Long from 'long';
import { beforeEach, describe, expect, it } from 'vitest';
import { Ledger } from '../../../../src/supervisor/calls/ledger.js';
import type { CallAnswer, PendingCall } from '../../../../src/supervisor/calls/pending-call.js';
import type { Evidence, Payloads } from '../../../../src/supervisor/runner/evidence.js';
import type { BoxHeader } from '../../../../src/wire/black-box.js';
import { CallEvent } from '../../../../src/wire/call-event.js';
import { type CoreFrame, decodeCoreFrame } from '../../../../src/wire/codec.js';
import { readRecords } from '../../../../src/wire/records.js';
import { makeCall } from '../../../helpers/calls.js';
import { resultRecord } from '../../wire/records.js';

const RING = 1600;
let frames: CoreFrame[];
let answered: [PendingCall, CallAnswer | null][];
let distrusted: string[];
let ledger: Ledger;
let header: BoxHeader | null;
let payloads: Payloads | null;
let readRing: Evidence['readRing'];
beforeEach(() => {
  const sent: CoreFrame[] = [];
  frames = sent;
  answered = [];
  distrusted = [];
  head = 0;
  header = null;
  payloads = null;
  readRing = () => 0;
  const evidence = {
    ringSize: RING,
    notes: { begin: () => {}, handedOn: () => {}, reach: () => {} },
    get payloads() {
      return payloads;
    },
    closeSends: () => {},
    readHeader: () => header,
    readCrashNote: () => 'none' as const,
    readRing: ((from, to, sink) => readRing(from, to, sink)) as Evidence['readRing'],
  };
  const told = {
    answered: (pending: PendingCall, answer: CallAnswer | null) => answered.push([pending, answer]),
    sent: () => {},
    logged: () => {},
    dropped: () => {},
    refusedSends: () => {},
    distrusted: (problem: string) => distrusted.push(problem),
  };
  ledger = new Ledger(evidence, { window: 4, maxMessageBytes: 1e6, logRate: null, crashBody: 'last' }, told);
  ledger.connect({
    send: (frame) => sent.push(frame),
    sendBytes: (bytes) => sent.push(decodeCoreFrame(bytes)),
  });
});

const turn = () => new Promise((resolve) => setImmediate(resolve));
const call = (size = 1) => makeCall({ message: { payload: Buffer.alloc(size) } }, 1500);
const position = (value: number) => Long.fromNumber(value, true);
const NOTHING = { start: 0, ring: Buffer.alloc(0), position: 0, droppedLogs: 0, limitedLogs: 0, refusedSends: 0 };
const takeOver = (position: number) => ledger.report({ ...NOTHING, position }, 0);
let head = 0;
/** The host reports results of these calls. */
function answer(...seqs: number[]): void {
  const ring = Buffer.concat(
    seqs.map((seq) => {
      const record = resultRecord(head, seq, 0, 0);
      head += record.length;
      return record;
    }),
  );
  ledger.report({ ...NOTHING, start: head - ring.length, ring, position: head }, 0);
}
const seqs = (frame: CoreFrame | undefined) => frame?.batch?.calls?.map(({ seq }) => seq?.toNumber());

describe('a ledger', () => {
  it('sends the calls of one turn in one frame, numbered from 1, with the time that is left', async () => {
    for (let i = 0; i < 3; i++) ledger.call(call(), 1000);
    expect(frames).toEqual([]);
    await turn();
    expect(frames.map(seqs)).toEqual([[1, 2, 3]]);
    expect(frames[0]?.batch?.calls?.[0]?.budgetMicros).toBe(500_000);
    ledger.call(call(), 1600);
    await turn();
    expect(seqs(frames[1])).toEqual([4]);
    // One whose time is over has none left, but not the 0 that stands for no limit.
    expect(frames[1]?.batch?.calls?.[0]?.budgetMicros).toBe(1);
  });

  it('closes a frame that is large enough', async () => {
    for (const size of [200_000, 200_000, 200_000]) ledger.call(call(size), 0);
    await turn();
    expect(frames.map(seqs)).toEqual([[1, 2], [3]]);
  });

  it('closes a frame at 256 KiB, and sends one message of any size alone', async () => {
    ledger.call(call(256 * 1024 - 1), 0);
    ledger.call(call(1), 0);
    ledger.call(call(5 * 1024 * 1024), 0);
    ledger.call(call(0), 0);
    await turn();
    expect(frames.map(seqs)).toEqual([[1, 2], [3], [4]]);
    // Every frame carries the position, so that a host never waits for it.
    expect(frames.every(({ batch }) => batch?.acknowledged?.toNumber() === 0)).toBe(true);
  });

  it('sends at once when half of the calls of the host are unsent, and these are many', async () => {
    for (let i = 0; i < 200; i++) ledger.call(makeCall({ call: {} }), 0);
    expect(frames.map((frame) => seqs(frame)?.length)).toEqual([64, 64]);
    await turn();
    expect(frames.flatMap(seqs)).toEqual(Array.from({ length: 200 }, (_, i) => i + 1));
    expect(frames).toHaveLength(3);
  });

  it('sends at once to a host that has nothing to do', async () => {
    ledger.call(call(), 0);
    await new Promise<void>((resolve) => process.nextTick(resolve));
    expect(frames.map(seqs)).toEqual([[1]]);
    ledger.call(call(), 0);
    await new Promise<void>((resolve) => process.nextTick(resolve));
    expect(frames).toHaveLength(1);
    await turn();
    expect(frames.map(seqs)).toEqual([[1], [2]]);
  });

  it('puts a large payload where the host reads it, until the host has answered', async () => {
    const large = makeCall({ call: {} }, 1500, () => {}, CallEvent.message({}, Buffer.alloc(20_000, 'x')));
    const put: number[] = [];
    const freed: number[] = [];
    payloads = {
      put: (bytes, from, length) => {
        expect(Buffer.from(bytes.slice(from, from + length)).equals(Buffer.alloc(20_000, 'x'))).toBe(true);
        put.push(length);
        return 640;
      },
      free: (place) => freed.push(place),
    };
    for (const one of [call(), large, call(8191)]) ledger.call(one, 0);
    await turn();
    expect(frames.map(seqs)).toEqual([[1, 2, 3]]);
    const messages = frames[0]?.batch?.calls?.map(({ message }) => message);
    expect(messages?.[1]).toMatchObject({ place: { at: 640, bytes: 20_000 } });
    expect(messages?.[1]?.payload ?? []).toHaveLength(0);
    expect(messages?.[2]?.payload).toHaveLength(8191);
    expect(put).toEqual([20_000]);
    answer(1);
    expect(freed).toEqual([]);
    answer(2, 3);
    expect(freed).toEqual([640]);
  });

  it('sends a large payload in its frame when there is no place for it', async () => {
    const large = makeCall({ call: {} }, 1500, () => {}, CallEvent.message({}, Buffer.alloc(20_000, 'x')));
    payloads = { put: () => -1, free: () => expect.unreachable() };
    ledger.call(large, 0);
    await turn();
    const message = frames[0]?.batch?.calls?.[0]?.message;
    expect(message?.payload).toHaveLength(20_000);
    expect(message?.place ?? null).toBe(null);
    answer(1);
    expect(answered).toHaveLength(1);
  });

  it('sends the event as it is', async () => {
    const event = { status: { id: position(7), to: Buffer.from('bob') } };
    ledger.call(makeCall(event, 1000), 1000);
    await turn();
    expect(frames[0]?.batch?.calls?.[0]).toMatchObject(event);
  });

  it('gives no limit when more time is left than the frame can say', async () => {
    ledger.call(makeCall({ call: {} }, 24 * 60 * 60 * 1000), 0);
    await turn();
    expect(frames[0]?.batch?.calls?.[0]?.budgetMicros).toBe(0);
  });

  it('has no credit left when the window is full', () => {
    for (let i = 4; i > 0; i--) {
      expect(ledger.credit('message')).toBe(i);
      ledger.call(call(), 0);
    }
    expect(ledger.credit('message')).toBe(0);
  });

  it('has credit again for answered calls', () => {
    const first = call();
    ledger.call(first, 0);
    ledger.call(call(), 0);
    expect([ledger.credit('message'), ledger.inFlight]).toEqual([2, 2]);
    expect(ledger.owes(1)).toBe(true);
    answer(1);
    expect(answered.map(([pending]) => pending)).toEqual([first]);
    expect([ledger.credit('message'), ledger.inFlight]).toEqual([3, 1]);
    expect(ledger.owes(1)).toBe(false);
    answer(1);
    expect(answered).toHaveLength(1);
    expect([ledger.credit('message'), ledger.inFlight]).toEqual([3, 1]);
  });

  it('has a window for notifications beside that for messages', () => {
    for (let i = 0; i < 4; i++) ledger.call(makeCall({ call: {} }), 0);
    expect([ledger.credit('notification'), ledger.credit('message')]).toEqual([0, 4]);
    answer(1);
    expect([ledger.credit('notification'), ledger.credit('message')]).toEqual([1, 4]);
  });

  it('gives a host no more bytes than fit into its ring, but for one last message', () => {
    ledger.call(call(RING - 1), 0);
    expect(ledger.credit('message')).toBe(3);
    ledger.call(call(RING), 0);
    expect([ledger.credit('message'), ledger.credit('notification')]).toEqual([0, 4]);
    answer(1);
    expect(ledger.credit('message')).toBe(0);
    answer(2);
    expect(ledger.credit('message')).toBe(4);
  });

  it('gives messages while notifications fill the ring', () => {
    const address = Buffer.alloc(RING, 0x61);
    ledger.call(makeCall({ status: { to: address } }), 0);
    expect([ledger.credit('message'), ledger.credit('notification')]).toEqual([4, 3]);
  });

  it('does not give back a call whose result cannot be trusted: it was made', () => {
    ledger.call(call(1), 0);
    const ring = resultRecord(0, 1, 0, 2, { payload: Buffer.alloc(2) });
    ledger.report({ ...NOTHING, ring, position: ring.length }, 0);
    expect(distrusted).toEqual(['it changed a message of 1 bytes to 2']);
    const header = { head: ring.length, currentSeq: 0, currentEvent: null } as BoxHeader;
    const { lost, unseen } = ledger.settle(header, false);
    expect([lost.length, unseen.length]).toEqual([1, 0]);
  });

  it('looks again for a verdict that was being written when it looked', () => {
    ledger.call(call(), 0);
    ledger.call(call(), 0);
    const record = resultRecord(0, 1, 0, 0);
    header = { head: record.length, currentSeq: 2 } as BoxHeader;
    readRing = () => record.length;
    ledger.takeFinished();
    expect(answered).toEqual([]);
    readRing = (from, _, sink) => readRecords(record, from, sink);
    ledger.takeFinished();
    expect(answered.map(([{ seq }]) => seq)).toEqual([1]);
  });

  it('acknowledges with the next calls, or by itself when much was taken over', async () => {
    takeOver(80);
    await turn();
    expect(frames).toEqual([]);
    ledger.call(call(), 0);
    await turn();
    expect(frames[0]?.batch?.acknowledged?.toNumber()).toBe(80);
    takeOver(80 + RING / 16 + 1);
    await turn();
    expect(frames[1]?.batch).toMatchObject({ calls: [] });
    expect(frames[1]?.batch?.acknowledged?.toNumber()).toBe(80 + RING / 16 + 1);
  });

  it('acknowledges once for each turn, up to the last result', async () => {
    for (const at of [200, 400, 600]) takeOver(at);
    await turn();
    expect(frames.map(({ batch }) => batch?.acknowledged?.toNumber())).toEqual([600]);
    await turn();
    expect(frames).toHaveLength(1);
  });

  it('gives back the calls that it holds, in order, sent or not', async () => {
    const calls = [call(), call(), call()];
    ledger.call(calls[0] as PendingCall, 0);
    await turn();
    ledger.call(calls[1] as PendingCall, 0);
    ledger.call(calls[2] as PendingCall, 0);
    answer(2);
    const header = { head, currentSeq: 0, currentEvent: null } as unknown as Parameters<Ledger['settle']>[0];
    expect(ledger.settle(header, false)).toEqual({ lost: [calls[0]], unseen: [calls[2]] });
    await turn();
    expect(frames).toHaveLength(1);
    expect(ledger.inFlight).toBe(0);
  });

  it('sends waiting calls before it asks the host to stop', () => {
    ledger.call(call(), 0);
    ledger.stop();
    expect(frames.map((frame) => Object.keys(frame)[0])).toEqual(['batch', 'stop']);
  });
});
