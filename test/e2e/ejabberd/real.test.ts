/** A real ejabberd, real clients, a real core and real modules: what docs/ejabberd.md promises. */

import { describe, expect, it } from 'vitest';
import { fixture } from '../core.js';
import { numberOf } from '../prosody/scene.js';
import { xml } from '../prosody/user.js';
import { MISSING } from './ejabberd.js';
import { makeScene } from './scene.js';

if (MISSING) console.warn(`skipped: ${MISSING}`);

describe.skipIf(MISSING)('a chat', { timeout: 180_000 }, () => {
  it('is filtered and changed by modules', async () => {
    const { core, alice, bob } = await makeScene();
    await alice.say(bob.bare, 'hello');
    await alice.say(bob.bare, 'what the heck');
    await alice.say(bob.full, 'goodbye');
    await bob.got('GOODBYE');
    expect(bob.texts).toEqual(['HELLO', 'GOODBYE']);
    expect((await core.command.run('logs', 'filter')).stdout).toContain('blocked a message from alice@localhost');
  });

  it('goes on when a module is killed in the middle of it', async () => {
    const { core, alice, bob } = await makeScene();
    await alice.say(bob.bare, 'one');
    await bob.got('ONE');
    const from = core.log.length;
    core.killModule('filter');
    for (const text of ['two', 'three']) await alice.say(bob.bare, text);
    await bob.got('THREE');
    expect(bob.texts).toEqual(['ONE', 'TWO', 'THREE']);
    await core.logged('filter', /-> serving/, from);
    await alice.say(bob.bare, 'heck');
    await alice.say(bob.bare, 'four');
    await bob.got('FOUR');
    expect(bob.texts).toEqual(['ONE', 'TWO', 'THREE', 'FOUR']);
  });

  it('goes on when the core is killed, and is filtered again when it is back', async () => {
    const { core, ejabberd, alice, bob } = await makeScene();
    await alice.say(bob.bare, 'one');
    await bob.got('ONE');
    await core.kill();
    await ejabberd.logged(/cannot be reached: .* Until it can, messages are delivered unseen by modules/);
    for (const text of ['two', 'heck']) await alice.say(bob.bare, text);
    await bob.got('heck');
    await core.start();
    await ejabberd.logged(/serves again; 2 messages were not decided by modules/);
    await alice.say(bob.bare, 'heck');
    await alice.say(bob.bare, 'three');
    await bob.got('THREE');
    expect(bob.texts).toEqual(['ONE', 'two', 'heck', 'THREE']);
  });

  it('keeps the order of each sender', async () => {
    const { core, alice, bob } = await makeScene();
    const texts = Array.from({ length: 150 }, (_, at) => `M${at}`);
    await Promise.all([
      ...texts.map((text) => alice.say(bob.bare, text)),
      ...texts.map((text) => bob.say(alice.bare, text)),
    ]);
    core.killModule('filter');
    for (const user of [alice, bob]) {
      await user.got(texts.at(-1) as string);
      expect(user.texts).toEqual(texts);
    }
  });

  it('of a group is filtered and changed, once for all', async () => {
    const { alice, bob } = await makeScene();
    for (const user of [alice, bob]) await user.join('room');
    for (const text of ['hello', 'heck', 'goodbye'])
      await alice.say('room@rooms.localhost', text, { type: 'groupchat' });
    for (const user of [alice, bob]) {
      await user.got('GOODBYE');
      expect(user.texts).toEqual(['HELLO', 'GOODBYE']);
    }
  });

  it('has statuses: modules hear of receipts', async () => {
    const { core, alice, bob } = await makeScene(`module statuses_2020 { path = ${fixture('statuses-2020')} }\n`);
    const id = await alice.say(bob.bare, 'text');
    await bob.got('text');
    await bob.say(alice.bare, null, { extra: [xml('received', { xmlns: 'urn:xmpp:receipts', id })] });
    const said = await core.logged('statuses_2020', /^status=/);
    expect(said).toBe(`status=2 id=${numberOf(id)} flags=0 from=${alice.bare} to=${bob.bare}`);
    await alice.until(() => alice.messages.some((message) => message.getChild('received')));
  });
});
