import Long from 'long';
import { describe, expect, it } from 'vitest';
import { findExecuting } from '../../../../src/supervisor/host/executing.js';
import { describeExecuting } from '../../../../src/supervisor/news/describe-executing.js';
import type { BoxHeader } from '../../../../src/wire/black-box.js';
import { type EventParts, makeCall } from '../../../helpers/calls.js';

const login = { address: Buffer.alloc(1), online: Long.UONE, flags: Long.UZERO };
const tell = (executing: ReturnType<typeof findExecuting>) => executing && describeExecuting(executing);

describe('a call that a host executes', () => {
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
    expect(tell(findExecuting(makeCall(event, 0), null))).toBe(words);
  });
});

describe('work of a host beside calls', () => {
  const asked = 'a callback of an http request made in';
  it.each([
    [{ event: 'message', messageId: 2n ** 64n - 1n }, `${asked} on_message of message 18446744073709551615`],
    [{ event: 'status', messageId: 7n }, `${asked} on_message_status of message 7`],
    [{ event: 'message', messageId: 0n }, `${asked} on_message`],
    [{ event: 'login', messageId: 0n }, `${asked} on_login`],
    [{ event: 'http', messageId: 7n }, 'a callback of an http request'],
    [null, 'a callback of an http request'],
  ] as const)('is told with the call that led to it (%#)', (cause, words) => {
    expect(tell(findExecuting(null, { currentEvent: 'http', cause } as BoxHeader))).toBe(words);
  });

  it('is none while a call or nothing is executed', () => {
    for (const currentEvent of [null, 'message'] as const) {
      const header = { currentEvent, cause: { event: 'message', messageId: 7n } };
      expect(findExecuting(null, header as BoxHeader)).toBeNull();
    }
  });
});
