/** A core that is out of descriptors serves on with what it has, and says so. */

import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
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

/** Leaves a process no room for more than its highest descriptor, and fills what is free below it with clients. */
async function exhaust(pid: number): Promise<void> {
  // One that a shell has handed down stands far above the others.
  const open = readdirSync(`/proc/${pid}/fd`).map(Number);
  const highest = Math.max(...open.filter((fd) => fd < 200));
  expect(highest - open.length).toBeLessThan(50);
  execFileSync('prlimit', ['--pid', `${pid}`, `--nofile=${highest + 1}:256`]);
  await dial(60);
}

async function dial(clients: number): Promise<void> {
  const all = Array.from({ length: clients }, () => connect(join(command.directory, 'run/control.sock')));
  for (const socket of all) sockets.push(socket.on('error', () => undefined));
  await Promise.all(all.map((socket) => once(socket, 'connect').catch(() => undefined)));
}

it('it survives more clients than it has descriptors, and answers every client that asks', async () => {
  startWith(128);
  const { pid } = (await status()).core;
  await dial(200);
  expect(readdirSync(`/proc/${pid}/fd`).length).toBeLessThan(128);
  expect((await status()).core).toMatchObject({ pid, problems: [] });
  expect(await command.run('restart', 'filter')).toMatchObject({ code: 0 });
  for (const socket of sockets) socket.destroy();
  expect((await status()).core).toMatchObject({ pid, problems: [] });
});

it('when it has run out of descriptors, it answers with one that it kept back, and says so', async () => {
  startWith(256);
  const { pid } = (await status()).core;
  const said = /this process is out of file descriptors \(\d+ of \d+ in use, .*\): raise LimitNOFILE or ulimit -n/;
  await exhaust(pid);
  await expect.poll(readLog, PATIENCE).toMatch(said);
  expect((await status()).core.problems).toEqual([expect.stringMatching(said)]);
  expect((await command.run('send', 'hello', '--from', 'a', '--to', 'b')).stdout).toMatch(/^pass/);
  execFileSync('prlimit', ['--pid', `${pid}`, '--nofile=256:256']);
  await expect.poll(async () => (await status()).core.problems, PATIENCE).toEqual([]);
  expect((await status()).core.pid).toBe(pid);
  await expect.poll(readLog, PATIENCE).toContain('this process has enough file descriptors again');
});
