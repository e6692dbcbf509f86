/** Messages of one turn: no core takes some of them, and their callers reuse the memory meanwhile. */

import { once } from 'node:events';
import { expect, it } from 'vitest';
import type { MessageParamsInput } from '../../../src/wire/params.js';
import { outcomeOf } from '../../helpers/protobuf-gateway.js';
import { PARAMS, startRig, text } from './rig.js';

/** What a program without types may give. */
const WRONG: [string, unknown, RegExp][] = [
  ['a number below 0', { aid: -1 }, /^aid is -1; it must be an integer from 0 to 2\^64-1$/],
  ['a symbol', { sid: Symbol('x') }, /^sid is Symbol\(x\); it must be an integer/],
  ['an object without a prototype', { id: Object.create(null) }, /^id is a object; it must be an integer/],
  ['an address with a NUL', { to: `${'b'.repeat(200)}\0` }, /^to has a NUL inside/],
  ['half a character in an address', { to: 'b\ud800' }, /^to has half of a surrogate pair/],
  ['an address of bytes', { to: Buffer.alloc(200, 'b') }, /^to is a object; it must be a string, or null$/],
  ['an empty list', { from: [] }, /^from is a object; it must be a string, or null$/],
  ['an address that is a number', { from: 5 }, /^from is a number; it must be a string, or null$/],
  ['no params', null, /^the params are not an object/],
  ['params that were forgotten', undefined, /^the params are not an object/],
];

it.each(WRONG)(
  'a message with %s is refused alone, in the middle of others and without a core',
  async (_, wrong, words) => {
    const { gateway, client } = await startRig();
    const refused = expect.objectContaining({
      name: 'MessageError',
      code: 'INVALID_ARGUMENT',
      message: expect.stringMatching(words),
    });
    const early = client.message(wrong as MessageParamsInput, text('x'));
    await expect(early).rejects.toEqual(refused);
    const core = await gateway.meet();
    if (!client.isUp) await once(client, 'up');
    const burst = [
      client.message({ ...PARAMS, to: 'zo\u00eb' }, text('one'), { trace: true }),
      client.message(wrong as MessageParamsInput, text('two')),
      client.message(PARAMS, text('three')),
    ];
    await expect(burst[1]).rejects.toEqual(refused);
    for (const [payload, trace] of [
      ['one', true],
      ['three', false],
    ]) {
      const event = await core.event();
      expect([`${event.event.payload}`, event.trace]).toEqual([payload, trace]);
      core.say(outcomeOf(event.id));
    }
    expect(await burst[0]).toMatchObject({ verdict: 'pass', params: { to: 'zo\u00eb' } });
    expect(await burst[2]).toMatchObject({ verdict: 'pass' });
    expect(client.stats).toMatchObject({ events: 2, inFlight: 0, lateOutcomes: 0, lost: 0 });
  },
);

it.each(['of the first turn', 'at once'])(
  'the caller may use params and payload of a message %s again',
  async (when) => {
    const { gateway, client } = await startRig();
    const met = when === 'at once' ? await gateway.meet() : null;
    if (met && !client.isUp) await once(client, 'up');
    const params: MessageParamsInput = { from: 'alice' };
    const payload = Buffer.alloc(5);
    const asked = ['bob', 'carol', 'dave'].map((to, id) => {
      Object.assign(params, { to, id });
      payload.fill(to);
      return client.message(params, payload);
    });
    Object.assign(params, { to: 5, id: 'none' });
    payload.fill(0);
    const core = met ?? (await gateway.meet());
    for (let i = 0; i < 3; i++) core.say(outcomeOf((await core.event()).id));
    const outcomes = await Promise.all(asked);
    expect(outcomes.map((outcome) => [outcome.params.id, outcome.params.to, `${outcome.payload}`])).toEqual([
      [0n, 'bob', 'bobbo'],
      [1n, 'carol', 'carol'],
      [2n, 'dave', 'daved'],
    ]);
  },
);

it('messages of one turn are treated as the callbacks are when they leave', async () => {
  const { gateway, client } = await startRig();
  const core = await gateway.meet();
  if (!client.isUp) await once(client, 'up');
  const before = client.message(PARAMS, text('one'));
  core.welcome({ callbacks: [] });
  await once(client, 'callbacks');
  expect(await client.message(PARAMS, text('two'))).toMatchObject({ verdict: 'pass', eventId: null });
  core.welcome({ maxMessage: 3 });
  await once(client, 'callbacks');
  expect(await client.message(PARAMS, text('three'))).toMatchObject({ reason: 'too-large', eventId: null });
  const after = client.message(PARAMS, text('two'));
  const events = [await core.event(), await core.event()];
  expect(events.map(({ event }) => `${event.payload}`)).toEqual(['one', 'two']);
  for (const { id } of events) core.say(outcomeOf(id));
  expect([await before, await after]).toMatchObject([{ verdict: 'pass' }, { verdict: 'pass' }]);
  expect(client.stats).toMatchObject({ events: 4, unwanted: 1, lateOutcomes: 0 });
});
