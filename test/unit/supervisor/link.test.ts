import Long from 'long';
import { beforeEach, describe, expect, it } from 'vitest';
import { PendingCall } from '../../../src/supervisor/calls/pending-call.js';
import { Link } from '../../../src/supervisor/link.js';
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

  it('closes a frame at 256 KiB, and sends one message of any size alone', async () => {
    link.call(call(256 * 1024 - 1), 0);
    link.call(call(1), 0);
    link.call(call(5 * 1024 * 1024), 0);
    link.call(call(0), 0);
    await turn();
    expect(frames.map(seqs)).toEqual([[1, 2], [3], [4]]);
    // Every frame carries the position, so that a host never waits for it.
    expect(frames.every(({ batch }) => batch?.acknowledged?.toNumber() === 0)).toBe(true);
  });

  it('sends the event as it is', async () => {
    const event = { status: { id: position(7), to: Buffer.from('bob') } };
    link.call(new PendingCall(event, 1000, () => {}), 1000);
    await turn();
    expect(frames[0]?.batch?.calls?.[0]).toMatchObject(event);
  });

  it('gives a time that is as good as endless where there are days left', async () => {
    link.call(new PendingCall({ call: {} }, 24 * 60 * 60 * 1000, () => {}), 0);
    await turn();
    expect(frames[0]?.batch?.calls?.[0]?.budgetMicros).toBe(2 ** 32 - 1);
  });

  it('has none left when the window is full', () => {
    for (let i = 4; i > 0; i--) {
      expect(link.credit('message')).toBe(i);
      link.call(call(), 0);
    }
    expect(link.credit('message')).toBe(0);
  });

  it('has credit for what was answered', () => {
    const first = call();
    link.call(first, 0);
    link.call(call(), 0);
    expect([link.credit('message'), link.inFlight]).toEqual([2, 2]);
    expect(link.find(1)).toBe(first);
    link.answered(1, first);
    expect([link.credit('message'), link.inFlight]).toEqual([3, 1]);
    expect(link.find(1)).toBeUndefined();
    link.answered(1, first);
    expect([link.credit('message'), link.inFlight]).toEqual([3, 1]);
  });

  it('has a window for notifications beside that for messages', () => {
    const notification = new PendingCall({ call: {} }, 0, () => {});
    for (let i = 0; i < 4; i++) link.call(notification, 0);
    expect([link.credit('notification'), link.credit('message')]).toEqual([0, 4]);
    link.answered(1, notification);
    expect([link.credit('notification'), link.credit('message')]).toEqual([1, 4]);
  });

  it('gives a host no more bytes than fit into its ring, but for one last message', () => {
    const large = call(RING - 1);
    link.call(large, 0);
    expect(link.credit('message')).toBe(3);
    link.call(call(RING), 0);
    expect([link.credit('message'), link.credit('notification')]).toEqual([0, 4]);
    link.answered(1, large);
    expect(link.credit('message')).toBe(0);
    link.answered(2, call(RING));
    expect(link.credit('message')).toBe(4);
  });

  it('acknowledges with the next calls, or by itself when much was taken over', async () => {
    link.takeOver({ position: 80 });
    await turn();
    expect(frames).toEqual([]);
    link.call(call(), 0);
    await turn();
    expect(frames[0]?.batch?.acknowledged?.toNumber()).toBe(80);
    link.takeOver({ position: 80 + RING / 16 + 1 });
    await turn();
    expect(frames[1]?.batch).toMatchObject({ calls: [] });
    expect(frames[1]?.batch?.acknowledged?.toNumber()).toBe(80 + RING / 16 + 1);
  });

  it('acknowledges the last of what one turn brought, once', async () => {
    for (const at of [200, 400, 600]) link.takeOver({ position: at });
    expect(link.taken).toBe(600);
    await turn();
    expect(frames.map(({ batch }) => batch?.acknowledged?.toNumber())).toEqual([600]);
    await turn();
    expect(frames).toHaveLength(1);
  });

  it('gives back what it holds, in order, sent or not', async () => {
    const calls = [call(), call(), call()];
    link.call(calls[0] as PendingCall, 0);
    await turn();
    link.call(calls[1] as PendingCall, 0);
    link.call(calls[2] as PendingCall, 0);
    link.answered(2, calls[1] as PendingCall);
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
