/** Many users at a time, while modules and the core are killed. */

import { expect, it } from 'vitest';
import { User } from '../prosody/user.js';
import { MISSING } from './ejabberd.js';
import { makeScene } from './scene.js';

if (MISSING) console.warn(`skipped: ${MISSING}`);

const USERS = Array.from({ length: 12 }, (_, at) => `user${at}`);
const EACH = 60;

it.skipIf(MISSING)(
  'nothing is lost, nothing comes twice, and each sender stays in order',
  { timeout: 300_000 },
  async () => {
    const { core, ejabberd, bob } = await makeScene(undefined, { users: ['alice', 'bob', ...USERS] });
    const users: User[] = [];
    for (const name of USERS) users.push(await User.login(ejabberd, name));
    const texts = Array.from({ length: EACH }, (_, at) => `text ${at}`);
    let arrived = 0;
    const third = new Promise<void>((done) => {
      bob.client.on('stanza', () => {
        if (++arrived === (USERS.length * EACH) / 3) done();
      });
    });
    const saying = users.flatMap((user) => texts.map((text) => user.say(bob.bare, text)));
    await third;
    core.killModule('filter');
    await core.kill();
    await ejabberd.logged(/cannot be reached/);
    await core.start();
    await ejabberd.logged(/serves again/);
    await Promise.all(saying);
    for (const user of users) {
      await user.say(bob.bare, `end of ${user.name}`);
      await bob.got(`END OF ${user.name.toUpperCase()}`);
      const said = bob.messages.filter(({ attrs }) => attrs.from === user.full).map((one) => one.getChildText('body'));
      expect(said.map((text) => text?.toLowerCase())).toEqual([...texts, `end of ${user.name}`]);
    }
  },
);
