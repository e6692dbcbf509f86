/** Group chats: one verdict for each message, and what becomes of those who come and go meanwhile. */

import { describe, expect, it } from 'vitest';
import { MISSING, ROOMS } from './prosody.js';
import { Held, makeScene, numberOf } from './scene.js';
import { User, xml } from './user.js';

if (MISSING) console.warn(`skipped: ${MISSING}`);

const ROOM = `room@${ROOMS}`;
const groupchat = { type: 'groupchat' };

describe.skipIf(MISSING)('a room', () => {
  it('has one verdict for each message, however many are in it', async () => {
    const { gateway, prosody, alice, bob } = await makeScene({ users: ['alice', 'bob', 'carol'] });
    const carol = await User.login(prosody, 'carol');
    for (const user of [alice, bob, carol]) await user.join('room');
    gateway.answer = ({ message }) => {
      if (message?.text === 'bad') return { verdict: 'consumed' };
      return message?.text === 'plain' ? { verdict: 'pass', text: 'PLAIN' } : { verdict: 'pass' };
    };
    for (const text of ['hello', 'bad', 'plain']) await alice.say(ROOM, text, groupchat);
    await bob.got('PLAIN');
    await bob.say(ROOM, 'end', { ...groupchat, id: 'last' });
    for (const user of [alice, bob, carol]) {
      await user.got('end');
      expect(user.texts).toEqual(['hello', 'PLAIN', 'end']);
    }
    expect(gateway.asked).toEqual(['hello', 'bad', 'plain', 'end']);
    expect(gateway.events.at(-1)?.message?.params).toEqual({
      id: numberOf('last'),
      from: bob.bare,
      to: ROOM,
      groupid: numberOf(ROOM),
    });
    // Who comes later gets the history: what passed, as it passed.
    const tablet = await User.login(prosody, 'carol', 'tablet');
    await tablet.join('room', 'tablet');
    expect(tablet.texts).toEqual(['hello', 'PLAIN', 'end']);
  });

  it('gets the messages of occupants who left while these waited, unless they were banned', async () => {
    const { gateway, alice, bob } = await makeScene();
    for (const user of [bob, alice]) await user.join('room');
    const held = new Held(gateway);
    await alice.say(ROOM, 'goodbye', groupchat);
    await alice.client.send(xml('presence', { type: 'unavailable', to: `${ROOM}/alice` }));
    await bob.until(() => bob.inbox.some(({ attrs }) => attrs.type === 'unavailable'));
    await held.give('goodbye');
    expect((await bob.got('goodbye')).attrs.from).toBe(`${ROOM}/alice`);

    await alice.join('room');
    await alice.say(ROOM, 'from one who is banned', groupchat);
    await held.waits('from one who is banned');
    const item = xml('item', { affiliation: 'outcast', jid: alice.bare });
    const ban = xml('query', { xmlns: 'http://jabber.org/protocol/muc#admin' }, item);
    await bob.client.iqCaller.request(xml('iq', { type: 'set', to: ROOM }, ban));
    await held.give('from one who is banned');
    await bob.say(ROOM, 'end', groupchat);
    await held.give('end');
    await bob.got('end');
    expect(bob.texts).toEqual(['goodbye', 'end']);
    await alice.until(() => alice.messages.some(({ attrs }) => attrs.type === 'error'));
  });

  it('keeps the order of each speaker, and asks no verdict for those who may not speak', async () => {
    const { gateway, alice, bob } = await makeScene();
    await bob.join('room');
    const held = new Held(gateway);
    await alice.say(ROOM, 'from outside', groupchat);
    await alice.until(() => alice.messages.some(({ attrs }) => attrs.type === 'error'));
    expect(gateway.asked).toEqual([]);
    await bob.say(ROOM, 'first', groupchat);
    await bob.client.send(xml('message', { to: ROOM, type: 'groupchat' }, xml('subject', {}, 'about this')));
    await held.give('first');
    await bob.until(() => bob.messages.some((message) => message.getChildText('subject') === 'about this'));
    const last = bob.messages
      .slice(-2)
      .map((message) => message.getChildText('body') ?? message.getChildText('subject'));
    expect(last).toEqual(['first', 'about this']);
  });

  it('that is closed while a message waits: the sender gets an error', async () => {
    const { gateway, prosody, alice } = await makeScene();
    await alice.join('room');
    const held = new Held(gateway);
    const id = await alice.say(ROOM, 'too late', groupchat);
    await held.waits('too late');
    const destroy = xml('query', { xmlns: 'http://jabber.org/protocol/muc#owner' }, xml('destroy'));
    await alice.client.iqCaller.request(xml('iq', { type: 'set', to: ROOM }, destroy));
    await held.give('too late');
    await alice.until(() => alice.messages.some(({ attrs }) => attrs.type === 'error' && attrs.id === id));
    expect(prosody.log.filter((line) => /\terror\t/.test(line))).toEqual([]);
  });

  it('has private messages: modules know both users by their nicks', async () => {
    const { gateway, alice, bob } = await makeScene();
    for (const user of [alice, bob]) await user.join('room');
    await alice.say(`${ROOM}/bob`, 'in private');
    await bob.got('in private');
    expect(gateway.events.at(-1)?.message?.params).toMatchObject({ from: alice.bare, to: `${ROOM}/bob` });
    expect(gateway.asked).toEqual(['in private']);
  });

  it('is asked about at the host of its writer when its own component has no bridge', async () => {
    const more = 'Component "plain.localhost" "muc"\nmodules_enabled = { "muc_mam" }';
    const { gateway, alice } = await makeScene({ more });
    const room = 'room@plain.localhost';
    await alice.client.send(
      xml('presence', { to: `${room}/alice` }, xml('x', { xmlns: 'http://jabber.org/protocol/muc' })),
    );
    await alice.until(() => alice.messages.some((message) => message.getChild('subject') !== undefined));
    gateway.answer = ({ message }) => ({ verdict: message?.text === 'bad' ? 'consumed' : 'pass' });
    for (const text of ['bad', 'good']) await alice.say(room, text, groupchat);
    await alice.got('good');
    expect(alice.texts).toEqual(['good']);
    expect(gateway.asked).toEqual(['bad', 'good']);
    expect(gateway.events.at(-1)?.message?.params).toMatchObject({ to: room, groupid: numberOf(room) });
  });
});
