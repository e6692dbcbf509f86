import Long from 'long';
import { describe, expect, it } from 'vitest';
import {
  formatSentId,
  moduleOfSentId,
  SentMessages,
  toStatusParams,
} from '../../../../src/supervisor/news/sent-messages.js';
import { exactOf, fromWireParams, toWireParams } from '../../../../src/wire/params.js';

/** Remembers one as the supervisor does. */
function remember(messages: SentMessages, sentId: string, given: { id: number; from?: string; to?: string }) {
  const params = toWireParams(given);
  const announced = {
    module: 'm',
    generation: 1,
    sentId,
    params: fromWireParams(params),
    payload: Buffer.alloc(0),
    cause: null,
  };
  messages.remember(announced, params);
  return params;
}

describe('a sent id', () => {
  it('names its module', () => {
    const origin = { runId: '00ff00ff00ff00ff', module: 'my_Module_2', generation: 12 };
    expect(formatSentId(origin, 2 ** 40)).toBe('00ff00ff00ff00ff-my_Module_2-12-1099511627776');
    expect(moduleOfSentId(formatSentId(origin, 345))).toBe('my_Module_2');
    // As they were before.
    expect(moduleOfSentId('00ff00ff00ff00ff-my_Module_2-12-r0a')).toBe('my_Module_2');
  });

  it.each([
    '',
    'x',
    'filter',
    '-filter-1-1',
    'ab-filter-1',
    'ab-filter-x-1',
    'ab-fil-ter-1-1',
    'ab-filter-1-1\n',
    'ab--1-1',
  ])('is invalid: %j', (text) => {
    expect(moduleOfSentId(text)).toBeNull();
  });
});

describe('the messages that modules sent', () => {
  it('are found by their sent id, whatever the parameters, and by id and addresses', () => {
    const messages = new SentMessages();
    const params = remember(messages, 'a', { id: 5, from: 'x', to: 'y' });
    remember(messages, 'b', { id: 5, from: 'x' });
    expect(messages.find({}, 'a')).toMatchObject({ sentId: 'a', params });
    expect(messages.find({ id: 5, from: 'x', to: 'y' })?.sentId).toBe('a');
    expect(messages.find({ id: 5n, from: 'x', to: null })?.sentId).toBe('b');
    expect(messages.find({ id: 5, from: 'x' })?.sentId).toBe('b');
  });

  it('of an earlier core are found once they are recalled, and known ones stay as they are', () => {
    const messages = new SentMessages({ messages: 2, addressChars: 1000 });
    const params = toWireParams({ id: 5, from: 'x', to: 'y', aid: 9 });
    for (let i = 0; i < 5; i++) messages.recall({ sentId: 'a', params: fromWireParams(params) }, params);
    expect(messages.find({ id: 5, from: 'x', to: 'y' })).toMatchObject({ sentId: 'a', params });
    remember(messages, 'b', { id: 6, from: 'x', to: 'y' });
    expect([messages.find({}, 'a')?.sentId, messages.find({}, 'b')?.sentId]).toEqual(['a', 'b']);
    remember(messages, 'c', { id: 7, from: 'x', to: 'y' });
    expect(messages.find({}, 'a')).toBeNull();
  });

  it.each([
    { id: 6, from: 'x', to: 'y' },
    { id: 5, from: 'y', to: 'x' },
    { id: 5, from: 'x', to: '' },
    { id: 5, from: 'x' },
    { from: 'x', to: 'y' },
    {},
  ])('are not mistaken for another: %j', (params) => {
    const messages = new SentMessages();
    remember(messages, 'a', { id: 5, from: 'x', to: 'y' });
    expect(messages.find(params)).toBeNull();
    expect(messages.find({ id: 5, from: 'x', to: 'y' }, 'b')).toBeNull();
  });

  it('with the same id and addresses: the newest counts, and stays when an older one is forgotten', () => {
    const messages = new SentMessages({ messages: 2, addressChars: 1e6 });
    remember(messages, 'a', { id: 5, to: 'y' });
    remember(messages, 'b', { id: 5, to: 'y' });
    expect(messages.find({ id: 5, to: 'y' })?.sentId).toBe('b');
    remember(messages, 'c', { id: 6 });
    expect(messages.find({}, 'a')).toBeNull();
    expect(messages.find({ id: 5, to: 'y' })?.sentId).toBe('b');
  });

  it('are forgotten from the oldest on when they are too many or their addresses too long', () => {
    const messages = new SentMessages({ messages: 100, addressChars: 10_000 });
    const known = () => [...Array(200).keys()].filter((i) => messages.find({}, String(i)) !== null);
    for (let i = 0; i < 150; i++) remember(messages, String(i), { id: i + 1 });
    expect(known()).toEqual([...Array(100).keys()].map((i) => i + 50));
    expect(messages.find({ id: 50 })).toBeNull();
    expect(messages.find({ id: 51 })?.sentId).toBe('50');
    remember(messages, '150', { id: 1, to: 'y'.repeat(9_900) });
    expect(known().at(-1)).toBe(150);
    expect(known().length).toBeLessThan(10);
    remember(messages, '151', { id: 1, to: 'y'.repeat(60_000) });
    expect(known()).toEqual([]);
  });
});

describe('the parameters of a status', () => {
  const sent = {
    ...toWireParams({ id: 7, from: 'x', to: 'y', type: 3 }),
    flags: Long.fromString('1152921504606846977', true),
  };

  it('are those of the message where the caller gives none', () => {
    expect(toStatusParams(sent, { status: 2 })).toEqual({ ...sent, status: Long.fromNumber(2, true) });
  });

  it('are those of the message, to the bit, where the caller gives them as they were announced', () => {
    const announced = fromWireParams({ ...sent, to: Buffer.from([0xff]) });
    const params = toStatusParams({ ...sent, to: Buffer.from([0xff]) }, { ...announced, status: 0x80 });
    expect(params).toEqual({ ...sent, to: Buffer.from([0xff]), status: Long.fromNumber(0x80, true) });
    expect(toStatusParams(sent, { id: 7, type: 3n }).id).toBe(sent.id);
  });

  it('are those of the message, to the bit, where a server gives all of them back', () => {
    const status = { ...sent, status: Long.fromNumber(2, true) };
    expect(toStatusParams(sent, exactOf(status))).toMatchObject(status);
  });

  it("are the caller's where they differ, NULL included", () => {
    const params = fromWireParams(toStatusParams(sent, { id: 8, from: 'z', to: null, status: 3 }));
    expect(params).toMatchObject({ id: 8n, from: 'z', to: null, type: 3, status: 3 });
  });

  it("are the caller's alone where nothing is known of the message", () => {
    const given = { id: 8, from: 'z', status: 3 };
    expect(toStatusParams({}, given)).toEqual(toWireParams(given));
    expect(() => toStatusParams({}, { id: -1 })).toThrow(/id is -1/);
  });
});
