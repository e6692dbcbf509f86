/** What becomes of a message between two users, by a scripted core's verdicts. */

import { describe, expect, it } from 'vitest';
import { MISSING } from './prosody.js';
import { makeScene, numberOf } from './scene.js';
import { type Element, User, xml } from './user.js';

if (MISSING) console.warn(`skipped: ${MISSING}`);

const CARBONS = 'urn:xmpp:carbons:2';
const MAM = 'urn:xmpp:mam:2';

/** The texts in somebody's archive. */
async function archiveOf(user: User): Promise<(string | null | undefined)[]> {
  const at = user.inbox.length;
  await user.client.iqCaller.request(xml('iq', { type: 'set' }, xml('query', { xmlns: MAM })));
  const results = user.inbox.slice(at).flatMap((stanza) => stanza.getChild('result', MAM) ?? []);
  return results.map((result) => result.getChild('forwarded')?.getChild('message')?.getChildText('body'));
}

/** The texts that somebody got copies of. */
function copiesOf(user: User): (string | null | undefined)[] {
  return user.messages.flatMap((message) => {
    const copy = message.getChild('sent', CARBONS) ?? message.getChild('received', CARBONS);
    return copy ? [copy.getChild('forwarded')?.getChild('message')?.getChildText('body')] : [];
  });
}

async function withCarbons(user: User): Promise<User> {
  await user.client.iqCaller.request(xml('iq', { type: 'set' }, xml('enable', { xmlns: CARBONS })));
  return user;
}

describe.skipIf(MISSING)('a message', () => {
  it('waits for its verdict: it is delivered, dropped or changed, and so are its copies', async () => {
    const { gateway, prosody, alice, bob } = await makeScene();
    const tablet = await withCarbons(await User.login(prosody, 'alice', 'tablet'));
    gateway.answer = ({ message }) => {
      if (message?.text === 'bad') return { verdict: 'consumed', by: 'filter' };
      return message?.text === 'plain' ? { verdict: 'pass', text: 'PLAIN' } : { verdict: 'pass' };
    };
    await alice.say(bob.bare, 'hello');
    await alice.say(bob.bare, 'bad');
    await alice.say(bob.full, 'plain');
    await alice.say(bob.bare, 'end');
    await bob.got('end');
    await tablet.until(() => copiesOf(tablet).includes('end'));
    const seen = ['hello', 'PLAIN', 'end'];
    expect(bob.texts).toEqual(seen);
    expect(gateway.asked).toEqual(['hello', 'bad', 'plain', 'end']);
    expect(copiesOf(tablet)).toEqual(seen);
    expect(await archiveOf(alice)).toEqual(seen);
    expect(await archiveOf(bob)).toEqual(seen);
    expect(await prosody.counted('asked')).toBe(4);
    expect(await prosody.counted('consumed')).toBe(1);
    expect(await prosody.counted('changed')).toBe(1);
  });

  it('reaches the core with everything that modules can use', async () => {
    const { gateway, alice, bob } = await makeScene();
    const extra = [
      xml('request', { xmlns: 'urn:xmpp:receipts' }),
      xml('markable', { xmlns: 'urn:xmpp:chat-markers:0' }),
      xml('replace', { xmlns: 'urn:xmpp:message-correct:0', id: 'before' }),
    ];
    await alice.say(bob.full, 'quote " backslash \\ tab \t end ü 😀', { id: 'first', extra });
    await alice.say('nobody@localhost', 'hello', {
      id: 'second',
      extra: [xml('no-store', { xmlns: 'urn:xmpp:hints' })],
    });
    await alice.say(alice.bare, 'to myself', { id: 'third' });
    await gateway.until(() => gateway.asked.length === 3);
    const [first, second, third] = gateway.events.flatMap(({ message }) => message ?? []);
    const [from, to, uflags] = ['alice@localhost', 'bob@localhost', '1'];
    expect(first).toEqual({
      params: { id: numberOf('first'), refid: numberOf('before'), flags: '3', from, to, uflags },
      text: 'quote " backslash \\ tab \t end ü 😀',
    });
    expect(second?.params).toEqual({ id: numberOf('second'), flags: '4', from, to: 'nobody@localhost' });
    expect(third?.params).toEqual({ id: numberOf('third'), from, to: from, uflags });
    // Nobody has that name: the sender hears it, as always.
    await alice.until(() => alice.messages.some(({ attrs }) => attrs.type === 'error' && attrs.id === 'second'));
  });

  it('loses the elements that contradict its new text, and those that modules have not seen', async () => {
    const { gateway, alice, bob } = await makeScene();
    gateway.answer = ({ message }) => ({
      verdict: 'pass',
      ...(message?.text === 'change me' ? { text: 'changed\0 and a rest' } : {}),
      ...(message?.text === 'no text'
        ? { payload: Buffer.from([0x61, 0xff, 0x01, 0x62, 0xed, 0xa0, 0x80]).toString('base64') }
        : {}),
    });
    const html = () => xml('html', { xmlns: 'http://jabber.org/protocol/xhtml-im' }, xml('body', {}, 'rich'));
    const other = () => xml('body', { 'xml:lang': 'de' }, 'anders');
    const marks = () => xml('markup', { xmlns: 'urn:xmpp:markup:0' });
    await alice.say(bob.bare, 'change me', { extra: [html(), other(), marks()] });
    await alice.say(bob.bare, 'as it is', { extra: [html(), other(), marks()] });
    await alice.say(bob.bare, 'no text');
    await bob.until(() => bob.texts.length === 3);
    const [changed, same] = bob.messages as [Element, Element];
    // A module writes C strings, which end with a NUL. Invalid text becomes valid.
    expect(bob.texts).toEqual(['changed', 'as it is', 'a\uFFFDb\uFFFD\uFFFD\uFFFD']);
    const namesOf = (message: Element) =>
      message.children
        .flatMap((child) => (typeof child === 'string' ? [] : [child.name]))
        .filter((name) => name !== 'stanza-id');
    expect(namesOf(changed)).toEqual(['body']);
    expect(namesOf(same)).toEqual(['body', 'markup']);
  });

  it('goes to another address when a module says so', async () => {
    const { gateway, prosody, alice, bob } = await makeScene({ users: ['alice', 'bob', 'carol'] });
    const carol = await User.login(prosody, 'carol');
    gateway.answer = ({ message }) => ({ verdict: 'pass', params: { ...message?.params, to: 'carol' } });
    await alice.say(bob.bare, 'for somebody else');
    await carol.got('for somebody else');
    gateway.answer = () => ({ verdict: 'pass' });
    await alice.say(bob.bare, 'end');
    await bob.got('end');
    expect(bob.texts).toEqual(['end']);
  });

  it('passes untouched when it is encrypted', async () => {
    const { gateway, alice, bob } = await makeScene();
    const omemo = xml('encrypted', { xmlns: 'eu.siacs.conversations.axolotl' }, xml('payload', {}, 'AAAA'));
    await alice.say(bob.bare, 'this message is encrypted', { extra: [omemo] });
    await alice.say(bob.bare, 'end');
    await bob.got('end');
    expect(gateway.asked).toEqual(['end']);
    expect(bob.messages[0]?.getChild('encrypted')).toBeDefined();
  });

  it('comes back to its sender when it is consumed and the configuration says so', async () => {
    const { gateway, alice, bob } = await makeScene({ options: { consumed: '"error"' } });
    gateway.answer = () => ({ verdict: 'consumed' });
    const id = await alice.say(bob.bare, 'bad');
    await alice.until(() => alice.messages.some(({ attrs }) => attrs.type === 'error'));
    const error = alice.messages.find(({ attrs }) => attrs.type === 'error');
    expect(error?.attrs).toMatchObject({ id, from: bob.bare });
    expect(error?.getChild('error')?.getChild('not-acceptable')).toBeDefined();
  });
});

