/** Which parts of a message modules see, and what happens to the others. */

import { describe, expect, it } from 'vitest';
import { fixture } from '../core.js';
import { numberOf } from '../prosody/scene.js';
import { User, xml } from '../prosody/user.js';
import { MISSING } from './ejabberd.js';
import { makeScene, PATIENT } from './scene.js';

if (MISSING) console.warn(`skipped: ${MISSING}`);

const HTML = xml('html', { xmlns: 'http://jabber.org/protocol/xhtml-im' });

describe.skipIf(MISSING)('a message', { timeout: 180_000 }, () => {
  it('has its parameters', async () => {
    const { core, alice, bob } = await makeScene(
      `module echo { path = ${fixture('all-callbacks-2020')} ; ${PATIENT} }\n`,
    );
    const id = await alice.say(bob.full, 'hello');
    await bob.got('hello');
    const said = await core.logged('echo', /^on_message /);
    expect(said).toBe(`on_message id=${numberOf(id)} from=${alice.bare} to=${bob.bare} text=hello`);
  });

  it('loses the elements that modules have not seen', async () => {
    const { alice, bob } = await makeScene();
    const extra = [xml('body', { 'xml:lang': 'de' }, 'unseen'), HTML, xml('markup', { xmlns: 'urn:xmpp:markup:0' })];
    await alice.say(bob.bare, 'HELLO', { extra });
    const same = await bob.got('HELLO');
    expect(same.getChildren('body').map((body) => body.text())).toEqual(['HELLO']);
    expect(same.getChild('html')).toBeUndefined();
    expect(same.getChild('markup')).toBeDefined();
    // An element that counts the characters of a changed text is removed too.
    await alice.say(bob.bare, 'changed', { extra });
    expect((await bob.got('CHANGED')).getChild('markup')).toBeUndefined();
  });

  it('that is encrypted, an error or without a text passes untouched', async () => {
    const { alice, bob } = await makeScene();
    await alice.say(bob.bare, 'heck', { extra: [xml('encrypted', { xmlns: 'urn:xmpp:omemo:2' })] });
    await bob.got('heck');
    await alice.say(bob.bare, null, { extra: [xml('composing', { xmlns: 'http://jabber.org/protocol/chatstates' })] });
    await bob.until(() => bob.messages.some((message) => message.getChild('composing')));
  });

  it('goes where a module redirects it', async () => {
    const { ejabberd, alice, bob } = await makeScene(undefined, { users: ['alice', 'bob', 'redirected'] });
    const other = await User.login(ejabberd, 'redirected');
    await alice.say(bob.bare, 'redirect this');
    await other.got('REDIRECT THIS');
    await alice.say(bob.bare, 'end');
    await bob.got('END');
    expect(bob.texts).toEqual(['END']);
  });

  it('that is consumed is not archived, and a changed one is archived as it was changed', async () => {
    const { alice, bob } = await makeScene();
    for (const text of ['heck', 'hello']) await alice.say(bob.bare, text);
    await bob.got('HELLO');
    for (const { client, inbox } of [alice, bob]) {
      const from = inbox.length;
      await client.iqCaller.request(xml('iq', { type: 'set' }, xml('query', { xmlns: 'urn:xmpp:mam:2' })));
      const archived = inbox.slice(from).flatMap((stanza) => /<body>(.*?)<\/body>/.exec(stanza.toString())?.[1] ?? []);
      expect(archived).toEqual(['HELLO']);
    }
  });

  it('that is consumed becomes an error for its sender, as soon as a reload sets this', async () => {
    const { ejabberd, alice, bob } = await makeScene();
    await alice.say(bob.bare, 'heck');
    await alice.say(bob.bare, 'one');
    await bob.got('ONE');
    expect(alice.messages).toEqual([]);
    const from = ejabberd.log.length;
    await ejabberd.reload({ consumed: 'error' });
    await ejabberd.logged(/The core at .* serves\./, from);
    const id = await alice.say(bob.bare, 'heck');
    await alice.until(() => alice.messages.some(({ attrs }) => attrs.id === id && attrs.type === 'error'));
    expect(alice.messages.at(-1)?.getChild('error')?.getChild('not-acceptable')).toBeDefined();
    await alice.say(bob.bare, 'two');
    await bob.got('TWO');
    expect(bob.texts).toEqual(['ONE', 'TWO']);
  });

  it('from another server is asked about too', async () => {
    const { ejabberd } = await makeScene();
    // As the hook of connections between servers gets it.
    const decide = (text: string) =>
      ejabberd.evaluate(
        `element(1, ejabberd_hooks:run_fold(s2s_receive_packet, <<"localhost">>, {xmpp:decode(fxml_stream:parse_element(<<"<message xmlns='jabber:client' from='eve@elsewhere.example/x' to='bob@localhost'><body>${text}</body></message>">>), <<"jabber:client">>, [ignore_els]), state}, []))`,
      );
    expect(await decide('heck')).toBe('drop');
    expect(await decide('hello')).toContain('HELLO');
  });
});

describe.skipIf(MISSING)('a login', { timeout: 180_000 }, () => {
  it('is reported when the first client of a user comes, and when the last one goes', async () => {
    const { core, alice } = await makeScene(`module logins { path = ${fixture('all-callbacks-2020')} ; ${PATIENT} }\n`);
    await core.logged('logins', /^on_login address=alice@localhost online=1/);
    const from = core.log.length;
    await alice.logout();
    await core.logged('logins', /^on_login address=alice@localhost online=0/, from);
  });
});
