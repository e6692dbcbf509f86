import Long from 'long';
import { expect, it } from 'vitest';
import { toAnswer } from '../../../../src/supervisor/calls/answer.js';

const frame = Buffer.alloc(1024 * 1024, 'x');
const keptBytes = (bytes: Uint8Array | null | undefined) => bytes?.buffer.byteLength ?? 0;

it.each([
  [0, 'pass'],
  [1, 'consumed'],
  [2, 'pass'],
  [-1, 'pass'],
])('takes %i for %s', (value, verdict) => {
  expect(toAnswer(value, null, null)).toEqual({ verdict, default: null, params: null, payload: null });
});

it('has the changes of the module, and keeps nothing else of the frame alive', () => {
  const params = { id: Long.fromNumber(7, true), to: frame.subarray(0, 3), from: frame.subarray(5, 10) };
  const answer = toAnswer(0, params, frame.subarray(20, 24));
  expect(answer.params).toEqual({ ...params, to: Buffer.from('xxx'), from: Buffer.from('xxxxx') });
  expect(answer.payload).toEqual(Buffer.from('xxxx'));
  for (const bytes of [answer.params?.to, answer.params?.from, answer.payload]) {
    expect(keptBytes(bytes)).toBeLessThanOrEqual(Buffer.poolSize);
  }
});

it('distinguishes an empty address from none, and an empty payload from an unchanged one', () => {
  const answer = toAnswer(0, { to: frame.subarray(0, 0) }, frame.subarray(0, 0));
  expect(answer.params).toEqual({ to: Buffer.alloc(0) });
  expect(answer.payload).toEqual(Buffer.alloc(0));
});

it('does not copy a large payload that is most of its frame', () => {
  const payload = frame.subarray(100);
  expect(toAnswer(0, null, payload).payload).toBe(payload);
});
