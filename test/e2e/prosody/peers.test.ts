/** Two servers at one core: what a module sends in the name of the other one's users, and what comes from there. */

import { describe, expect, it } from 'vitest';
import { MISSING, type Prosody, ROOMS } from './prosody.js';
import { makeScene, numberOf, send } from './scene.js';
import { xml } from './user.js';

if (MISSING) console.warn(`skipped: ${MISSING}`);

const PEER = 'peer.example';
const STRANGER = 'stranger.example';
const ROOM = `room@${ROOMS}`;
const peers = { options: { peers: `{ "${PEER}" }` } };

/** Gives Prosody a stanza as if it came from another server, which has proved who it is. */
async function arrive(prosody: Prosody, host: string, stanza: string): Promise<void> {
  const origin = `{ type = "s2sin", from_host = "${host}", hosts = { ["${host}"] = { authed = true } }, send = function () return true end }`;
  const said = await prosody.evaluate(
    `prosody.core_process_stanza(${origin}, require "util.xml".parse([[${stanza}]])); return "arrived"`,
  );
  expect(said).toContain('arrived');
}

const from = (host: string, to: string, content: string, type = 'chat') =>
  `<message from="carol@${host}/x" to="${to}" type="${type}">${content}</message>`;

describe.skipIf(MISSING)('a message that a module sends in the name of a user of another server', () => {
  it('is refused, unless the configuration names that server', async () => {
    const scene = await makeScene();
    expect(await send(scene, 's-1', { from: `carol@${PEER}`, to: scene.bob.bare })).toBe(true);
    expect(scene.prosody.log.some((line) => line.includes('is no address of this server'))).toBe(true);
  });

  it('goes to users of this server and its rooms, and its receipts to its module', async () => {
    const scene = await makeScene(peers);
    const { gateway, bob } = scene;
    await bob.join('room');
    const carol = `carol@${PEER}`;
    expect(await send(scene, 's-1', { from: carol, to: bob.bare, flags: '1' })).toBe(false);
    expect((await bob.got('text s-1')).attrs.from).toBe(carol);
    expect(await send(scene, 's-2', { from: carol, groupid: numberOf(ROOM) })).toBe(false);
    expect((await bob.got('text s-2')).attrs.from).toBe(ROOM);
    await bob.say(carol, null, { extra: [xml('received', { xmlns: 'urn:xmpp:receipts', id: 's-1' })] });
    await gateway.until(() => gateway.statuses.length === 1);
    expect(gateway.statuses).toMatchObject([{ sent_id: 's-1', status: 2 }]);
    expect(await send(scene, 's-3', { from: carol, to: 'nobody@localhost' })).toBe(true);
  });

  it('is refused when it is for yet another server, which would not believe it', async () => {
    const scene = await makeScene(peers);
    for (const to of [`dave@${PEER}`, `dave@${STRANGER}`])
      expect(await send(scene, `to ${to}`, { from: `carol@${PEER}`, to })).toBe(true);
    expect(scene.prosody.log.some((line) => line.includes('only the server of that address can send it to'))).toBe(
      true,
    );
    expect(scene.prosody.log.filter((line) => /\terror\t/.test(line))).toEqual([]);
  });
});

describe.skipIf(MISSING)('a message from another server at the core', () => {
  it('is not asked about again, as that server has asked; messages from other servers are', async () => {
    const { gateway, prosody, bob } = await makeScene(peers);
    await arrive(prosody, PEER, from(PEER, bob.bare, '<body>from a peer</body>'));
    await arrive(prosody, PEER, from(PEER, bob.bare, '<received xmlns="urn:xmpp:receipts" id="x"/>'));
    await bob.until(() => bob.messages.length === 2);
    await arrive(prosody, STRANGER, from(STRANGER, bob.bare, '<received xmlns="urn:xmpp:receipts" id="y"/>'));
    await arrive(prosody, STRANGER, from(STRANGER, bob.bare, '<body>from a stranger</body>'));
    await bob.got('from a stranger');
    expect(gateway.asked).toEqual(['from a stranger']);
    expect(gateway.events.flatMap(({ status }) => status?.id ?? [])).toEqual([numberOf('y')]);
  });
});
