/** Programs that connect to the socket of a host and are not its core. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { connect } from 'node:net';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { encodeCoreFrame } from '../../src/wire/codec.js';
import { readMemory } from '../helpers/processes.js';
import { sample, startCore, type TestCore } from './core.js';

/** Connects to the socket of each host as soon as it is there, in one of two ways, and never reads. */
const STRANGER = `
import { existsSync, watch } from 'node:fs';
import { connect } from 'node:net';
import { Pair } from 'zeromq';
const [runDir, words] = process.argv.slice(1);
const met = new Set();
function flood(path) {
  const socket = connect(path).on('error', () => undefined);
  const garbage = Buffer.alloc(64 * 1024, 0x55);
  const write = () => {
    if (socket.writable && socket.write(garbage)) setImmediate(write);
    else socket.once('drain', write);
  };
  socket.once('connect', write);
}
function speak(path) {
  const socket = new Pair({ linger: 0 });
  socket.connect('ipc://' + path);
  void socket.send(Buffer.from(words, 'hex')).catch(() => undefined);
}
watch(runDir, (_, name) => {
  const path = runDir + '/' + name;
  if (!/^h\\w+\\.sock$/.test(name) || met.has(name) || !existsSync(path)) return;
  met.add(name);
  (words === '' ? flood : speak)(path);
  console.log('met');
});
console.log('looks');
`;

let core: TestCore;
let stranger: ChildProcess | undefined;
let met: number;

beforeEach(async () => {
  met = 0;
  const often = { maxCrashes: null, backoff: { minMs: 10, maxMs: 10 }, startTimeoutMs: 60_000 };
  core = await startCore([{ name: 'filter', path: sample('filter'), config: { blocked_words: 'spam' }, ...often }]);
});
afterEach(async () => {
  stranger?.kill('SIGKILL');
  stranger = undefined;
  await core.close();
});

/** Lets a stranger look for hosts that start. */
async function beginStranger(words: Uint8Array): Promise<void> {
  const args = ['--input-type=module', '-e', STRANGER, core.runDir, Buffer.from(words).toString('hex')];
  const cwd = new URL('../..', import.meta.url);
  stranger = spawn(process.execPath, args, { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = createInterface(stranger.stdout as NodeJS.ReadableStream);
  lines.on('line', (line) => {
    if (line === 'met') met += 1;
  });
  await once(lines, 'line');
}

/** The paths at which a process listens, or has listened before they were removed. */
function listening(pid: number): string[] {
  const inodes = readdirSync(`/proc/${pid}/fd`).map((fd) => statSync(`/proc/${pid}/fd/${fd}`).ino);
  const rows = readFileSync('/proc/net/unix', 'utf8').split('\n');
  return rows.flatMap((row) => {
    const [, , , flags, , , inode, path] = row.split(/ +/);
    // As the kernel marks one that listens.
    return flags === '00010000' && path && inodes.includes(Number(inode)) ? [path] : [];
  });
}

async function expectServed(): Promise<void> {
  expect((await core.send('good morning')).trace).toMatchObject([{ verdict: 'pass', default: null }]);
  expect((await core.send('spam')).trace).toMatchObject([{ verdict: 'consumed', default: null }]);
}

it('a stranger finds no way to the host of a module that serves', async () => {
  expect(readdirSync(core.runDir).filter((name) => name.endsWith('.sock'))).toEqual([]);
  const paths = listening(core.module('filter').pid as number);
  expect(paths.map((path) => basename(path))).toEqual([expect.stringMatching(/^h[0-9a-f]{6}\.sock$/)]);
  for (const path of paths) {
    const error = await new Promise((resolve) => connect(path).once('error', resolve));
    expect(error).toMatchObject({ code: 'ENOENT' });
  }
  await expectServed();
});

it.each([
  ['floods', new Uint8Array(0)],
  ['gives orders to', encodeCoreFrame({ welcome: { protocol: 4, module: 'filter', path: sample('crashy') } })],
])(
  'a stranger that %s hosts while they start, and never reads, keeps none from starting',
  async (_, words) => {
    await beginStranger(words);
    for (let generation = 2; generation <= 5; generation++) {
      await core.supervisor.restartModule('filter');
      await expectServed();
    }
    await expect.poll(() => met, { timeout: 10_000 }).toBeGreaterThan(0);
    expect(core.module('filter')).toMatchObject({ generation: 5, failedStarts: 0 });
    expect(readMemory(core.module('filter').pid as number)).toBeLessThan(256 * 1024 * 1024);
  },
  120_000,
);
