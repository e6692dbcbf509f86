import fc from 'fast-check';
import Long from 'long';
import { describe, expect, it } from 'vitest';
import { matchSettings } from '../../../src/config/match.js';
import { Filter, makeFilter } from '../../../src/filter/filter.js';
import { Conversation } from '../../../src/supervisor/calls/conversation.js';
import { CallEvent } from '../../../src/wire/call-event.js';
import type { CallKind } from '../../../src/wire/event-kinds.js';
import { type MessageParamsInput, toWireParams } from '../../../src/wire/params.js';

type Asked = Parameters<typeof matchSettings.parse>[0];
const filter = (asked: Asked) => new Filter(matchSettings.parse(asked));

const EVENTS: Record<string, CallEvent> = {
  message: CallEvent.message({ from: 'alice', to: 'bob', type: 3, flags: 0x5 }, Buffer.from('please help')),
  bare: CallEvent.message({}, Buffer.alloc(0)),
  group: CallEvent.message({ from: 'alice', groupid: 9007199254740993n }, Buffer.from('hello all')),
  status: CallEvent.status(toWireParams({ from: 'bob', to: 'alice', type: 3, flags: 0x5, status: 2 })),
  login: CallEvent.login({ address: Buffer.from('alice'), online: Long.UONE, flags: Long.fromNumber(0x5, true) }),
  call: CallEvent.empty('call'),
  callStatus: CallEvent.empty('callStatus'),
};

/** The names of the events that a filter admits. */
function admitted(asked: Asked): string {
  const asks = filter(asked);
  const names = Object.entries(EVENTS).filter(([, event]) => asks.admits(event, Conversation.ofEvent(event)));
  return names.map(([name]) => name).join(' ');
}

describe('a filter admits', () => {
  const all = Object.keys(EVENTS).join(' ');
  const written = 'message bare group';
  it.each<[string, Asked, string]>([
    ['all without a question', {}, all],
    ['the events it names', { events: ['message', 'login'] }, `${written} login`],
    ['both kinds of calls', { events: ['call'] }, 'call callStatus'],
    ['all but those it names with "!"', { events: ['!call', '!status'] }, `${written} login`],
    ['the one address, of who wrote or logged in', { from: ['ali*'] }, 'message group login'],
    ['all but the one address', { from: ['!ali*'] }, 'bare status call callStatus'],
    ['who fits one pattern and none with "!"', { from: ['*', '!alice'] }, 'bare status'],
    ['an address that is not set as an empty one', { to: ['*'] }, `${written} status`],
    ['only an address that is set', { to: ['?*'] }, 'message status'],
    ['only an address that is not set', { to: ['!?*'] }, 'bare group login call callStatus'],
    ['one group, exactly', { group: ['9007199254740993'] }, 'group'],
    ['another group', { group: ['9007199254740992'] }, ''],
    ['all groups', { group: ['1-'] }, 'group'],
    [
      'what is in no group, which a login and a call are',
      { group: ['0'] },
      'message bare status login call callStatus',
    ],
    ['what is in a group', { group: ['!0'] }, 'group'],
    ['a type', { type: ['1-3', '7'] }, 'message status'],
    ['all but a type', { type: ['!3'] }, 'bare group login call callStatus'],
    ['flags that are all set', { flags: ['0x5'] }, 'message status login'],
    ['flags of which not all are set', { flags: ['!0x7'] }, all],
    ['no flags', { flags: ['0'] }, 'bare group'],
    ['a text', { text: ['*help*', 'hello*'] }, 'message group'],
    ['an empty text', { text: ['!?*'] }, 'bare status login call callStatus'],
    ['all but a text', { text: ['!*help*'] }, 'bare group status login call callStatus'],
    ['what fits all keys', { from: ['alice'], text: ['*help*'] }, 'message'],
    ['nothing that fits only some keys', { from: ['bob'], text: ['*help*'] }, ''],
    ['every conversation of a sample of all', { samplePercent: 100 }, all],
  ])('%s', (_, asked, expected) => {
    expect(admitted(asked)).toBe(expected);
  });
});

