import Long from 'long';
import { beforeEach, describe, expect, it } from 'vitest';
import { Link } from '../../../src/supervisor/link.js';
import { PendingCall } from '../../../src/supervisor/pending-call.js';
import type { CoreFrame } from '../../../src/wire/codec.js';

const RING = 1600;
let frames: CoreFrame[];
let link: Link;
beforeEach(() => {
  const sent: CoreFrame[] = [];
  frames = sent;
  link = new Link({ send: (frame) => sent.push(frame) }, 4, RING);
});

const turn = () => new Promise((resolve) => setImmediate(resolve));
const call = (size = 1) => new PendingCall({ message: { payload: Buffer.alloc(size) } }, 1500, () => {});
const position = (value: number) => Long.fromNumber(value, true);
const seqs = (frame: CoreFrame | undefined) => frame?.batch?.calls?.map(({ seq }) => seq?.toNumber());

describe('a link', () => {
  it('sends what one turn brought in one frame, numbered from 1, with the time that is left', async () => {
    for (let i = 0; i < 3; i++) link.call(call(), 1000);
    expect(frames).toEqual([]);
    await turn();
    expect(frames.map(seqs)).toEqual([[1, 2, 3]]);
    expect(frames[0]?.batch?.calls?.[0]?.budgetMicros).toBe(500_000);
    link.call(call(), 1600);
    await turn();
    expect(seqs(frames[1])).toEqual([4]);
    // One whose time is over has none left, but not the 0 that stands for no limit.
    expect(frames[1]?.batch?.calls?.[0]?.budgetMicros).toBe(1);
  });

  it('closes a frame that is large enough', async () => {
    for (const size of [200_000, 200_000, 200_000]) link.call(call(size), 0);
    await turn();
    expect(frames.map(seqs)).toEqual([[1, 2], [3]]);
  });

  it('has credit for what was answered', () => {
    const first = call();
    link.call(first, 0);
    link.call(call(), 0);
    expect([link.credit, link.inFlight]).toEqual([2, 2]);
    expect(link.find(1)).toBe(first);
    link.answered(1);
    expect([link.credit, link.inFlight]).toEqual([3, 1]);
    expect(link.find(1)).toBeUndefined();
    link.answered(1);
    expect([link.credit, link.inFlight]).toEqual([3, 1]);
  });

  it('acknowledges with the next calls, or by itself when much was taken over', async () => {
    link.takeOver({ position: position(80) });
    await turn();
    expect(frames).toEqual([]);
    link.call(call(), 0);
    await turn();
    expect(frames[0]?.batch?.acknowledged?.toNumber()).toBe(80);
    link.takeOver({ position: position(80 + RING / 16 + 1) });
    await turn();
    expect(frames[1]?.batch).toMatchObject({ calls: [] });
    expect(frames[1]?.batch?.acknowledged?.toNumber()).toBe(80 + RING / 16 + 1);
  });

  it('gives back what it holds, in order, sent or not', async () => {
    const calls = [call(), call(), call()];
    link.call(calls[0] as PendingCall, 0);
    await turn();
    link.call(calls[1] as PendingCall, 0);
    link.call(calls[2] as PendingCall, 0);
    link.answered(2);
    expect(link.abandon()).toEqual([
      [1, calls[0]],
      [3, calls[2]],
    ]);
    await turn();
    expect(frames).toHaveLength(1);
    expect(link.inFlight).toBe(0);
  });

  it('sends what waits before it asks to stop', () => {
    link.call(call(), 0);
    link.stop();
    expect(frames.map((frame) => Object.keys(frame)[0])).toEqual(['batch', 'stop']);
  });
});
