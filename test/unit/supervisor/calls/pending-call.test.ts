import Long from 'long';
import { describe, expect, it } from 'vitest';
import { bytesOf, type CallAnswer, describeCall, PendingCall } from '../../../../src/supervisor/calls/pending-call.js';

const PASS: CallAnswer = { verdict: 'pass', default: null, params: null, payload: null };

describe('a call', () => {
  it('takes exactly one verdict, the first', () => {
    const answers: CallAnswer[] = [];
    const pending = new PendingCall({ call: {} }, 0, (answer) => answers.push(answer));
    expect(pending.settled).toBe(false);
    expect(pending.settle({ ...PASS, default: 'deadline' })).toBe(true);
    expect(pending.settle(PASS)).toBe(false);
    expect(answers).toEqual([{ ...PASS, default: 'deadline' }]);
    expect(pending.settled).toBe(true);
  });

  it('has its verdict before anybody hears of it, so that nobody can give it another', () => {
    let second: boolean | undefined;
    const pending: PendingCall = new PendingCall({ call: {} }, 0, () => {
      second = pending.settle(PASS);
    });
    pending.settle(PASS);
    expect(second).toBe(false);
  });

  const [to, from] = [Buffer.alloc(1000), Buffer.alloc(200)];
  it.each([
    [{ message: { params: { to, from }, payload: Buffer.alloc(30) } }, 1230],
    [{ message: { params: { to }, payload: Buffer.alloc(0) } }, 1000],
    [{ message: {} }, 0],
    [{ status: { to, from } }, 1200],
    [{ login: { address: from } }, 200],
    [{ call: {} }, 0],
  ])('counts where memory is bounded with all that a client may make long (%#)', (event, bytes) => {
    expect(bytesOf(event)).toBe(bytes);
  });

  it.each([
    [{ message: { params: { id: Long.MAX_UNSIGNED_VALUE } } }, 'on_message of message 18446744073709551615'],
    [{ message: {} }, 'on_message of message 0'],
    [{ status: { id: Long.fromNumber(9, true) } }, 'on_message_status of message 9'],
    [{ status: {} }, 'on_message_status of message 0'],
    [{ login: {} }, 'on_login'],
    [{ call: {} }, 'on_call'],
    [{ callStatus: {} }, 'on_call_status'],
  ])('is told in words (%#)', (event, words) => {
    expect(describeCall(event)).toBe(words);
  });
});
