/** Messages from others than the users of a host with the bridge. */

import { describe, expect, it } from 'vitest';
import { makeComponentScene } from './component.js';
import { MISSING } from './prosody.js';
import { Held, makeScene, numberOf } from './scene.js';
import { User } from './user.js';

if (MISSING) console.warn(`skipped: ${MISSING}`);

describe.skipIf(MISSING)('a component', () => {
  it('is asked about: its messages are dropped or changed, wait in order, and survive its end', async () => {
    const { gateway, prosody, bob, component } = await makeComponentScene();
    const held = new Held(gateway);
    const say = (text: string, more = '') =>
      component.write(
        `<message from="47@sms.localhost" to="${bob.bare}" type="chat" id="${text}"><body>${text}</body>${more}</message>`,
      );
    for (const text of ['one', 'bad', 'plain']) say(text);
    await held.give('plain', { verdict: 'pass', text: 'PLAIN' });
    await held.give('bad', { verdict: 'consumed' });
    await held.give('one');
    await bob.got('PLAIN');
    expect(bob.texts).toEqual(['one', 'PLAIN']);
    expect(gateway.events.at(-1)?.message?.params).toEqual({
      id: numberOf('plain'),
      from: '47@sms.localhost',
      to: bob.bare,
      uflags: '1',
    });
    // What users write to it is asked about where they write it.
    await bob.say('47@sms.localhost', 'secret');
    await held.give('secret', { verdict: 'pass', text: 'public' });
    await component.reads(/<body>public<\/body>/);
    // A receipt is a status.
    component.write(
      `<message from="47@sms.localhost" to="${bob.bare}"><received xmlns="urn:xmpp:receipts" id="x"/></message>`,
    );
    await gateway.until(() => gateway.events.some(({ status }) => status?.id === numberOf('x')));
    // Rooms of elsewhere are theirs.
    component.write(
      `<message from="room@sms.localhost/x" to="${bob.full}" type="groupchat"><body>in their room</body></message>`,
    );
    await bob.got('in their room');
    say('last words');
    await held.waits('last words');
    component.end();
    await prosody.logged(/component disconnected|Component disconnected|closed/);
    await held.give('last words');
    await bob.got('last words');
    expect(gateway.asked).toEqual(['one', 'bad', 'plain', 'secret', 'last words']);
    expect(prosody.log.filter((line) => /\terror\t/.test(line))).toEqual([]);
  });
});

describe.skipIf(MISSING)('a user of a host without the bridge', () => {
  it('is asked about where his message arrives, and nowhere else', async () => {
    const { gateway, prosody, bob } = await makeScene({
      users: ['bob', 'alice', 'carol@other.localhost', 'dave@other.localhost'],
      more: 'VirtualHost "other.localhost"\nmodules_disabled = { "mesibo_modules" }',
    });
    const carol = await User.login(prosody, 'carol', 'phone', 'other.localhost');
    const dave = await User.login(prosody, 'dave', 'phone', 'other.localhost');
    gateway.answer = ({ message }) => ({ verdict: message?.text === 'bad' ? 'consumed' : 'pass' });
    for (const text of ['bad', 'good']) await carol.say(bob.bare, text);
    await bob.got('good');
    expect(bob.texts).toEqual(['good']);
    await carol.say(dave.bare, 'bad');
    await dave.got('bad');
    // What a user of ours writes to them is asked about.
    for (const text of ['bad', 'also good']) await bob.say(dave.bare, text);
    await dave.got('also good');
    expect(dave.texts).toEqual(['bad', 'also good']);
    expect(gateway.asked).toEqual(['bad', 'good', 'bad', 'also good']);
  });
});
