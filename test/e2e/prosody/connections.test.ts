/** One connection for many senders, as other servers and components have it: one of them does not hold up the others. */

import { describe, expect, it } from 'vitest';
import { makeComponentScene, SMS } from './component.js';
import { MISSING } from './prosody.js';
import { Held } from './scene.js';
import { xml } from './user.js';

if (MISSING) console.warn(`skipped: ${MISSING}`);

const message = (from: string, to: string, text: string) =>
  `<message from="${from}@${SMS}" to="${to}" type="chat" id="${text}"><body>${text}</body></message>`;
const ping = (id: string) =>
  `<iq type="get" id="${id}" from="48@${SMS}" to="localhost"><ping xmlns="urn:xmpp:ping"/></iq>`;

describe.skipIf(MISSING)('a connection of many senders', () => {
  it('has a share of all places: messages beyond it in one write are refused, and no other connection notices', async () => {
    const { gateway, prosody, alice, bob, component } = await makeComponentScene({
      options: { queue: '1', queue_total: '32' },
    });
    const held = new Held(gateway);
    const texts = ['1', '2', '3', '4', '5', '6', '7', '8'];
    component.write([...texts, '9'].map((text) => message('47', bob.bare, text)).join(''));
    await component.reads(/id=['"]9['"][^>]*>.*resource-constraint/s);
    await alice.say(bob.bare, 'meanwhile');
    await held.give('meanwhile');
    await bob.got('meanwhile');
    for (const text of texts) await held.give(text);
    await bob.got('8');
    expect(bob.texts).toEqual(['meanwhile', ...texts]);
    expect(await prosody.counted('overload')).toBe(1);
    // There is room again.
    component.write(message('47', bob.bare, '10'));
    await held.give('10');
    await bob.got('10');
  });

  it('is read from while a queue is nearly full: presence and requests of others come through', async () => {
    const { gateway, bob, component } = await makeComponentScene({ options: { queue: '4' } });
    const held = new Held(gateway);
    component.write(['1', '2', '3', '4'].map((text) => message('47', bob.bare, text)).join(''));
    await held.waits('4');
    component.write(ping('p1'));
    await component.reads(/<iq [^>]*id=['"]p1['"]/);
    expect(bob.texts).toEqual([]);
    for (const text of ['1', '2', '3', '4']) await held.give(text);
    await bob.got('4');
  });

  it('is not read from while all places are taken: nothing that it writes then is refused', async () => {
    const { gateway, prosody, alice, bob, component } = await makeComponentScene({ options: { queue_total: '4' } });
    const held = new Held(gateway);
    component.write(['1', '2', '3', '4'].map((text) => message('47', bob.bare, text)).join(''));
    await held.waits('4');
    component.write(message('48', bob.bare, '5') + ping('p1'));
    // Prosody has had the time to read it: it has read what came later.
    await alice.client.iqCaller.request(
      xml('iq', { type: 'get', to: 'localhost' }, xml('ping', { xmlns: 'urn:xmpp:ping' })),
    );
    expect(component.text).not.toContain('p1');
    await held.give('1');
    await held.give('2');
    await component.reads(/<iq [^>]*id=['"]p1['"]/);
    for (const text of ['3', '4', '5']) await held.give(text);
    await bob.until(() => bob.texts.length === 5);
    expect(await prosody.counted('overload')).toBe(0);
  });
});
