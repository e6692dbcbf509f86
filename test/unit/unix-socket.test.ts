import { chmodSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { findIntrusion, requirePlace } from '../../src/gateway/socket-file.js';
import { SocketListener } from '../../src/unix-socket/listener.js';
import { makeTempDir } from '../helpers/temp-dir.js';

let base: string;
let listener: SocketListener;
beforeEach(async () => {
  base = makeTempDir();
  mkdirSync(join(base, 'folder'));
  listener = new SocketListener({
    path: join(base, 'folder', 's'),
    nursery: '.n',
    connected: (socket) => socket.destroy(),
    failed: (error) => expect.unreachable(error.message),
    cannot: (reason) => new Error(reason),
  });
  await listener.open();
});
afterEach(() => {
  listener.close();
  rmSync(base, { recursive: true });
});

const PLACES: [string, string, (folder: string) => void][] = [
  ['is a file', 'ENOTDIR', (folder) => writeFileSync(folder, '')],
  ['is a link to itself', 'ELOOP', (folder) => symlinkSync(folder, folder)],
  ['is gone', 'ENOENT', () => undefined],
];

it.each(PLACES)('a socket whose folder %s is missing, is not made again, and closes', async (_, code, make) => {
  renameSync(join(base, 'folder'), join(base, 'away'));
  make(join(base, 'folder'));
  expect(listener.isThere()).toBe(false);
  await expect(listener.open()).rejects.toThrow(code);
  expect(() => listener.close()).not.toThrow();
});

it('a socket is made in the place of what a killed process left', async () => {
  const nursery = join(base, 'folder', `.n${process.pid}`);
  mkdirSync(nursery);
  writeFileSync(join(nursery, 's'), '');
  await listener.open();
  expect(listener.isThere()).toBe(true);
  expect(readdirSync(join(base, 'folder'))).toEqual(['s']);
});

it('permissions are set on the socket alone, whatever somebody puts in its place, and never through a link', async () => {
  const [nursery, away] = [join(base, 'folder', `.n${process.pid}`), join(base, 'away')];
  mkdirSync(join(base, 'victim'));
  writeFileSync(join(base, 'victim', 's'), '', { mode: 0o600 });
  const swapped = new SocketListener({
    path: join(base, 'folder', 't'),
    nursery: '.n',
    admit: (socket) => {
      renameSync(nursery, away);
      symlinkSync(join(base, 'victim'), nursery);
      chmodSync(socket, 0o666);
    },
    connected: (socket) => socket.destroy(),
    failed: (error) => expect.unreachable(error.message),
    cannot: (reason) => new Error(reason),
  });
  symlinkSync(join(base, 'victim'), nursery);
  await swapped.open().catch(() => undefined);
  swapped.close();
  expect(statSync(join(away, 's')).mode & 0o777).toBe(0o666);
  // It was moved to the place of the socket, which anybody who may write to the folder can do.
  expect(statSync(join(base, 'folder', 't')).mode & 0o777).toBe(0o600);
  expect(readdirSync(join(base, 'folder')).sort()).toEqual(['s', 't']);
});

it('a folder that everybody may write to is reported, unless only owners can replace their files there', () => {
  const [folder, path] = [join(base, 'folder'), join(base, 'folder', 's')];
  for (const [mode, isTold] of [
    [0o700, false],
    [0o775, false],
    [0o1777, false],
    [0o777, true],
    [0o702, true],
  ] as const) {
    chmodSync(folder, mode);
    expect([mode, findIntrusion(path)]).toEqual([
      mode,
      isTold
        ? `every user may write to ${folder}, and could replace ${path} with another socket; chmod o-w the folder, or set "gateway" to another path`
        : null,
    ]);
  }
  expect(findIntrusion(join(base, 'none', 's'))).toBeNull();
});

it.each([
  ['afile/x', 'a part of its path is a file and no folder'],
  ['loop/x', 'its path has links that lead in a circle'],
  [`${'n'.repeat(300)}/x`, 'a name in its path is too long'],
])('a gateway at %s says why it cannot be made', async (path, why) => {
  writeFileSync(join(base, 'afile'), '');
  symlinkSync(join(base, 'loop'), join(base, 'loop'));
  await expect(requirePlace(join(base, path))).rejects.toMatchObject({
    code: 'GATEWAY_UNUSABLE',
    message: expect.stringContaining(`(${why})`),
  });
});
