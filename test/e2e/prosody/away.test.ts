/** A core that is away, silent or wrong, and a Prosody that reloads or stops the bridge. */

import { rm } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { MISSING } from './prosody.js';
import { Held, makeScene } from './scene.js';
import { xml } from './user.js';

if (MISSING) console.warn(`skipped: ${MISSING}`);

const linesOf = (log: string[]) => log.filter((line) => line.startsWith('mod_mesibo_modules'));

describe.skipIf(MISSING)('a core', () => {
  it('that is away decides nothing: messages pass, and are filtered again when it is back', async () => {
    const { gateway, prosody, alice, bob } = await makeScene();
    const held = new Held(gateway);
    await alice.say(bob.bare, 'one');
    await held.waits('one');
    await gateway.close();
    // What waits does not wait for the deadline.
    await bob.got('one');
    for (const text of ['two', 'three']) await alice.say(bob.bare, text);
    await bob.got('three');
    gateway.answer = () => ({ verdict: 'consumed' });
    await rm(gateway.path, { force: true });
    await gateway.listen();
    await prosody.logged(/The core scripted .* serves again; 3 messages were not decided by modules/);
    await alice.say(bob.bare, 'four');
    await gateway.until(() => gateway.asked.includes('four'));
    gateway.answer = () => ({ verdict: 'pass' });
    await alice.say(bob.bare, 'five');
    await bob.got('five');
    expect(bob.texts).toEqual(['one', 'two', 'three', 'five']);
    expect(await prosody.counted('unreachable')).toBe(3);
    // One line when it went, and one when it came.
    expect(linesOf(prosody.log)).toHaveLength(3);
    // The same process, under the same name.
    expect(gateway.hellos).toHaveLength(2);
    expect(gateway.hellos[1]).toEqual(gateway.hellos[0]);
    expect(gateway.hellos[0]).toMatchObject({ server: 'prosody', takes_sends: true, version_min: 1, version_max: 1 });
  });

  it.each([
    ['"error"', 1],
    ['"drop"', 0],
  ])('that is away lets nothing pass with mesibo_modules_unreachable = %s', async (unreachable, errors) => {
    const { gateway, prosody, alice, bob } = await makeScene({ options: { unreachable } });
    await gateway.close();
    await prosody.logged(/cannot be reached/);
    await alice.say(bob.bare, 'unseen');
    // What has no text is not for modules, and passes.
    await alice.say(bob.full, null, { extra: [xml('active', { xmlns: 'http://jabber.org/protocol/chatstates' })] });
    await bob.until(() => bob.messages.length > 0);
    expect(bob.texts).toEqual([]);
    const refusals = alice.messages.flatMap(
      (message) => message.getChild('error')?.getChild('internal-server-error') ?? [],
    );
    expect(refusals).toHaveLength(errors);
  });

  it('that does not answer one message delays it only until the deadline; the late answer is skipped', async () => {
    const { gateway, prosody, alice, bob } = await makeScene({ options: { deadline: '700' } });
    const held = new Held(gateway);
    await alice.say(bob.bare, 'slow');
    await held.waits('slow');
    // It is there all the same: something else is answered.
    await bob.say(bob.bare, 'quick');
    await held.give('quick');
    await bob.got('slow');
    await held.give('slow', { verdict: 'consumed' });
    await alice.say(bob.bare, 'next');
    await held.give('next');
    await bob.got('next');
    expect(bob.texts).toEqual(['quick', 'slow', 'next']);
    expect(await prosody.counted('deadline')).toBe(1);
    expect(await prosody.counted('late')).toBe(1);
  });

  it('that hangs delays no other message until it is heard from again', async () => {
    const { gateway, prosody, alice, bob } = await makeScene({ options: { deadline: '500' } });
    const held = new Held(gateway);
    // What it said of logins has been heard by then.
    await alice.say(bob.bare, 'zero');
    await held.give('zero');
    await bob.got('zero');
    await alice.say(bob.bare, 'one');
    await alice.say(alice.bare, 'two');
    await held.waits('two');
    await bob.got('one');
    await alice.got('two');
    await prosody.logged(/cannot be reached: it does not answer/);
    for (let at = 0; at < 20; at++) await alice.say(bob.bare, `more ${at}`);
    await bob.got('more 19');
    expect(gateway.asked).toEqual(['zero', 'one', 'two']);
    await held.give('one');
    await prosody.logged(/answers again; 22 messages were not decided/);
    await alice.say(bob.bare, 'three');
    await held.give('three', { verdict: 'pass', text: 'THREE' });
    await bob.got('THREE');
  });

  it('gets no more messages at a time than it says, and the others wait', async () => {
    const { gateway, prosody, alice, bob } = await makeScene();
    gateway.welcome.window = 2;
    gateway.cut();
    await prosody.logged(/serves again/);
    let most = 0;
    let now = 0;
    gateway.answer = async () => {
      most = Math.max(most, ++now);
      await new Promise(setImmediate);
      now--;
      return { verdict: 'pass' };
    };
    const texts = Array.from({ length: 100 }, (_, at) => `text ${at}`);
    for (const text of texts) void alice.say(bob.bare, text);
    await bob.until(() => bob.texts.length === texts.length);
    expect(bob.texts).toEqual(texts);
    expect(most).toBe(2);
  });

  it('that answers nonsense is no danger: messages pass, and the connection is made anew', async () => {
    const { gateway, prosody, alice, bob } = await makeScene();
    const wrong = [
      '{"outcome":{"id":"1","verdict":"consumed"}}\n{"outcome":{}}\n{"unknown":{}}\n{"send":{}}\n',
      'garbage\n',
      `${'['.repeat(100_000)}\n`,
      '{"outcome":\n',
      `{"failure":{"code":"GATEWAY_BUSY","message":"not now","fatal":true}}\n`,
    ];
    for (const [at, text] of wrong.entries()) {
      const line = prosody.log.length;
      gateway.write(text);
      if (at > 0) await prosody.logged(/cannot be reached: (it sent what is not JSON|GATEWAY_BUSY: not now)/, line);
      await alice.say(bob.bare, `text ${at}`);
      await bob.got(`text ${at}`);
      await prosody.until(() => linesOf(prosody.log).at(-1)?.includes('serves') === true);
    }
    expect(prosody.log.filter((line) => /\terror\t/.test(line))).toEqual([]);
    // A failure that is about one message: it passes.
    gateway.answer = () => ({ failure: { code: 'MESSAGE_TOO_LARGE', message: 'too large' } });
    await alice.say(bob.bare, 'refused');
    await bob.got('refused');
    gateway.answer = ({ id }) => {
      gateway.tell({ failure: { code: 'GATEWAY_FRAME', message: 'not understood', event_id: id } });
      return null;
    };
    await alice.say(bob.bare, 'refused too');
    await bob.got('refused too');
    expect(await prosody.counted('failure')).toBe(2);
  });

  it('is not asked about a message that is too large for it', async () => {
    const { gateway, prosody, alice, bob } = await makeScene();
    gateway.welcome.max_message = 10;
    gateway.cut();
    await prosody.logged(/serves again/);
    await alice.say(bob.bare, 'ten bytes.');
    await alice.say(bob.bare, 'more than that');
    await bob.got('more than that');
    expect(gateway.asked).toEqual(['ten bytes.']);
    expect(await prosody.counted('oversize')).toBe(1);
  });
});