it('says what each rule by itself says', () => {
  const address = fc.constantFrom('alice', 'bob', 'bot-1', 'bot-2', '');
  const glob = fc.constantFrom('alice', '*o*', 'bot-?', '[a-b]*', '!alice', '!bot-*', '!?*');
  const number = fc.constantFrom(0n, 1n, 5n, 2n ** 32n, 2n ** 53n + 1n, 2n ** 64n - 1n);
  const range = fc.constantFrom('0', '1-5', '4294967296-', '9007199254740993', '!5', '!0-4294967296');
  const maybe = <T>(one: fc.Arbitrary<T>) => fc.option(fc.array(one, { minLength: 1, maxLength: 3 }));
  const lists = fc.record({
    from: maybe(glob),
    to: maybe(glob),
    text: maybe(glob),
    group: maybe(range),
    type: maybe(range),
  });
  const values = fc.record({ from: address, to: address, text: address, group: number, type: number });

  const fitsGlob = (pattern: string, text: string) =>
    new RegExp(`^${pattern.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(text);
  const fitsRange = (pattern: string, value: bigint) => {
    const [from = '', to] = pattern.split('-');
    return BigInt(from) <= value && value <= (to === undefined ? BigInt(from) : BigInt(to || 2n ** 64n - 1n));
  };
  function fits<T>(list: readonly string[] | null, value: T, one: (pattern: string, value: T) => boolean): boolean {
    const positive = list?.filter((pattern) => !pattern.startsWith('!')) ?? [];
    const negative = list?.filter((pattern) => pattern.startsWith('!')) ?? [];
    if (negative.some((pattern) => one(pattern.slice(1), value))) return false;
    return positive.length === 0 || positive.some((pattern) => one(pattern, value));
  }

  fc.assert(
    fc.property(lists, values, (match, { from, to, text, group, type }) => {
      const event = CallEvent.message({ from, to, groupid: group, type }, Buffer.from(text));
      const expected =
        fits(match.from, from, fitsGlob) &&
        fits(match.to, to, fitsGlob) &&
        fits(match.text, text, fitsGlob) &&
        fits(match.group, group, fitsRange) &&
        fits(match.type, type, fitsRange);
      expect(filter(match).admits(event, Conversation.ofEvent(event))).toBe(expected);
    }),
    { numRuns: 3000 },
  );
});

it('knows which kinds of events it can admit', () => {
  const kinds: CallKind[] = ['message', 'status', 'login', 'call', 'callStatus'];
  const possible = (asked: Asked) => kinds.filter((kind) => filter(asked).mayTake(kind));
  expect(possible({ text: ['*a*'] })).toEqual(['message']);
  expect(possible({ text: ['!*a*'] })).toEqual(kinds);
  expect(possible({ from: ['alice'] })).toEqual(['message', 'status', 'login']);
  expect(possible({ events: ['login'], to: ['bob'] })).toEqual([]);
  expect(possible({ events: ['!message'], group: ['5'] })).toEqual(['status', 'login', 'call', 'callStatus']);
});

it('is none when nothing is set', () => {
  expect(makeFilter(null)).toBeNull();
});

it('compares addresses of any length, and those that stand between other bytes', () => {
  const long = 'a'.repeat(300);
  const event = CallEvent.message({ from: long, to: `${long}b`, id: 7n, device: 3 }, Buffer.from('t'));
  const asks = (asked: Asked) => filter(asked).admits(event, Conversation.ofEvent(event));
  expect(asks({ from: ['*a'], to: ['*b'] })).toBe(true);
  expect(asks({ from: ['*b'] })).toBe(false);
  expect(asks({ to: ['a*a'] })).toBe(false);
});

describe('a sample', () => {
  const message = (params: MessageParamsInput) => CallEvent.message(params, Buffer.from('text'));
  const isIn = (event: CallEvent, samplePercent: number) =>
    filter({ samplePercent }).admits(event, Conversation.ofEvent(event));
  const talks = Array.from({ length: 20_000 }, (_, i) =>
    message({ from: `user-${i}`, to: `user-${(i * 7) % 20_000}` }),
  );
  const groups = Array.from({ length: 20_000 }, (_, i) => message({ from: 'a', groupid: BigInt(i + 1) }));

  it.each([0.5, 5, 50])('of %d%% has so many of all conversations', (percent) => {
    for (const events of [talks, groups]) {
      const found = events.filter((event) => isIn(event, percent)).length / events.length;
      // Four times the deviation that is to be expected.
      const deviation = Math.sqrt(((percent / 100) * (1 - percent / 100)) / events.length);
      expect(Math.abs(found - percent / 100)).toBeLessThan(4 * deviation);
    }
  });

  it('has the conversations of a smaller one, whoever wrote, with their statuses', () => {
    for (let i = 0; i < 2000; i++) {
      const [from, to] = [`user-${i}`, `\u00fcser-${i + 1}`];
      const sample = isIn(message({ from, to }), 5);
      expect(isIn(message({ from: to, to: from }), 5)).toBe(sample);
      expect(isIn(CallEvent.status(toWireParams({ from: to, to: from })), 5)).toBe(sample);
      if (sample) expect(isIn(message({ from, to }), 7)).toBe(true);
    }
  });

  it('is the same in each run of each core', () => {
    const hashes = [
      message({ from: 'alice', to: 'bob' }),
      message({ from: 'alice', groupid: 9007199254740993n }),
      message({ from: 'gr\u00fcn', to: null }),
    ].map((event) => Conversation.ofEvent(event).stableHash);
    expect(hashes).toEqual(HASHES);
  });

  it('has every call, because nothing tells calls apart', () => {
    expect(isIn(CallEvent.empty('call'), 0.0001)).toBe(true);
  });
});

/** Another value would be another sample after an update. */
const HASHES = [1604544797, 1929313531, 101666224];
