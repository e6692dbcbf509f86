/** What becomes of messages when the core cannot decide on them. */

import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { makeTempDir } from '../../helpers/temp-dir.js';
import { fixture, sample } from '../core.js';
import { RealCore } from '../prosody/real-core.js';
import { User } from '../prosody/user.js';
import { MISSING, startEjabberd } from './ejabberd.js';
import { CONFIG, makeScene, PATIENT } from './scene.js';

if (MISSING) console.warn(`skipped: ${MISSING}`);

const SLOW = `chain_deadline = 30s
module slow { path = ${fixture('slow')} ; ${PATIENT} }\n`;

async function loginBoth(ejabberd: { port: number }): Promise<[User, User]> {
  return [await User.login(ejabberd, 'alice'), await User.login(ejabberd, 'bob')];
}

describe.skipIf(MISSING)('a core that is away', { timeout: 180_000 }, () => {
  it('costs nothing: a message waits for no connection', async () => {
    const ejabberd = await startEjabberd({
      core: `unix:${join(makeTempDir(), 'none.sock')}`,
      options: { deadline: '1 hour' },
    });
    await ejabberd.logged(/cannot be reached: no such file or directory/);
    const [alice, bob] = await loginBoth(ejabberd);
    const texts = Array.from({ length: 200 }, (_, at) => `text ${at}`);
    for (const text of texts) await alice.say(bob.bare, text);
    await bob.got('text 199');
    expect(bob.texts).toEqual(texts);
    const micros = await ejabberd.evaluate(
      'element(1, timer:tc(fun() -> [mesibo_modules_core:ask(<<"localhost">>, "/v1/messages", #{}) || _ <- lists:seq(1, 1000)] end)) div 1000',
    );
    expect(Number(micros)).toBeLessThan(1000);
  });

  it('has its messages refused, or dropped, as the configuration says', async () => {
    const core = `unix:${join(makeTempDir(), 'none.sock')}`;
    const refusing = await startEjabberd({ core, options: { unreachable: 'error' } });
    await refusing.logged(/Until it can, messages are refused/);
    const [alice, bob] = await loginBoth(refusing);
    const id = await alice.say(bob.bare, 'hello');
    await alice.until(() => alice.messages.some(({ attrs }) => attrs.id === id && attrs.type === 'error'));
    expect(bob.texts).toEqual([]);

    const dropping = await startEjabberd({ core, options: { unreachable: 'drop' } });
    await dropping.logged(/Until it can, messages are dropped/);
  });

  it('hangs: messages wait for their deadline once, and then pass at once until the core goes on', async () => {
    const { core, ejabberd, alice, bob } = await makeScene(CONFIG, { options: { deadline: '2 s' } });
    await alice.say(bob.bare, 'one');
    await bob.got('ONE');
    process.kill(core.pid, 'SIGSTOP');
    try {
      await alice.say(bob.bare, 'two');
      await ejabberd.logged(/cannot be reached: it does not answer/);
      await bob.got('two');
      for (const text of ['three', 'four', 'five']) await alice.say(bob.bare, text);
      await bob.got('five');
    } finally {
      process.kill(core.pid, 'SIGCONT');
    }
    await ejabberd.logged(/serves again; 4 messages were not decided by modules/);
    await alice.say(bob.bare, 'six');
    await bob.got('SIX');
    expect(bob.texts).toEqual(['ONE', 'two', 'three', 'four', 'five', 'SIX']);
  });

  it('does not take the token: the log says so, and messages pass', async () => {
    const dir = makeTempDir();
    for (const name of ['right', 'wrong'])
      writeFileSync(join(dir, name), `the-${name}-token-of-this-test\n`, { mode: 0o600 });
    const core = await RealCore.start(`http = 127.0.0.1:0\nhttp_token = ${join(dir, 'right')}\n${CONFIG}`);
    const { http } = JSON.parse((await core.command.run('status', '--json')).stdout).core;
    const token = join(dir, 'token');
    const ejabberd = await startEjabberd({ core: http, options: { token: `"${token}"` } });
    await ejabberd.logged(/cannot be reached: .*token: no such file or directory/);
    const [alice, bob] = await loginBoth(ejabberd);
    copyFileSync(join(dir, 'wrong'), token);
    await alice.say(bob.bare, 'heck');
    await bob.got('heck');
    copyFileSync(join(dir, 'right'), token);
    await ejabberd.logged(/serves again; 1 messages were not decided by modules/);
    for (const text of ['heck', 'hello']) await alice.say(bob.bare, text);
    await bob.got('HELLO');
    expect(bob.texts).toEqual(['heck', 'HELLO']);
    // The token is replaced, first at the core.
    const from = ejabberd.log.length;
    writeFileSync(join(dir, 'right'), 'the-newer-token-of-all\n');
    expect((await core.command.run('reload')).code).toBe(0);
    await alice.say(bob.bare, 'heck');
    await ejabberd.logged(/cannot be reached: it answers 401: /, from);
    copyFileSync(join(dir, 'right'), token);
    await ejabberd.logged(/serves again/, from);
    for (const text of ['heck', 'bye']) await alice.say(bob.bare, text);
    await bob.got('BYE');
    expect(bob.texts).toEqual(['heck', 'HELLO', 'heck', 'BYE']);
  });
});

describe.skipIf(MISSING)('a slow verdict', { timeout: 180_000 }, () => {
  it('does not delay messages that are already decided', async () => {
    const filter = `module filter { path = ${sample('filter')} ; blocked_words = heck ; ${PATIENT} }\n`;
    const { alice, bob } = await makeScene(filter + SLOW, { options: { consumed: 'error' } });
    await alice.say(bob.bare, '5000');
    const id = await bob.say(alice.bare, 'heck');
    await bob.until(() => bob.messages.some(({ attrs }) => attrs.id === id && attrs.type === 'error'));
    expect(bob.texts).not.toContain('5000');
    await bob.got('5000');
  });

  it('that is later than the deadline is not waited for, and the next one counts again', async () => {
    const { ejabberd, alice, bob } = await makeScene(SLOW, { options: { deadline: '2 s' } });
    await alice.say(bob.bare, '6000');
    await bob.got('6000');
    await ejabberd.logged(/A message had no verdict within \d+ ms/);
    await alice.say(bob.bare, '1');
    await bob.got('1');
    expect(bob.texts).toEqual(['6000', '1']);
  });
});