describe.skipIf(MISSING)('a stanza that is not a message', () => {
  it('is a status where it is a receipt or a marker, and passes', async () => {
    const { gateway, alice, bob } = await makeScene();
    const about = (name: string, xmlns: string) => [xml(name, { xmlns, id: 'one' })];
    await bob.say(alice.bare, null, { extra: about('received', 'urn:xmpp:receipts') });
    await bob.say(alice.bare, null, { extra: about('displayed', 'urn:xmpp:chat-markers:0') });
    await bob.say(alice.full, null, { extra: [xml('composing', { xmlns: 'http://jabber.org/protocol/chatstates' })] });
    await alice.until(() => alice.messages.some((message) => message.getChild('composing') !== undefined));
    expect(alice.messages).toHaveLength(3);
    await gateway.until(() => gateway.events.filter(({ status }) => status).length === 2);
    const params = { id: numberOf('one'), from: alice.bare, to: bob.bare };
    expect(gateway.events.map(({ status }) => status).filter(Boolean)).toEqual([
      { ...params, status: '2' },
      { ...params, status: '3' },
    ]);
    expect(gateway.asked).toEqual([]);
  });

  it('is a login when the first client of a user comes, and when the last goes', async () => {
    const { gateway, prosody, alice } = await makeScene();
    const tablet = await User.login(prosody, 'alice', 'tablet');
    await tablet.logout();
    await alice.logout();
    const logins = () => gateway.events.map(({ login }) => login).filter(Boolean);
    await gateway.until(() => logins().length === 3);
    expect(logins()).toEqual([
      { address: 'alice@localhost', online: '1' },
      { address: 'bob@localhost', online: '1' },
      { address: 'alice@localhost', online: '0' },
    ]);
  });

  it('is not reported when no module wants it', async () => {
    const { gateway, alice, bob } = await makeScene();
    gateway.tell({ welcome: { ...gateway.welcome, callbacks: ['on_call'] } });
    // The next frame that is answered shows that the one before was read.
    gateway.tell({ send: { sent_id: 's1', module: 'm', params: { from: alice.bare, to: bob.bare }, text: 'go' } });
    await gateway.until(() => gateway.acks.length === 1);
    const before = gateway.events.length;
    await alice.say(bob.bare, 'unseen');
    await bob.say(alice.bare, null, { extra: [xml('received', { xmlns: 'urn:xmpp:receipts', id: 'x' })] });
    await bob.got('unseen');
    await alice.until(() => alice.messages.length > 0);
    gateway.tell({ welcome: gateway.welcome });
    gateway.tell({ send: { sent_id: 's2', module: 'm', params: { from: alice.bare, to: bob.bare }, text: 'go' } });
    await gateway.until(() => gateway.acks.length === 2);
    await alice.say(bob.bare, 'seen');
    await bob.got('seen');
    expect(gateway.events.slice(before).map(({ message }) => message?.text)).toEqual(['seen']);
  });
});
