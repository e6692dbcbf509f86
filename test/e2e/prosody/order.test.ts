/** In which order stanzas arrive while verdicts are awaited, and what happens when too many wait. */

import { describe, expect, it } from 'vitest';
import { HOST, MISSING } from './prosody.js';
import { Held, makeScene } from './scene.js';
import { type Element, User, xml } from './user.js';

if (MISSING) console.warn(`skipped: ${MISSING}`);

const state = (name: string) => xml(name, { xmlns: 'http://jabber.org/protocol/chatstates' });
const errorsOf = (user: User) => user.messages.filter(({ attrs }) => attrs.type === 'error');

describe.skipIf(MISSING)('the order of a conversation', () => {
  it('holds whatever the order of the verdicts, also for messages that are not asked about', async () => {
    const { gateway, alice, bob } = await makeScene();
    const held = new Held(gateway);
    await alice.say(bob.bare, 'one');
    await alice.say(bob.full, null, { extra: [state('composing')] });
    await alice.say(bob.full, 'two');
    await alice.say(bob.full, null, { extra: [state('paused')] });
    // Other conversations do not wait.
    await alice.say(`carol@${HOST}`, null, { extra: [state('active')] });
    await alice.say(alice.bare, 'a note to myself');
    await held.give('a note to myself');
    await alice.got('a note to myself');
    await held.give('two');
    await held.waits('one');
    expect(bob.messages).toEqual([]);
    await held.give('one');
    await bob.until(() => bob.messages.some((message) => message.getChild('paused')));
    const told = bob.messages.map(
      (message: Element) => message.getChildText('body') ?? message.getChild('composing')?.name,
    );
    expect(told).toEqual(['one', 'composing', 'two', undefined]);
  });

  it('ends with its session: messages of an ended session are still delivered', async () => {
    const { gateway, prosody, alice, bob } = await makeScene();
    const held = new Held(gateway);
    await alice.say(bob.bare, 'last words');
    await alice.say('nobody@localhost', 'to nobody');
    await alice.say(alice.bare, 'to my other clients');
    const other = await User.login(prosody, 'alice', 'other');
    await held.waits('to my other clients');
    await alice.logout();
    for (const text of ['last words', 'to nobody', 'to my other clients']) await held.give(text);
    await bob.got('last words');
    await other.got('to my other clients');
    expect(prosody.log.filter((line) => /error/.test(line))).toEqual([]);
  });

  it('holds for a user whose client has to log in anew', async () => {
    const { gateway, prosody, alice, bob } = await makeScene();
    const held = new Held(gateway);
    await alice.say(bob.bare, 'before');
    await held.waits('before');
    alice.cut();
    const again = await User.login(prosody, 'alice', 'tablet');
    await again.say(bob.full, null, { extra: [state('composing')] });
    await again.say(`carol@${HOST}`, 'to another');
    await held.waits('to another');
    await held.give('before');
    await bob.until(() => bob.messages.some((message) => message.getChild('composing')));
    expect(bob.messages.map((message) => message.getChildText('body'))).toEqual(['before', null]);
  });

  it('survives a connection that is cut and may be resumed', async () => {
    const { gateway, prosody, alice, bob } = await makeScene({ modules: ['smacks'] });
    const held = new Held(gateway);
    expect(alice.client.streamManagement.enabled).toBe(true);
    await alice.say(bob.bare, 'before');
    await held.waits('before');
    alice.cut();
    // The session sleeps, and has not ended.
    await prosody.logged(/Client disconnected/);
    await held.give('before');
    await bob.got('before');
    expect(await prosody.counted('asked')).toBe(1);
  });
});

describe.skipIf(MISSING)('too many that wait', () => {
  it('are refused beyond the share of one client, when they come in one piece', async () => {
    // A quarter of all.
    const { gateway, prosody, alice, bob } = await makeScene({ options: { queue: '1', queue_total: '12' } });
    const held = new Held(gateway);
    const message = (text: string) =>
      `<message to="${bob.bare}" type="chat" id="${text}"><body>${text}</body></message>`;
    // In one piece, as what has been read cannot be left in the socket.
    await alice.client.write(['1', '2', '3', '4', '5'].map(message).join(''));
    await alice.until(() => errorsOf(alice).length === 2);
    expect(errorsOf(alice).map(({ attrs }) => attrs.id)).toEqual(['4', '5']);
    const condition = errorsOf(alice)[0]?.getChild('error');
    expect(condition?.attrs.type).toBe('wait');
    expect(condition?.getChild('resource-constraint')).toBeDefined();
    // Of others nothing is refused.
    await bob.say(alice.bare, 'meanwhile');
    await held.give('meanwhile');
    for (const text of ['1', '2', '3']) await held.give(text);
    await bob.until(() => bob.texts.length === 3);
    await alice.say(bob.bare, '6');
    await held.give('6');
    await bob.got('6');
    expect(bob.texts).toEqual(['1', '2', '3', '6']);
    expect(await prosody.counted('overload')).toBe(2);
  });

  it('pass without a verdict when the configuration says so', async () => {
    const { gateway, alice, bob } = await makeScene({ options: { queue_total: '1', overload: '"pass"' } });
    const held = new Held(gateway);
    const message = (text: string) => `<message to="${bob.bare}" type="chat"><body>${text}</body></message>`;
    await alice.client.write(message('first') + message('second'));
    await bob.got('second');
    await held.give('first');
    await bob.got('first');
    expect(gateway.asked).toEqual(['first']);
  });

  it('are not read from a connection whose session has enough waiting: no message of a flood is lost', async () => {
    const { gateway, prosody, alice, bob } = await makeScene({ options: { queue: '200' } });
    const waiting = new Set<() => void>();
    let isOpen = false;
    gateway.answer = () =>
      new Promise((done) => (isOpen ? done({ verdict: 'pass' }) : waiting.add(() => done({ verdict: 'pass' }))));
    const texts = Array.from({ length: 1500 }, (_, at) => `${at} ${'x'.repeat(200)}`);
    for (const text of texts) void alice.say(bob.bare, text);
    await gateway.until(() => gateway.asked.length >= 100);
    isOpen = true;
    for (const go of waiting) go();
    await bob.until(() => bob.texts.length === texts.length);
    expect(bob.texts).toEqual(texts);
    expect(errorsOf(alice)).toEqual([]);
    expect(await prosody.counted('overload')).toBe(0);
  });
});
