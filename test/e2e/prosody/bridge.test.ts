/** mod_mesibo_modules in a real Prosody, with a scripted core: what a real one does not do when a test wants it. */

import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ScriptedGateway } from '../../helpers/scripted-gateway.js';
import { makeTempDir } from '../../helpers/temp-dir.js';
import { MISSING, type Prosody, type ProsodyOptions, startProsody } from './prosody.js';
import { User } from './user.js';

if (MISSING) console.warn(`skipped: ${MISSING}`);

interface Scene {
  gateway: ScriptedGateway;
  prosody: Prosody;
  alice: User;
  bob: User;
}

async function makeScene(options: Omit<ProsodyOptions, 'socket'> = {}): Promise<Scene> {
  const gateway = await ScriptedGateway.open(join(makeTempDir(), 'gateway.sock'));
  const prosody = await startProsody({ ...options, socket: gateway.path });
  await prosody.logged(/The core scripted at .* serves/);
  const [alice, bob] = [await User.login(prosody, 'alice'), await User.login(prosody, 'bob')];
  return { gateway, prosody, alice, bob };
}

describe.skipIf(MISSING)('messages', () => {
  it('waits for the verdict, and obeys it', async () => {
    const { gateway, alice, bob } = await makeScene();
    gateway.answer = ({ message }) => {
      if (message?.text === 'bad') return { verdict: 'consumed', by: 'filter' };
      return message?.text === 'plain' ? { verdict: 'pass', text: 'PLAIN' } : { verdict: 'pass' };
    };
    await alice.say(bob.bare, 'hello');
    await alice.say(bob.bare, 'bad');
    await alice.say(bob.full, 'plain');
    await alice.say(bob.bare, 'end');
    await bob.got('end');
    expect(bob.texts).toEqual(['hello', 'PLAIN', 'end']);
    expect(gateway.asked).toEqual(['hello', 'bad', 'plain', 'end']);
  });
});
