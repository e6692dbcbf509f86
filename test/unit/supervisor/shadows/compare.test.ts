import Long from 'long';
import { describe, expect, it } from 'vitest';
import type { CallAnswer } from '../../../../src/supervisor/calls/pending-call.js';
import { differencesOf, otherFields } from '../../../../src/supervisor/shadows/compare.js';
import { CallEvent } from '../../../../src/wire/call-event.js';
import { toWireParams } from '../../../../src/wire/params.js';

const input = { from: 'alice', to: 'bob', id: 2n ** 64n - 1n, groupid: 2n ** 63n };
const event = CallEvent.message(input, Buffer.from('hello'));
const answer = (more: Partial<CallAnswer> = {}): CallAnswer => ({
  verdict: 'pass',
  default: null,
  params: null,
  payload: null,
  ...more,
});
const params = (more: Parameters<typeof toWireParams>[0] = {}) => toWireParams({ ...input, ...more });

describe('two answers', () => {
  it.each<[string, Partial<CallAnswer>, Partial<CallAnswer>, string[]]>([
    ['that pass', {}, {}, []],
    ['of which one consumes', {}, { verdict: 'consumed' }, ['verdict']],
    ['that consume', { verdict: 'consumed' }, { verdict: 'consumed' }, []],
    ['with the same payload', { payload: Buffer.from('x') }, { payload: Buffer.from('x') }, []],
    ['with other payloads', { payload: Buffer.from('x') }, { payload: Buffer.from('y') }, ['payload']],
    ['of which one empties the payload', {}, { payload: Buffer.alloc(0) }, ['payload']],
    ['of which one wrote the same payload', {}, { payload: Buffer.from('hello') }, []],
    ['of which one wrote the same params', { params: params() }, {}, []],
    ['with other params', { params: params({ expiry: 1 }) }, { params: params({ expiry: 2 }) }, ['params']],
    ['with the lowest bit of 64 other', { params: params({ id: 2n ** 64n - 2n }) }, {}, ['params']],
    ['with the highest bit of 64 other', { params: params({ groupid: 0 }) }, {}, ['params']],
    [
      'of which one sets an address to NULL',
      { params: params({ to: null }) },
      { params: params({ to: '' }) },
      ['params'],
    ],
    [
      'that differ in everything',
      { verdict: 'consumed', params: params({ to: 'x' }) },
      { payload: Buffer.from('y') },
      ['verdict', 'params', 'payload'],
    ],
  ])('%s differ as they should', (_, one, other, expected) => {
    expect(differencesOf(event, answer(one), answer(other))).toEqual(expected);
    expect(differencesOf(event, answer(other), answer(one))).toEqual(expected);
  });

  it('differ in fields; one that is missing is 0', () => {
    expect(otherFields({ id: Long.UZERO, flags: Long.UONE }, { expiry: Long.UZERO })).toEqual(['flags']);
    expect(otherFields(params({ aid: 3, from: 'x' }), params())).toEqual(['aid', 'from']);
  });
});
