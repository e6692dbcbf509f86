/** A spare takes nothing that the start of a module needs. */

import { execFileSync, spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { makeTempDir, sample } from '../core.js';

/** Whether this user may mount something, in a name space of his own. */
function canMount(): boolean {
  const can = spawnSync('unshare', ['--map-root-user', '--mount', 'mount', '-t', 'tmpfs', 'none', '/mnt']).status === 0;
  if (!can) console.warn('SKIPPED: this user may not mount a file system, so nothing checks one that has no room.');
  return can;
}

/** Adds a module that can take no spare, where there is no room for another black box. */
const PROGRAM = `
import { subscribe } from 'node:diagnostics_channel';
import { writeFileSync } from 'node:fs';
import { makeConfig, Supervisor } from 'mesibo-modules';
const { runDir, boxDir, path, second } = JSON.parse(process.argv[1]);
const config = (...more) => makeConfig({ modules: [{ name: 'crashy', path, startTimeoutMs: 60_000 }, ...more] });
const supervisor = new Supervisor(config(), { runDir, boxDir });
const told = [];
const waits = new Promise((done) => {
  subscribe('mesibo-modules:spare-host', ({ kind }) => {
    told.push(kind);
    if (kind === 'waits') done();
  });
});
await supervisor.start();
await waits;
// Somebody else takes most of what is free.
writeFileSync(boxDir + '/other', Buffer.alloc(14 * 1024 * 1024));
const other = { name: 'filter', path: second, staticTlsBytes: 8192, startTimeoutMs: 60_000 };
const { added } = await supervisor.reload(config(other));
const states = supervisor.status().modules.map(({ state }) => state);
await supervisor.stop();
console.log(JSON.stringify({ told, added, states }));
`;

it.skipIf(!canMount())(
  'a start that finds no memory for its black box gets that of the spares',
  () => {
    const directory = makeTempDir();
    const boxDir = join(directory, 'boxes');
    const paths = { path: sample('crashy'), second: sample('filter') };
    const options = JSON.stringify({ runDir: join(directory, 'run'), boxDir, ...paths });
    const script = `mkdir ${boxDir} && mount -t tmpfs -o size=34m none ${boxDir} && exec "$@"`;
    const node = [process.execPath, '--input-type=module', '-e', PROGRAM, options];
    const told = execFileSync('unshare', ['--map-root-user', '--mount', 'sh', '-c', script, 'sh', ...node], {
      cwd: new URL('../../..', import.meta.url),
      timeout: 100_000,
    });
    expect(JSON.parse(`${told}`)).toEqual({
      told: ['waits', 'ends'],
      added: ['filter'],
      states: ['serving', 'serving'],
    });
    rmSync(directory, { recursive: true });
  },
  120_000,
);
