import Long from 'long';
import { describe, expect, it } from 'vitest';
import type { CallAnswer, PendingCall } from '../../../../src/supervisor/calls/pending-call.js';
import { type EventParts, makeCall, makeEvent } from '../../../helpers/calls.js';

const login = { address: Buffer.alloc(1), online: Long.UONE, flags: Long.UZERO };
const PASS: CallAnswer = { verdict: 'pass', default: null, params: null, payload: null };

describe('a call', () => {
  it('takes exactly one verdict, the first', () => {
    const answers: CallAnswer[] = [];
    const pending = makeCall({ call: {} }, 0, (answer) => answers.push(answer));
    expect(pending.settled).toBe(false);
    expect(pending.settle({ ...PASS, default: 'deadline' }, 0)).toBe(true);
    expect(pending.settle(PASS, 0)).toBe(false);
    expect(answers).toEqual([{ ...PASS, default: 'deadline' }]);
    expect(pending.settled).toBe(true);
  });

  it('has its verdict before any listener hears of it, so none can give it another', () => {
    let second: boolean | undefined;
    const pending: PendingCall = makeCall({ call: {} }, 0, () => {
      second = pending.settle(PASS, 0);
    });
    pending.settle(PASS, 0);
    expect(second).toBe(false);
  });

  const [to, from] = [Buffer.alloc(1000), Buffer.alloc(200)];
  it.each<[EventParts, number]>([
    [{ message: { params: { to, from }, payload: Buffer.alloc(30) } }, 1230],
    [{ message: { params: { to }, payload: Buffer.alloc(0) } }, 1000],
    [{ message: {} }, 0],
    [{ status: { to, from } }, 1200],
    [{ login: { ...login, address: from } }, 200],
    [{ call: {} }, 0],
  ])('counts everything that a client can make long in the bounds of memory (%#)', (event, bytes) => {
    expect(makeEvent(event).heldBytes).toBe(bytes);
  });
});
