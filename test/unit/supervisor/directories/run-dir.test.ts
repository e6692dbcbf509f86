import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { DirectoryError } from '../../../../src/errors.js';
import { acquireRunDir, socketPath } from '../../../../src/supervisor/directories/run-dir.js';
import { makeTempDir } from '../../../helpers/temp-dir.js';

let directory: string;
beforeEach(() => {
  directory = makeTempDir();
});

async function listen(name: string): Promise<Server> {
  const server = createServer().listen(join(directory, name));
  await once(server, 'listening');
  return server;
}

describe('a run directory', () => {
  it('is made private, holds the pid, and is empty again after its release', () => {
    const path = join(directory, 'a/run');
    const runDir = acquireRunDir(path);
    expect(statSync(path).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(path, 'lock'), 'utf8')).toBe(`${process.pid}\n${runDir.runId}\n`);
    expect(runDir.left).toEqual({ pid: null, files: [], runIds: [] });
    expect(runDir.runId).toMatch(/^[0-9a-f]{16}$/);
    runDir.release();
    expect(readdirSync(path)).toEqual(['lock']);
    expect(readFileSync(join(path, 'lock'), 'utf8')).toBe('');
  });

  it('belongs to one core at a time', () => {
    const first = acquireRunDir(directory);
    expect(() => acquireRunDir(directory)).toThrow(
      `${directory} is held by the core with pid ${process.pid}; stop that one, or give this one another --run-dir`,
    );
    first.release();
    acquireRunDir(directory).release();
  });

  it('is refused as a whole to the core that comes second', () => {
    const first = acquireRunDir(directory);
    expect(() => acquireRunDir(directory)).toThrow(expect.objectContaining({ code: 'RUN_DIR_BUSY' }));
    expect(readFileSync(join(directory, 'lock'), 'utf8')).toBe(`${process.pid}\n${first.runId}\n`);
    first.release();
  });

  it('loses the sockets of its core at the release', async () => {
    const runDir = acquireRunDir(directory);
    const names = ['control.sock', 'module-a_b.sock', 'c4711'];
    const servers = await Promise.all(names.map((name) => listen(name)));
    expect(readdirSync(directory).sort()).toEqual([...names, 'lock'].sort());
    runDir.release();
    expect(readdirSync(directory)).toEqual(['lock']);
    for (const server of servers) server.close();
  });

  it('may be gone at its release, or belong to another core by then', async () => {
    const path = join(directory, 'run');
    const removed = acquireRunDir(path);
    rmSync(path, { recursive: true });
    const next = acquireRunDir(path);
    const server = await listen('run/control.sock');
    removed.release();
    expect(readdirSync(path).sort()).toEqual(['control.sock', 'lock']);
    next.release();
    server.close();
    const last = acquireRunDir(path);
    rmSync(path, { recursive: true });
    expect(() => last.release()).not.toThrow();
  });

  it('is swept of the sockets of a core that was killed, and of nothing else', async () => {
    writeFileSync(join(directory, 'lock'), '4711\n');
    writeFileSync(join(directory, 'notes.txt'), 'mine');
    const server = await listen('module-x.sock');
    const other = await listen('docker.sock');
    const runDir = acquireRunDir(directory);
    expect(runDir.left).toEqual({ pid: 4711, files: ['module-x.sock'], runIds: [] });
    expect(existsSync(join(directory, 'module-x.sock'))).toBe(false);
    expect(existsSync(join(directory, 'notes.txt'))).toBe(true);
    runDir.release();
    expect(existsSync(join(directory, 'docker.sock'))).toBe(true);
    other.close();
    server.close();
  });

  it('keeps the run ids of killed cores until they are dealt with, through starts that fail or are killed', () => {
    const lock = join(directory, 'lock');
    const [killed, older] = ['0123456789abcdef', 'fedcba9876543210'];
    writeFileSync(lock, `4711\n${killed}\n${older}\n`);
    const failed = acquireRunDir(directory);
    expect(failed.left).toEqual({ pid: 4711, files: [], runIds: [killed, older] });
    expect(readFileSync(lock, 'utf8')).toBe(`${process.pid}\n${failed.runId}\n${killed}\n${older}\n`);
    failed.release();
    expect(readFileSync(lock, 'utf8')).toBe(`4711\n${killed}\n${older}\n`);
    const works = acquireRunDir(directory);
    expect(works.left.runIds).toEqual([killed, older]);
    works.forgetLeft();
    expect(readFileSync(lock, 'utf8')).toBe(`${process.pid}\n${works.runId}\n`);
    works.release();
    expect(readFileSync(lock, 'utf8')).toBe('');
    // Too late: the file is another core's by now.
    works.forgetLeft();
    expect(readFileSync(lock, 'utf8')).toBe('');
  });

  it.each([
    [
      'may be written by others',
      (path: string) => chmodSync(path, 0o770),
      /may be written by others; .*chmod 0700 it$/,
    ],
    [
      'may be written by everybody',
      (path: string) => chmodSync(path, 0o702),
      /may be written by others; others could replace its sockets; chmod 0700 it$/,
    ],
    [
      'is a link to somewhere else',
      (path: string) => {
        rmSync(path, { recursive: true });
        symlinkSync(directory, path);
      },
      /is not a directory; give another --run-dir$/,
    ],
    [
      'holds a directory in the place of its lock',
      (path: string) => mkdirSync(join(path, 'lock')),
      /the lock in .* cannot be taken \(EISDIR\); remove .*\/lock, or give another --run-dir$/,
    ],
    [
      'holds a link in the place of its lock',
      (path: string) => symlinkSync(join(directory, 'elsewhere'), join(path, 'lock')),
      /the lock in .* cannot be taken \(ELOOP\); remove .*\/lock, or give another --run-dir$/,
    ],
    [
      'is a file',
      (path: string) => {
        rmSync(path, { recursive: true });
        writeFileSync(path, '');
      },
      /is not a directory; give another --run-dir$/,
    ],
  ])('is refused when it %s', (_, spoil, says) => {
    const path = join(directory, 'run');
    mkdirSync(path);
    spoil(path);
    expect(() => acquireRunDir(path)).toThrow(DirectoryError);
    expect(() => acquireRunDir(path)).toThrow(expect.objectContaining({ code: 'RUN_DIR_UNUSABLE' }));
    expect(() => acquireRunDir(path)).toThrow(says);
  });
});

describe('a socket path', () => {
  it('is counted in bytes', () => {
    expect(() => socketPath('/run', 'ä'.repeat(50))).toThrow(
      expect.objectContaining({ code: 'SOCKET_PATH_TOO_LONG', message: expect.stringMatching(/has 110 bytes/) }),
    );
  });

  it('may have 107 bytes', () => {
    const name = 'x'.repeat(107 - '/run/'.length - '.sock'.length);
    expect(socketPath('/run', name)).toHaveLength(107);
    expect(() => socketPath('/run', `${name}x`)).toThrow(
      '.sock has 108 bytes, and a socket path may have 107; give a shorter --run-dir',
    );
  });
});
