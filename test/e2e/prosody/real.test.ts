/** A real Prosody, real clients, a real core and real modules: what docs/prosody.md promises. */

import { describe, expect, it } from 'vitest';
import { fixture, sample } from '../core.js';
import { MISSING, type Prosody, ROOMS, startProsody } from './prosody.js';
import { RealCore } from './real-core.js';
import { numberOf } from './scene.js';
import { type Element, User, xml } from './user.js';

if (MISSING) console.warn(`skipped: ${MISSING}`);

const ROOM = `room@${ROOMS}`;
const REPLY = 'Thank you. Your message has arrived.';
/** A machine with many tests is slow to start a process again. */
const CONFIG = `
chain_deadline = 30s
module filter { path = ${sample('filter')} ; blocked_words = heck ; deadline = 20s ; max_crashes = off ; backoff = 10ms to 20ms }
module change_2020 { path = ${fixture('change-2020')} ; deadline = 20s ; max_crashes = off ; backoff = 10ms to 20ms }
`;
const AUTOREPLY = `module autoreply { path = ${sample('autoreply')} ; deadline = 20s }\n`;

interface Scene {
  core: RealCore;
  prosody: Prosody;
  alice: User;
  bob: User;
}

async function makeScene(config = CONFIG): Promise<Scene> {
  const core = await RealCore.start(config);
  const prosody = await startProsody({ socket: core.socket });
  await prosody.logged(/The core .* serves/);
  const [alice, bob] = [await User.login(prosody, 'alice'), await User.login(prosody, 'bob')];
  return { core, prosody, alice, bob };
}

describe.skipIf(MISSING)('a chat', () => {
  it('is filtered, changed and answered by modules', async () => {
    const { core, prosody, alice, bob } = await makeScene(CONFIG + AUTOREPLY);
    await alice.say(bob.bare, 'hello');
    await alice.say(bob.bare, 'what the heck');
    await alice.say(bob.full, 'goodbye');
    await bob.got('GOODBYE');
    expect(bob.texts).toEqual(['HELLO', 'GOODBYE']);
    // Each message that reached autoreply has one answer, from whom it was for.
    await alice.until(() => alice.texts.length === 2);
    expect(alice.messages.map((message: Element) => [message.attrs.from, message.getChildText('body')])).toEqual([
      ['bob@localhost', REPLY],
      ['bob@localhost', REPLY],
    ]);
    // Prosody has acknowledged them: the core keeps none.
    const { stdout } = await core.command.run('status');
    expect(stdout).not.toMatch(/that modules sent waits?/);
    expect(await prosody.counted('sent')).toBe(2);
    expect((await core.command.run('logs', 'filter')).stdout).toContain('blocked a message from alice@localhost');
  });

  it('of a group is filtered and changed, once for all', async () => {
    const { prosody, alice, bob } = await makeScene();
    for (const user of [alice, bob]) await user.join('room');
    for (const text of ['hello', 'heck', 'goodbye']) await alice.say(ROOM, text, { type: 'groupchat' });
    for (const user of [alice, bob]) {
      await user.got('GOODBYE');
      expect(user.texts).toEqual(['HELLO', 'GOODBYE']);
    }
    expect(await prosody.counted('asked')).toBe(3);
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
    const { core, prosody, alice, bob } = await makeScene(CONFIG + AUTOREPLY);
    const ask = { extra: [xml('request', { xmlns: 'urn:xmpp:receipts' })] };
    await alice.say(bob.bare, 'one', ask);
    await bob.got('ONE');
    await alice.got(REPLY);
    await core.kill();
    await prosody.logged(/cannot be reached/);
    for (const text of ['two', 'heck']) await alice.say(bob.bare, text);
    await bob.got('heck');
    await core.start();
    await prosody.logged(/serves again; 2 messages were not decided by modules/);
    await alice.say(bob.bare, 'heck');
    await alice.say(bob.bare, 'three');
    await bob.got('THREE');
    expect(bob.texts).toEqual(['ONE', 'two', 'heck', 'THREE']);
    await alice.until(() => alice.texts.length === 2);
    // None comes a second time.
    expect(await prosody.counted('sent')).toBe(2);
  });

  it('has statuses: modules hear of receipts for the messages of users and for their own', async () => {
    const { core, alice, bob } = await makeScene(`module statuses_2020 { path = ${fixture('statuses-2020')} }\n`);
    const receipt = (id: string) => ({ extra: [xml('received', { xmlns: 'urn:xmpp:receipts', id })] });
    const id = await alice.say(bob.bare, 'text');
    await bob.got('text');
    await bob.say(alice.bare, null, receipt(id));
    const said = await core.logged('statuses_2020', /^status=/);
    expect(said).toBe(`status=2 id=${numberOf(id)} flags=0 from=${alice.bare} to=${bob.bare}`);
    // The module answers it with a message of the id 7 that asks for receipts.
    const from = core.log.length;
    await alice.say(bob.bare, '7 3');
    const sent = await alice.got('sent');
    await alice.say(bob.bare, null, receipt(sent.attrs.id as string));
    const heard = await core.logged('statuses_2020', /^status=/, from);
    expect(heard).toBe(`status=2 id=7 flags=3 from=${bob.bare} to=${alice.bare}`);
    // That receipt is the module's.
    await alice.say(bob.bare, 'end');
    await bob.got('end');
    expect(bob.messages.filter((message) => message.getChild('received'))).toEqual([]);
  });

  it('of two servers needs two names: a second server of the same name gets an error, and its messages pass', async () => {
    const core = await RealCore.start(CONFIG);
    const first = await startProsody({ socket: core.socket });
    await first.logged(/The core .* serves/);
    const second = await startProsody({ socket: core.socket });
    await second.logged(/cannot be reached: SERVER_NAME_TAKEN: /);
    const [alice, bob] = [await User.login(second, 'alice'), await User.login(second, 'bob')];
    await alice.say(bob.bare, 'heck');
    await bob.got('heck');
    // The first one goes, and its name is free.
    await first.stop();
    await second.logged(/The core .* serves again/);
    for (const text of ['heck', 'hello']) await alice.say(bob.bare, text);
    await bob.got('HELLO');
    expect(bob.texts).toEqual(['heck', 'HELLO']);
  });
});
