/** 20,000 messages through a real Prosody and a real core, whose modules are killed all the time. */

import { expect, it } from 'vitest';
import { seeded } from '../../helpers/random.js';
import { fixture, sample } from '../core.js';
import { MISSING, startProsody } from './prosody.js';
import { RealCore } from './real-core.js';
import { User } from './user.js';

if (MISSING) console.warn(`skipped: ${MISSING}`);

const EACH = 10_000;
/** Of the messages that arrive, one in so many kills a module. */
const KILL_EACH = 400;
const OFTEN = 'deadline = 60s ; max_crashes = off ; backoff = 10ms to 20ms';
const CONFIG = `
chain_deadline = 120s
module filter { path = ${sample('filter')} ; blocked_words = heck ; ${OFTEN} }
module change_2020 { path = ${fixture('change-2020')} ; ${OFTEN} }
`;

it.skipIf(MISSING)('none is lost, none comes twice, and each is in its order', { timeout: 900_000 }, async () => {
  const core = await RealCore.start(CONFIG);
  // An archive on a disk is most of what a message costs, and no part of this.
  const globals = 'modules_disabled = { "mam"; "s2s"; "tls"; "http" }';
  const prosody = await startProsody({ socket: core.socket, globals });
  await prosody.logged(/The core .* serves/);
  const [alice, bob] = [await User.login(prosody, 'alice'), await User.login(prosody, 'bob')];
  const random = seeded(20_000);
  let arrived = 0;
  let kills = 0;
  for (const { client } of [alice, bob]) {
    client.on('stanza', () => {
      if (++arrived % KILL_EACH !== 0) return;
      kills++;
      core.killModule(random(2) === 0 ? 'filter' : 'change_2020');
    });
  }
  const texts = Array.from({ length: EACH }, (_, at) => `message ${at}`);
  const pairs = [
    [alice, bob],
    [bob, alice],
  ] as const;
  // One in ten is blocked, unless the filter is dead at that moment.
  const say = ([from, to]: readonly [User, User]) =>
    texts.map(async (text, at) => {
      const more = at % 10 === 9 ? from.say(to.bare, `heck ${at}`) : null;
      await Promise.all([more, from.say(to.bare, text)]);
    });
  await Promise.all(pairs.flatMap(say));
  await Promise.all(pairs.map(([, to]) => to.until(() => to.texts.at(-1)?.toLowerCase() === texts.at(-1))));

  for (const [, to] of pairs) {
    const seen = to.texts.map((text) => text.toLowerCase());
    expect(seen.filter((text) => !text.startsWith('heck'))).toEqual(texts);
    const blocked = seen.filter((text) => text.startsWith('heck'));
    expect(new Set(blocked).size).toBe(blocked.length);
    expect(to.messages.filter(({ attrs }) => attrs.type === 'error')).toEqual([]);
    console.log(
      `${to.name}: ${to.texts.filter((text) => text.startsWith('MESSAGE')).length} changed, ${blocked.length} not blocked`,
    );
  }
  const deaths = core.log.filter(({ msg }) => /host \d+ \(pid \d+\) .*SIGKILL/.test(msg));
  console.log(`${kills} kills, ${deaths.length} deaths`);
  expect(deaths.length).toBeGreaterThan(20);
  expect(await prosody.counted('asked')).toBe(2 * (EACH + EACH / 10));
  for (const counted of ['unreachable', 'deadline', 'failure', 'overload', 'late', 'strange'])
    expect(await prosody.counted(counted), counted).toBe(0);
});