describe.skipIf(MISSING)('the bridge', () => {
  it('is reloaded while messages wait: each arrives once, and the next ones are asked about', async () => {
    const { gateway, prosody, alice, bob } = await makeScene();
    const held = new Held(gateway);
    for (const text of ['one', 'two']) await alice.say(bob.bare, text);
    await held.waits('two');
    gateway.tell({ send: { sent_id: 's1', module: 'm', params: { to: alice.bare }, text: 'sent' } });
    await gateway.until(() => gateway.acks.length === 1);
    const before = prosody.log.length;
    expect(await prosody.shell('module reload mesibo_modules')).toContain('Module reloaded on 3 hosts');
    await bob.got('two');
    // Until it has read the welcome, messages pass.
    await prosody.logged(/ serves\./, before);
    await held.give('one');
    await held.give('two');
    await alice.say(bob.bare, 'three');
    await held.give('three', { verdict: 'pass', text: 'THREE' });
    await bob.got('THREE');
    // It remembers what it has delivered.
    gateway.tell({ send: { sent_id: 's1', module: 'm', params: { to: alice.bare }, text: 'sent' } });
    gateway.tell({ send: { sent_id: 's2', module: 'm', params: { to: alice.bare }, text: 'end' } });
    await alice.got('end');
    expect(alice.texts).toEqual(['sent', 'end']);
    expect(bob.texts).toEqual(['one', 'two', 'THREE']);
    expect(gateway.hellos[1]).toEqual(gateway.hellos[0]);
    expect(prosody.log.filter((line) => /\terror\t/.test(line))).toEqual([]);
  });

  it('is unloaded: nothing waits any more', async () => {
    const { gateway, prosody, alice, bob } = await makeScene();
    new Held(gateway);
    await alice.say(bob.bare, 'one');
    await gateway.until(() => gateway.asked.length === 1);
    await prosody.shell('module unload mesibo_modules');
    await bob.got('one');
    await alice.say(bob.bare, 'two');
    await bob.got('two');
    expect(gateway.asked).toEqual(['one']);
  });

  it('delivers what waits when Prosody stops', async () => {
    const { gateway, prosody, alice, bob } = await makeScene();
    new Held(gateway);
    await alice.say(bob.bare, 'one');
    await gateway.until(() => gateway.asked.length === 1);
    await Promise.all([bob.got('one'), prosody.stop()]);
  });

  // Where lua-event is not installed, Prosody takes its default in place of the first; bursts.test.ts says so.
  it.each(['event', 'select'])('works with the network backend %s too', async (backend) => {
    const { gateway, prosody, alice, bob } = await makeScene({ globals: `network_backend = "${backend}"` });
    gateway.answer = ({ message }) =>
      message?.text === 'bad' ? { verdict: 'consumed' } : { verdict: 'pass', text: message?.text?.toUpperCase() };
    for (const text of ['hello', 'bad', 'end']) await alice.say(bob.bare, text);
    await bob.got('END');
    await gateway.close();
    await prosody.logged(/cannot be reached/);
    await alice.say(bob.bare, 'away');
    await bob.got('away');
    await rm(gateway.path, { force: true });
    await gateway.listen();
    await prosody.logged(/serves again/);
    const texts = Array.from({ length: 300 }, (_, at) => `TEXT ${at}`);
    for (const text of texts) void alice.say(bob.bare, text.toLowerCase());
    const refused = () => alice.messages.filter(({ attrs }) => attrs.type === 'error').length;
    await Promise.race([bob.got('TEXT 299'), alice.until(() => refused() > 0)]);
    expect(refused()).toBe(0);
    expect(bob.texts).toEqual(['HELLO', 'END', 'away', ...texts]);
  });
});
