/** A real core with modules, an ejabberd that asks it, and two users. */

import { join } from 'node:path';
import { makeTempDir } from '../../helpers/temp-dir.js';
import { fixture, sample } from '../core.js';
import { RealCore } from '../prosody/real-core.js';
import { User } from '../prosody/user.js';
import { type Ejabberd, type EjabberdOptions, startEjabberd } from './ejabberd.js';

/** A machine with many tests is slow to start a process again. */
export const PATIENT = 'deadline = 20s ; max_crashes = off ; backoff = 10ms to 20ms';
/** What most tests want. */
export const CONFIG = `
chain_deadline = 30s
module filter { path = ${sample('filter')} ; blocked_words = heck ; ${PATIENT} }
module change_2020 { path = ${fixture('change-2020')} ; ${PATIENT} }
`;

/** What a test has. */
export interface Scene {
  core: RealCore;
  ejabberd: Ejabberd;
  alice: User;
  bob: User;
}

/** All of it, on a socket. */
export async function makeScene(config = CONFIG, more: Partial<EjabberdOptions> = {}): Promise<Scene> {
  const core = `unix:${join(makeTempDir(), 'http.sock')}`;
  return beginScene(await RealCore.start(`http = ${core}\n${config}`), { core, ...more });
}

/** A scene with a core that is there. */
export async function beginScene(core: RealCore, { options, ...more }: EjabberdOptions): Promise<Scene> {
  const ejabberd = await startEjabberd({ ...more, options: { deadline: '40 s', ...options } });
  await ejabberd.logged(/The core at .* serves\./);
  const [alice, bob] = [await User.login(ejabberd, 'alice'), await User.login(ejabberd, 'bob')];
  return { core, ejabberd, alice, bob };
}
