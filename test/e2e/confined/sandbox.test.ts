/** What a module may see and do. Skipped, with the reason in its name, where this machine cannot do it. */

import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ConfinedCore, isRoot, UID, works } from './confined.js';

const asRoot = [{ who: 'root', uid: null as number | null }];
const users = isRoot
  ? [...asRoot, { who: 'another user', uid: UID as number | null }]
  : [{ who: 'this user', uid: null }];
const become = (uid: number | null) =>
  uid === null ? [] : ['setpriv', `--reuid=${uid}`, `--regid=${uid}`, '--clear-groups', '--'];
const view = ['--ro-bind', '/', '/', '--dev', '/dev', 'true'];
const apart = (uid: number | null) => (isRoot && uid === null ? ['--net'] : ['--user', '--map-current-user', '--net']);

let confined: ConfinedCore;
let server: Server;
let port: number;

beforeEach(async () => {
  server = createServer((socket) => socket.destroy());
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  port = (server.address() as { port: number }).port;
});
afterEach(async () => {
  server.close();
  await confined.close();
});

describe.each(users)('for a core of $who', ({ uid }) => {
  const hasNetworks = works(...[...become(uid), 'unshare', ...apart(uid), 'true']);
  const hasViews = works(...[...become(uid), 'bwrap', ...view]);
  const without = hasViews ? '' : ' (bwrap does not work here)';

  it.skipIf(!hasNetworks)(`network = none${hasNetworks ? '' : ' (unshare --net does not work here)'}`, async () => {
    confined = await ConfinedCore.start({}, uid);
    expect(await confined.tell(`connect ${port}`)).toEqual(['connect: ok']);
    await confined.close();
    confined = await ConfinedCore.start({ sandbox: { network: 'none' } }, uid);
    expect(await confined.tell(`connect ${port}`)).toEqual(['connect: Network is unreachable']);
    expect(await confined.end(`must connect ${port}`)).toMatchObject({ cause: 'crash', signal: 'SIGABRT' });
    await confined.servesAfter(1);
    expect(await confined.tell('privileges')).toEqual([expect.stringMatching(/ 0{16}$/)]);
  });

  const escapes = (text: string) => [expect.stringMatching(`^${text}: (Operation not permitted|Permission denied)`)];
  const kept = ['mount', 'network', 'files', 'root'].flatMap(escapes);

  it.skipIf(!hasNetworks)('network = none cannot be undone by the module', async () => {
    confined = await ConfinedCore.start({ sandbox: { network: 'none' } }, uid);
    expect(await confined.tell('privileges')).toEqual(['no_new_privs: 0 0000000000000000']);
    expect(await confined.tell('escape')).toEqual(kept);
  });

  it.skipIf(!hasViews).each(['read-only', 'private'] as const)(
    'filesystem = %s cannot be undone',
    async (filesystem) => {
      confined = await ConfinedCore.start({ sandbox: { filesystem } }, uid);
      expect(await confined.tell('privileges')).toEqual(['no_new_privs: 1 0000000000000000']);
      expect(await confined.tell('escape')).toEqual(kept);
    },
  );

  it.skipIf(!hasViews)(`filesystem = read-only${without}`, async () => {
    confined = await ConfinedCore.start({ sandbox: { filesystem: 'read-only', network: 'none' } }, uid);
    expect(await confined.tell('write here')).toEqual(['write: ok']);
    expect(await confined.tell('write /tmp/mine')).toEqual(['write: ok']);
    expect(await confined.tell('write /usr/bin/mine')).toEqual(['write: Read-only file system']);
    expect(await confined.tell('read /etc/passwd')).toEqual(['read: ok']);
    expect((await confined.tell(`connect ${port}`))[0]).toMatch(/unreachable|refused/);
    expect(await confined.tell('privileges')).toEqual([expect.stringMatching(/^no_new_privs: 1 /)]);
  });

  it.skipIf(!hasViews)(`filesystem = private, and its pid and signal are those of the host${without}`, async () => {
    confined = await ConfinedCore.start({ sandbox: { filesystem: 'private' } }, uid);
    expect(await confined.tell('read /etc/shadow')).toEqual(['read: No such file or directory']);
    expect(await confined.tell('read /root')).toEqual(['read: No such file or directory']);
    // The core sees all files.
    const outside = `/proc/${confined.core.pid}/root/etc/passwd`;
    expect(await confined.tell(`read ${outside}`)).toEqual(['read: Permission denied']);
    expect(await confined.tell('write here')).toEqual(['write: ok']);
    const [host] = confined.core.hosts;
    process.kill(host as number, 'SIGSEGV');
    await confined.servesAfter(1);
    expect(confined.core.lives('exited')).toMatchObject([{ cause: 'crash', signal: 'SIGSEGV', pid: host }]);
  });
});

describe.runIf(isRoot)('a user of its own', () => {
  it('has its groups and directory, and no right of root', async () => {
    confined = await ConfinedCore.start({ sandbox: { user: 'nobody', noNewPrivs: true } });
    expect(await confined.tell('user')).toEqual([expect.stringMatching(/^user: 65534 65534 \d+ \//)]);
    expect(await confined.tell('privileges')).toEqual(['no_new_privs: 1 0000000000000000']);
    expect(await confined.tell('read /etc/shadow')).toEqual(['read: Permission denied']);
    expect(await confined.tell('write here')).toEqual(['write: ok']);
    expect(await confined.end('must read /etc/shadow')).toMatchObject({ cause: 'crash', signal: 'SIGABRT' });
    await confined.servesAfter(1);
    expect(await confined.tell('read here')).toEqual(['read: ok']);
  });

  it('goes with everything else', async () => {
    const sandbox = { user: `${UID}`, noNewPrivs: true, network: 'none', filesystem: 'private' } as const;
    confined = await ConfinedCore.start({ sandbox, limits: { memoryBytes: 128 * 1024 ** 2, nproc: 100, nofile: 200 } });
    expect(await confined.tell('user')).toEqual([`user: ${UID} ${UID} 0 none`]);
    expect(await confined.end('processes')).toMatchObject({ cause: 'limit', signal: 'SIGABRT' });
    await confined.servesAfter(1);
    expect(await confined.end('leak')).toMatchObject({ cause: 'limit' });
  });
});

describe('what cannot be had is an error, and the module does not run without it', () => {
  it('a user that does not exist', async () => {
    confined = await ConfinedCore.start({ sandbox: { user: 'no-such-user' } });
    expect(confined.errors).toEqual([
      expect.stringMatching(/sandbox \{ user = no-such-user \}: the system has no such user/),
    ]);
    expect(confined.core.hosts).toEqual([]);
  });

  it.runIf(isRoot)('another user without root', async () => {
    confined = await ConfinedCore.start({ sandbox: { user: 'nobody' } }, UID);
    expect(confined.errors).toEqual([
      expect.stringMatching(/needs a core that runs as root; this one runs as user 12346/),
    ]);
    expect(confined.core.hosts).toEqual([]);
  });

  it.runIf(isRoot)('a file that the user cannot read', async () => {
    confined = await ConfinedCore.start({ sandbox: { user: 'nobody' }, directory: '/root' });
    expect(confined.errors).toEqual([expect.stringMatching(/as user nobody: it cannot enter \/root/)]);
    expect(confined.core.hosts).toEqual([]);
  });
});
