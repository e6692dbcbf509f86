/** What modules send: as messages of this server, each once, and what becomes of them. */

import { describe, expect, it } from 'vitest';
import { MISSING, ROOMS } from './prosody.js';
import { makeScene, numberOf, send } from './scene.js';
import { type Element, User, xml } from './user.js';

if (MISSING) console.warn(`skipped: ${MISSING}`);

const ROOM = `room@${ROOMS}`;

describe.skipIf(MISSING)('a message of a module', () => {
  it('reaches its recipient from its sender, and modules are not asked about it', async () => {
    const scene = await makeScene();
    const { gateway, alice, bob } = scene;
    expect(await send(scene, 's-1', { from: alice.bare, to: bob.bare })).toBe(false);
    expect(await send(scene, 's-2', { to: 'bob' })).toBe(false);
    expect(await send(scene, 's-3', { from: 'helper', to: bob.full })).toBe(false);
    const latin = { payload: Buffer.from([0x67, 0x72, 0xfc, 0xdf, 0x65]).toString('base64') };
    expect(await send(scene, 's-4', { from: 'localhost', to: bob.bare }, latin)).toBe(false);
    await bob.until(() => bob.messages.length === 4);
    expect(bob.messages.map(({ attrs }) => [attrs.from, attrs.id, attrs.type])).toEqual([
      [alice.bare, 's-1', 'chat'],
      ['localhost', 's-2', 'chat'],
      ['helper@localhost', 's-3', 'chat'],
      ['localhost', 's-4', 'chat'],
    ]);
    expect(bob.texts).toEqual(['text s-1', 'text s-2', 'text s-3', 'gr\uFFFD\uFFFDe']);
    expect(gateway.asked).toEqual([]);
  });

  it('has the sender that the configuration names when its module names none', async () => {
    const scene = await makeScene({ options: { address: '"helper@localhost"' } });
    await send(scene, 's-1', { to: 'bob' });
    expect((await scene.bob.got('text s-1')).attrs.from).toBe('helper@localhost');
  });

  it('that comes twice is delivered once', async () => {
    const scene = await makeScene();
    const { gateway, bob, prosody } = scene;
    const params = { to: bob.bare };
    await send(scene, 's-1', params);
    await send(scene, 's-1', params);
    gateway.cut();
    await prosody.logged(/serves again/);
    await send(scene, 's-1', params);
    expect(await send(scene, 's-0', { to: 'nobody' })).toBe(true);
    expect(await send(scene, 's-0', { to: 'nobody' })).toBe(true);
    await send(scene, 's-2', params);
    await bob.got('text s-2');
    expect(bob.texts).toEqual(['text s-1', 'text s-2']);
    expect(await prosody.counted('sent')).toBe(2);
    expect(await prosody.counted('repeated')).toBe(3);
  });

  it('is refused when nobody can have it, and the log says why', async () => {
    const scene = await makeScene();
    const { prosody } = scene;
    const wrong: [object, object?][] = [
      [{ to: 'nobody@localhost' }],
      [{ to: 'somebody@elsewhere.example' }],
      [{ to: '@@@' }],
      [{}],
      [{ from: 'somebody@elsewhere.example', to: 'bob' }],
      [{ groupid: '17' }],
      [{ to: 'bob' }, { text: '' }],
      [{ to: 'bob' }, {}],
      [{ to: 'bob' }, { payload: 7 }],
    ];
    for (const [at, [params, content]] of wrong.entries())
      expect(await send(scene, `s-${at}`, params, content), JSON.stringify(params)).toBe(true);
    // One line a minute for each module.
    const lines = prosody.log.filter((line) => line.includes('is refused'));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain(
      'A message of module sender is refused: nobody@localhost cannot have it: service-unavailable',
    );
    expect(prosody.log.filter((line) => /\terror\t/.test(line))).toEqual([]);
  });

  it('goes to a room by its groupid: from its occupant, or else from the room', async () => {
    const scene = await makeScene();
    const { gateway, alice, bob } = scene;
    for (const user of [alice, bob]) await user.join('room');
    const groupid = numberOf(ROOM);
    expect(await send(scene, 's-1', { groupid })).toBe(false);
    expect(await send(scene, 's-2', { groupid, from: bob.bare })).toBe(false);
    await alice.got('text s-2');
    const rooms = alice.messages.filter((message) => message.getChildText('body'));
    expect(rooms.map(({ attrs }) => [attrs.from, attrs.type])).toEqual([
      [ROOM, 'groupchat'],
      [`${ROOM}/bob`, 'groupchat'],
    ]);
    expect(gateway.asked).toEqual([]);
  });

  it('has receipts when it asks for them, and only its module gets them', async () => {
    const scene = await makeScene();
    const { gateway, alice, bob } = scene;
    await send(scene, 's-1', { from: alice.bare, to: bob.bare, flags: '3', id: '77' });
    const message = await bob.got('text s-1');
    expect(message.getChild('request', 'urn:xmpp:receipts')).toBeDefined();
    expect(message.getChild('markable', 'urn:xmpp:chat-markers:0')).toBeDefined();
    const about = (name: string, xmlns: string): { extra: Element[] } => ({ extra: [xml(name, { xmlns, id: 's-1' })] });
    await bob.say(alice.bare, null, about('received', 'urn:xmpp:receipts'));
    await bob.say(alice.bare, null, about('displayed', 'urn:xmpp:chat-markers:0'));
    await gateway.until(() => gateway.statuses.length === 2);
    const params = { from: alice.bare, to: bob.bare, flags: '3', id: '77' };
    expect(gateway.statuses).toEqual([
      { sent_id: 's-1', status: 2, params },
      { sent_id: 's-1', status: 3, params },
    ]);
    // Who did not get it cannot say that he did.
    await alice.say(alice.full, null, about('received', 'urn:xmpp:receipts'));
    await alice.until(() => alice.messages.length === 1);
    expect(gateway.statuses).toHaveLength(2);
    // A client that rejects it: it failed.
    const error = xml('error', { type: 'cancel' });
    await bob.client.send(xml('message', { to: alice.bare, type: 'error', id: 's-1' }, error));
    await gateway.until(() => gateway.statuses.length === 3);
    expect(gateway.statuses[2]).toMatchObject({ sent_id: 's-1', status: 0x80 });
  });

  it('is kept for a user who is offline, and is in the archive', async () => {
    const scene = await makeScene();
    const { prosody, bob } = scene;
    await bob.logout();
    await prosody.logged(/Client disconnected/);
    expect(await send(scene, 's-1', { to: bob.bare })).toBe(false);
    const again = await User.login(prosody, 'bob');
    await again.got('text s-1');
  });
});
