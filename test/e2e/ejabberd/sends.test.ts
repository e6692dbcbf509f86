/** What modules send becomes messages, and they hear what became of them. */

import { describe, expect, it } from 'vitest';
import { fixture, sample } from '../core.js';
import { numberOf } from '../prosody/scene.js';
import { xml } from '../prosody/user.js';
import { MISSING } from './ejabberd.js';
import { CONFIG, makeScene, PATIENT } from './scene.js';

if (MISSING) console.warn(`skipped: ${MISSING}`);

const REPLY = 'Thank you. Your message has arrived.';
const AUTOREPLY = `module autoreply { path = ${sample('autoreply')} ; ${PATIENT} }\n`;

describe.skipIf(MISSING)('a message that a module sends', { timeout: 180_000 }, () => {
  it('comes once, from the sender that the module names, also when the core was killed meanwhile', async () => {
    const { core, ejabberd, alice, bob } = await makeScene(CONFIG + AUTOREPLY);
    await alice.say(bob.bare, 'one');
    const reply = await alice.got(REPLY);
    expect(reply.attrs).toMatchObject({ from: bob.bare, type: 'chat' });
    await core.kill();
    await ejabberd.logged(/cannot be reached/);
    await core.start();
    await ejabberd.logged(/serves again/);
    await alice.say(bob.bare, 'two');
    await alice.until(() => alice.texts.length === 2);
    expect(alice.texts).toEqual([REPLY, REPLY]);
    // It is acknowledged: the core keeps none.
    await expect
      .poll(async () => JSON.parse((await core.command.run('status', '--json')).stdout).sends)
      .toMatchObject({ waiting: 0, delivered: 1 });
  });

  it('has receipts from its recipient, which only its module gets', async () => {
    const { core, alice, bob } = await makeScene(`module statuses_2020 { path = ${fixture('statuses-2020')} }\n`);
    const receipt = (id: string) => ({ extra: [xml('received', { xmlns: 'urn:xmpp:receipts', id })] });
    await alice.say(bob.bare, '7 3');
    const sent = await alice.got('sent');
    expect(sent.getChild('request', 'urn:xmpp:receipts')).toBeDefined();
    expect(sent.getChild('markable', 'urn:xmpp:chat-markers:0')).toBeDefined();
    // Bob did not get it, though he may know its id.
    await bob.say(alice.bare, null, receipt(sent.attrs.id as string));
    await core.logged('statuses_2020', new RegExp(`^status=2 id=${numberOf(sent.attrs.id as string)} `));
    const from = core.log.length;
    await alice.say(bob.bare, null, receipt(sent.attrs.id as string));
    const heard = await core.logged('statuses_2020', /^status=/, from);
    expect(heard).toBe(`status=2 id=7 flags=3 from=${bob.bare} to=${alice.bare}`);
    await alice.say(bob.bare, 'end');
    await bob.got('end');
    expect(bob.messages.filter((message) => message.getChild('received'))).toEqual([]);
  });

  it('is refused when nobody has that address, and the module gets the status', async () => {
    const { core, ejabberd, alice } = await makeScene(`module statuses_2020 { path = ${fixture('statuses-2020')} }\n`);
    // The module answers in the name of whom the message was for, which is no user of this server.
    await alice.say('bob@elsewhere.example', '7');
    const heard = await core.logged('statuses_2020', /^status=128/);
    expect(heard).toBe(`status=128 id=7 flags=0 from=bob@elsewhere.example to=${alice.bare}`);
    await ejabberd.logged(
      /A message of module statuses_2020 is refused: .*bob@elsewhere.example.* is no address of this server/,
    );
  });

  it('goes to a room, in the name of an occupant', async () => {
    const { ejabberd, alice, bob } = await makeScene();
    for (const user of [alice, bob]) await user.join('room');
    const deliver = (from: string, groupid: string) =>
      ejabberd.evaluate(
        `mod_mesibo_modules:deliver(<<"localhost">>, <<"s-1">>, #{<<"message">> => <<"from a module">>, <<"params">> =>
          #{<<"from">> => <<"${from}">>, <<"to">> => null, <<"groupid">> => <<"${groupid}">>, <<"flags">> => 0}})`.replaceAll(
          '\n',
          ' ',
        ),
      );
    expect(await deliver('bob', numberOf('room@rooms.localhost'))).toBe('ok');
    expect((await alice.got('from a module')).attrs).toMatchObject({ from: 'room@rooms.localhost/bob', id: 's-1' });
    expect(await deliver('carol', numberOf('room@rooms.localhost'))).toMatch(/^{refused,/);
    expect(await deliver('bob', '17')).toMatch(/^{refused,/);
  });
});
