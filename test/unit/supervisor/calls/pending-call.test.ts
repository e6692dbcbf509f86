import Long from 'long';
import { describe, expect, it } from 'vitest';
import {
  type CallAnswer,
  describeCall,
  describeExecuting,
  type PendingCall,
} from '../../../../src/supervisor/calls/pending-call.js';
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

  it('has its verdict before anybody hears of it, so that nobody can give it another', () => {
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
  ])('counts where memory is bounded with all that a client may make long (%#)', (event, bytes) => {
    expect(makeEvent(event).heldBytes).toBe(bytes);
  });

  it.each<[EventParts, string]>([
    [{ message: { params: { id: Long.MAX_UNSIGNED_VALUE } } }, 'on_message of message 18446744073709551615'],
    [{ message: {} }, 'on_message'],
    [{ message: { params: { id: Long.UZERO } } }, 'on_message'],
    [{ status: { id: Long.fromNumber(9, true) } }, 'on_message_status of message 9'],
    [{ status: {} }, 'on_message_status'],
    [{ login }, 'on_login'],
    [{ call: {} }, 'on_call'],
    [{ callStatus: {} }, 'on_call_status'],
  ])('is told in words (%#)', (event, words) => {
    expect(describeCall(makeEvent(event))).toBe(words);
  });
});

describe('what a host executes beside calls', () => {
  const asked = 'a callback of an http request made in';
  it.each([
    [{ event: 'message', messageId: 2n ** 64n - 1n }, `${asked} on_message of message 18446744073709551615`],
    [{ event: 'status', messageId: 7n }, `${asked} on_message_status of message 7`],
    [{ event: 'message', messageId: 0n }, `${asked} on_message`],
    [{ event: 'login', messageId: 0n }, `${asked} on_login`],
    [{ event: 'http', messageId: 7n }, 'a callback of an http request'],
    [null, 'a callback of an http request'],
  ] as const)('is told with the call that led to it (%#)', (cause, words) => {
    expect(describeExecuting({ currentEvent: 'http', cause } as Parameters<typeof describeExecuting>[0])).toBe(words);
  });

  it('is nothing where a call is executed, or nothing is', () => {
    for (const currentEvent of [null, 'message'] as const) {
      const header = { currentEvent, cause: { event: 'message', messageId: 7n } };
      expect(describeExecuting(header as Parameters<typeof describeExecuting>[0])).toBeNull();
    }
  });
});
