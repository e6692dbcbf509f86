import { describe, expect, it } from 'vitest';
import { HeldCalls } from '../../../../src/supervisor/calls/held-calls.js';
import type { PendingCall } from '../../../../src/supervisor/calls/pending-call.js';
import { makeCall } from '../../../helpers/calls.js';
import { seeded } from '../../../helpers/random.js';

describe('the calls that a host holds', () => {
  it('are found and given back, in whatever order they are answered', () => {
    for (let seed = 1; seed <= 60; seed++) {
      const next = seeded(seed);
      const held = new HeldCalls();
      const model = new Map<number, PendingCall>();
      const inOrder = seed % 2 === 0;
      let seq = 0;
      for (let i = 0; i < 600; i++) {
        if (next(100) < 52) {
          const pending = makeCall(next(4) === 0 ? { call: {} } : { message: { payload: Buffer.alloc(next(9)) } });
          pending.seq = ++seq;
          held.add(pending);
          model.set(seq, pending);
        } else if (model.size > 0) {
          const all = [...model.values()];
          const pending = all[inOrder ? 0 : next(all.length)] as PendingCall;
          expect(held.find(pending.seq)).toBe(pending);
          held.delete(pending);
          model.delete(pending.seq);
          expect(held.find(pending.seq)).toBeNull();
        }
        const messages = [...model.values()].filter(({ event }) => event.kind === 'message');
        expect([held.size, held.inLane('message')]).toEqual([model.size, messages.length]);
        expect(held.bytesIn('message')).toBe(messages.reduce((sum, { event }) => sum + event.heldBytes, 0));
      }
      for (const [number, pending] of model) expect(held.find(number)).toBe(pending);
      for (const number of [0, seq + 1, 2 ** 53]) expect(held.find(number)).toBeNull();
      expect(held.clear()).toEqual([...model.values()]);
      expect([held.size, held.bytesIn('message'), held.bytesIn('notification')]).toEqual([0, 0, 0]);
    }
  });

  it('take no room for a call that is never answered while later ones are', () => {
    const held = new HeldCalls();
    for (let seq = 1; seq <= 5000; seq++) {
      const pending = makeCall({ message: {} });
      pending.seq = seq;
      held.add(pending);
      if (seq > 1) held.delete(pending);
    }
    expect(held.size).toBe(1);
    expect(held.clear().map(({ seq }) => seq)).toEqual([1]);
  });
});
