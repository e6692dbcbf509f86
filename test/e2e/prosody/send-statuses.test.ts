/** Who may give the status of a message that a module sent: its recipients, and nobody else. */

import { describe, expect, it } from 'vitest';
import { makeComponentScene, SMS } from './component.js';
import { MISSING, ROOMS } from './prosody.js';
import { makeScene, numberOf, type Scene, send } from './scene.js';
import { User, xml } from './user.js';

if (MISSING) console.warn(`skipped: ${MISSING}`);

const ROOM = `room@${ROOMS}`;
const displayed = (id: string) => ({ extra: [xml('displayed', { xmlns: 'urn:xmpp:chat-markers:0', id })] });
const groupchat = { type: 'groupchat' };

/** Lets somebody write to himself, and resolves when the core has heard of it: it has heard of all before, too. */
async function settle({ gateway }: Scene, user: User, text: string): Promise<void> {
  await user.say(user.bare, text);
  await gateway.until(() => gateway.asked.includes(text));
}

describe.skipIf(MISSING)('the status of a message to a room', () => {
  it('is given once when one of its occupants rejects it, and the room hears of it', async () => {
    const scene = await makeScene();
    const { gateway, alice, bob } = scene;
    for (const user of [alice, bob]) await user.join('room');
    await send(scene, 's-1', { groupid: numberOf(ROOM), from: alice.bare });
    await bob.got('text s-1');
    const error = xml(
      'error',
      { type: 'cancel' },
      xml('service-unavailable', { xmlns: 'urn:ietf:params:xml:ns:xmpp-stanzas' }),
    );
    await bob.client.send(xml('message', { to: `${ROOM}/alice`, type: 'error', id: 's-1' }, error));
    await alice.until(() =>
      alice.inbox.some(({ attrs }) => attrs.type === 'unavailable' && attrs.from === `${ROOM}/bob`),
    );
    await settle(scene, alice, 'end');
    expect(gateway.statuses).toMatchObject([{ sent_id: 's-1', status: 0x80 }]);
  });

  it('is believed when it comes from its occupants, also from other servers; what others say goes on', async () => {
    const scene = await makeComponentScene();
    const { gateway, alice, bob, component } = scene;
    await bob.join('room');
    component.write(
      `<presence from="47@${SMS}/x" to="${ROOM}/sms"><x xmlns="http://jabber.org/protocol/muc"/></presence>`,
    );
    await component.reads(/<subject/);
    await send(scene, 's-1', { groupid: numberOf(ROOM), flags: '3' });
    // Alice has found out the id.
    await alice.say(ROOM, null, { ...displayed('s-1'), ...groupchat, id: 'spoofed' });
    await alice.until(() => alice.messages.some(({ attrs }) => attrs.type === 'error' && attrs.id === 'spoofed'));
    await alice.say(bob.bare, null, displayed('s-1'));
    await bob.until(() => bob.messages.some(({ attrs }) => attrs.from === alice.full));
    component.write(
      `<message from="48@${SMS}/x" to="${ROOM}" type="error" id="s-1"><error type="cancel"/></message>
       <message from="47@${SMS}/x" to="${bob.bare}"><received xmlns="urn:xmpp:receipts" id="s-1"/></message>`,
    );
    await bob.until(() => bob.messages.some(({ attrs }) => attrs.from === `47@${SMS}/x`));
    await settle(scene, alice, 'spoofed all');
    expect(gateway.statuses).toEqual([]);

    await bob.say(ROOM, null, { ...displayed('s-1'), ...groupchat });
    await gateway.until(() => gateway.statuses.length === 1);
    component.write(
      `<message from="47@${SMS}/x" to="${ROOM}" type="groupchat"><displayed xmlns="urn:xmpp:chat-markers:0" id="s-1"/></message>
       <message from="47@${SMS}/x" to="${ROOM}" type="error" id="s-1"><error type="cancel"/></message>`,
    );
    await gateway.until(() => gateway.statuses.length === 3);
    expect(gateway.statuses.map(({ status }) => status)).toEqual([3, 3, 0x80]);
    // Markers of a module's message are for that module alone.
    await bob.say(ROOM, 'end', groupchat);
    await bob.got('end');
    expect(
      bob.messages.filter((message) => message.attrs.type === 'groupchat' && message.getChild('displayed')),
    ).toEqual([]);
  });

  it('is delivered to the others when one of its occupants cannot be reached at once', async () => {
    const scene = await makeScene();
    const { gateway, prosody, bob } = scene;
    await bob.join('room');
    // Somebody of a server that can be reached while he comes in, and not any more when the message is for him.
    const join = `<presence from="carol@peer.example/x" to="${ROOM}/carol"><x xmlns="http://jabber.org/protocol/muc"/></presence>`;
    const origin =
      '{ type = "s2sin", hosts = { ["peer.example"] = { authed = true } }, send = function () return true end }';
    const events = `prosody.hosts["${ROOMS}"].events`;
    const said = await prosody.evaluate(
      `local reach = function () return true end; ${events}.add_handler("route/remote", reach, 1000); prosody.core_process_stanza(${origin}, require "util.xml".parse([[${join}]])); ${events}.remove_handler("route/remote", reach); return "joined"`,
    );
    expect(said).toContain('joined');
    await bob.until(() => bob.inbox.some(({ attrs }) => attrs.from === `${ROOM}/carol`));
    expect(await send(scene, 's-1', { groupid: numberOf(ROOM) })).toBe(false);
    await bob.got('text s-1');
    await gateway.until(() => gateway.statuses.length === 1);
    expect(gateway.statuses).toMatchObject([{ sent_id: 's-1', status: 0x80 }]);
  });
});

describe.skipIf(MISSING)('the status of a message to a user', () => {
  it('is believed only when it comes from that user and goes to the sender', async () => {
    const scene = await makeScene({ users: ['alice', 'bob', 'carol'] });
    const { gateway, prosody, alice, bob } = scene;
    const carol = await User.login(prosody, 'carol');
    await send(scene, 's-1', { from: alice.bare, to: bob.bare, flags: '3' });
    await bob.got('text s-1');
    await carol.say(alice.bare, null, displayed('s-1'));
    await alice.until(() => alice.messages.some((message) => message.attrs.from === carol.full));
    await bob.say(carol.bare, null, displayed('s-1'));
    await carol.until(() => carol.messages.some((message) => message.attrs.from === bob.full));
    await settle(scene, bob, 'end');
    expect(gateway.statuses).toEqual([]);
    await bob.say(alice.full, null, displayed('s-1'));
    await gateway.until(() => gateway.statuses.length === 1);
    expect(gateway.statuses).toMatchObject([{ sent_id: 's-1', status: 3 }]);
  });
});

describe.skipIf(MISSING)('an error', () => {
  it('with a copy of a receipt does not count as a receipt', async () => {
    const scene = await makeScene();
    const { gateway, alice, bob } = scene;
    const received = xml('received', { xmlns: 'urn:xmpp:receipts', id: 'x' });
    await bob.client.send(
      xml('message', { to: alice.full, type: 'error' }, received, xml('error', { type: 'cancel' })),
    );
    await alice.until(() => alice.messages.length === 1);
    await settle(scene, bob, 'end');
    expect(gateway.events.filter(({ status }) => status)).toEqual([]);
  });
});
