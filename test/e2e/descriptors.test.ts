/** A core that is out of descriptors serves on with what it has, and says so. */

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { CommandLine, main } from '../helpers/command.js';
import { makeTempDir, sample } from './core.js';

const PATIENCE = { timeout: 30_000, interval: 100 };

let command: CommandLine;
let sockets: Socket[];

beforeEach(() => {
  command = new CommandLine(makeTempDir());
  sockets = [];
  writeFileSync(join(command.directory, 'mesibo.conf'), `module filter { path = ${sample('filter')} }\n`);
});
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  await command.run('stop');
  rmSync(command.directory, { recursive: true, force: true });
});

function startWith(limit: number): void {
  const start = `ulimit -n ${limit}; exec '${process.execPath}' '${main}' start --daemon --config mesibo.conf`;
  execFileSync('/bin/sh', ['-c', start], { cwd: command.directory, env: command.env });
}

async function status(): Promise<{ core: { pid: number; problems: string[] } }> {
  return JSON.parse((await command.run('status', '--json')).stdout);
}

function readLog(): string {
  return readFileSync(join(command.directory, 'run/state/logs/core.log'), 'utf8');
}

/** Lets a process have no descriptor beyond those that it has once nothing comes and goes. */
async function takeAway(pid: number): Promise<void> {
  const open = () => readdirSync(`/proc/${pid}/fd`).map(Number);
  let last: number[] = [];
  await vi.waitUntil(
    () => {
      const before = last;
      last = open();
      return `${last}` === `${before}`;
    },
    { timeout: 30_000, interval: 500 },
  );
  let limit = 0;
  while (last.includes(limit)) limit += 1;
  execFileSync('prlimit', ['--pid', `${pid}`, `--nofile=${limit}:256`]);
}

it('more clients than it has descriptors do not end it, and whoever asks is answered', async () => {
  startWith(128);
  const { pid } = (await status()).core;
  for (let i = 0; i < 200; i++) {
    const socket = connect(join(command.directory, 'run/control.sock'));
    sockets.push(socket.on('error', () => undefined));
  }
  await Promise.all(sockets.map((socket) => once(socket, 'connect').catch(() => undefined)));
  expect(readdirSync(`/proc/${pid}/fd`).length).toBeLessThan(128);
  expect((await status()).core).toMatchObject({ pid, problems: [] });
  expect(await command.run('restart', 'filter')).toMatchObject({ code: 0 });
  for (const socket of sockets) socket.destroy();
  expect((await status()).core).toMatchObject({ pid, problems: [] });
});

it('when they have run out it answers with what it kept back, and says so', async () => {
  startWith(256);
  const { pid } = (await status()).core;
  const said =
    'the core has no file descriptors left, and what needs one fails until some are free; raise its limit of 256 (LimitNOFILE= of systemd, ulimit -n)';
  await takeAway(pid);
  await expect.poll(readLog, PATIENCE).toContain(said);
  expect((await status()).core.problems).toEqual([said]);
  expect((await command.run('send', 'hello', '--from', 'a', '--to', 'b')).stdout).toMatch(/^pass/);
  execFileSync('prlimit', ['--pid', `${pid}`, '--nofile=256:256']);
  await expect.poll(async () => (await status()).core.problems, PATIENCE).toEqual([]);
  expect((await status()).core.pid).toBe(pid);
  expect(readLog()).toContain('the core has file descriptors again');
});
