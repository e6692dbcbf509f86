/** The bridge is reloaded, and Prosody stops, while messages come and go: none is lost, and none comes twice. */

import { describe, expect, it } from 'vitest';
import { MISSING } from './prosody.js';
import { Held, makeScene } from './scene.js';
import { User } from './user.js';

if (MISSING) console.warn(`skipped: ${MISSING}`);

const RELOADS = 5;

describe.skipIf(MISSING)('messages', () => {
  it('each arrive once and in order when the bridge is reloaded while outcomes arrive', {
    timeout: 300_000,
  }, async () => {
    const { prosody, alice, bob } = await makeScene();
    let isOver = false;
    let written = 0;
    // There are always some whose outcome is on its way.
    const write = async () => {
      while (!isOver) {
        for (let end = written + 20; written < end; written++) await alice.say(bob.bare, `text ${written}`);
        await bob.got(`text ${written - 20}`);
      }
    };
    const writing = write();
    for (let at = 0; at < RELOADS; at++) {
      expect(await prosody.shell('module reload mesibo_modules')).toContain('Module reloaded on 3 hosts');
    }
    isOver = true;
    await writing;
    await bob.got(`text ${written - 1}`);
    expect(bob.texts).toEqual(Array.from({ length: written }, (_, at) => `text ${at}`));
    expect(alice.messages).toEqual([]);
    expect(prosody.log.filter((line) => /\terror\t/.test(line))).toEqual([]);
  });

  it('that wait when Prosody stops are delivered, or stored for users who are offline', async () => {
    const { gateway, prosody, alice, bob } = await makeScene({ users: ['alice', 'bob', 'carol'] });
    const held = new Held(gateway);
    const texts = ['one', 'two', 'three'];
    for (const text of texts) {
      await alice.say(bob.bare, text);
      await alice.say('carol@localhost', `${text} for carol`);
    }
    await held.waits('three for carol');
    await Promise.all([bob.got('three'), prosody.stop()]);
    expect(bob.texts).toEqual(texts);
    expect(await prosody.start()).toBe(true);
    const carol = await User.login(prosody, 'carol');
    await carol.got('three for carol');
    expect(carol.texts).toEqual(texts.map((text) => `${text} for carol`));
  });
});
