/**
 * A core that is killed at any moment, under load: the next start works, nothing of the one before is left, and every
 * outcome that had arrived is right. MESIBO_TEST_FULL=1 makes it a hundred times.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { SupervisorStatus } from 'mesibo-modules';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ControlClient } from '../../src/control/client/client.js';
import { boxesOf, fixture, isRunning, makeTempDir } from '../e2e/core.js';
import { listMarked, listZombies } from '../helpers/processes.js';
import { seeded } from '../helpers/random.js';

const ROUNDS = process.env.MESIBO_TEST_FULL ? 100 : 8;
const CALLERS = 8;
const main = fileURLToPath(new URL('../../dist/bundles/mesibo-modules.cjs', import.meta.url));
const modules = ['change_2020', 'sends_many', 'flood'];

let directory: string;
let runDir: string;
let seen: Set<string>;
beforeEach(() => {
  directory = makeTempDir();
  runDir = join(directory, 'run');
  seen = new Set();
  const blocks = [
    `module change_2020 { path = ${fixture('change-2020')} }`,
    `module sends_many { path = ${fixture('sends-many')} }`,
    `module flood { path = ${fixture('flood')} }`,
  ];
  // What waits for a server must not make each start slower.
  writeFileSync(join(directory, 'mesibo.conf'), `send_queue = 5000\n${blocks.join('\n')}\n`);
});
afterEach(async () => {
  await ended(command('stop'));
  rmSync(directory, { recursive: true });
});

function command(...args: string[]): ChildProcess {
  const { MESIBO_DEBUG: _, ...env } = process.env;
  const stdio = ['ignore', 'ignore', 'pipe'] as const;
  return spawn(process.execPath, [main, '--run-dir', runDir, ...args], { cwd: directory, env, stdio: [...stdio] });
}

async function ended(child: ChildProcess): Promise<{ code: number | null; stderr: string }> {
  let stderr = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const [code] = await once(child, 'close');
  return { code, stderr };
}

interface Lock {
  pid: number;
  runId: string;
}

/** Who holds the run directory; `null`: nobody says so. */
function readLock(): Lock | null {
  try {
    const [pid, runId] = readFileSync(join(runDir, 'lock'), 'utf8').split('\n');
    return pid && runId && isRunning(Number(pid)) ? { pid: Number(pid), runId } : null;
  } catch {
    return null;
  }
}

/** Waits until a core has taken the run directory; the file says so, and no event does. */
async function locked(): Promise<Lock> {
  for (;;) {
    const lock = readLock();
    if (lock && !seen.has(lock.runId)) {
      seen.add(lock.runId);
      return lock;
    }
    await delay(2);
  }
}

/** Sends messages until the core is gone, and checks each outcome. */
async function call(client: ControlClient, caller: number): Promise<number> {
  for (let i = 0; ; i++) {
    // Modules read a number at the beginning: so many messages are sent, and lines logged.
    const text = `${1 + (i % 20)} from ${caller}`;
    const params = { from: `user${caller}`, to: 'bob', id: BigInt(i) };
    try {
      for await (const event of client.send({ params, payload: Buffer.from(text), waitMs: 0 })) {
        if (event.kind !== 'outcome') continue;
        const { verdict, payload, trace, params: after } = event.outcome;
        expect({ verdict, text: payload.toString(), id: after.id, expiry: after.expiry }).toEqual({
          verdict: 'pass',
          text: text.toUpperCase(),
          id: BigInt(i),
          expiry: 3600,
        });
        expect(trace.map(({ module, default: reason }) => [module, reason])).toEqual(
          modules.map((name) => [name, null]),
        );
      }
    } catch (error) {
      if ((error as { code?: string }).code === 'CORE_SILENT') return i;
      throw error;
    }
  }
}

/** Nothing of any core before this one. */
async function expectOnly({ pid, runId }: Lock): Promise<void> {
  for (const older of seen) {
    if (older === runId) continue;
    expect(listMarked('MESIBO_RUN_ID', older)).toEqual([]);
    expect(boxesOf(older)).toEqual([]);
  }
  const boxes = ['', '.state', ...modules.map((name) => `-${name}-1`)].map((rest) => `mesibo-modules-${runId}${rest}`);
  // A spare host may have a box, and a socket until the core has connected.
  expect(
    boxesOf(runId)
      .filter((name) => !name.includes('+'))
      .sort(),
  ).toEqual(boxes.sort());
  const sockets = () =>
    readdirSync(runDir)
      .filter((name) => name.includes('sock'))
      .sort();
  await expect.poll(sockets, { timeout: 30_000 }).toEqual(['control.sock', 'gateway.sock']);
  expect(readFileSync(join(runDir, 'lock'), 'utf8')).toBe(`${pid}\n${runId}\nstate ${join(runDir, 'state')}\n`);
  expect(listZombies(pid)).toEqual([]);
}

async function statusOf(): Promise<SupervisorStatus> {
  const client = await ControlClient.connect(runDir);
  const status = await client.status();
  client.close();
  return status;
}

/** Starts a core and kills it while it starts, or under load; then adds the promised counts of outcomes to `calls`. */
async function round(random: (below: number) => number, calls: Promise<number>[]): Promise<void> {
  const starting = ended(command('start', '--config', 'mesibo.conf', '--daemon'));
  const lock = await locked();
  if (random(3) === 0) {
    await delay(random(500));
    process.kill(lock.pid, 'SIGKILL');
    await starting;
    return;
  }
  expect(await starting).toEqual({ code: 0, stderr: '' });
  await expectOnly(lock);
  const client = await ControlClient.connect(runDir);
  const called = Promise.all(Array.from({ length: CALLERS }, (_, i) => call(client, i)));
  calls.push(called.then((counts) => counts.reduce((sum, count) => sum + count, 0)).finally(() => client.close()));
  // A failure shows where all are awaited.
  calls.at(-1)?.catch(() => undefined);
  await delay(random(400));
  process.kill(lock.pid, 'SIGKILL');
}

it(
  `killed ${ROUNDS} times at random moments, a core can be started again and has left nothing`,
  async () => {
    const seed = Number(process.env.MESIBO_TEST_SEED ?? Date.now() % 1_000_000);
    const random = seeded(seed);
    const calls: Promise<number>[] = [];
    try {
      for (let i = 0; i < ROUNDS; i++) await round(random, calls);
      expect(await ended(command('start', '--config', 'mesibo.conf', '--daemon'))).toEqual({ code: 0, stderr: '' });
      const last = await locked();
      await expectOnly(last);
      const { core } = await statusOf();
      expect(core.pid).toBe(last.pid);
      expect((await Promise.all(calls)).some((outcomes) => outcomes > 0)).toBe(true);

      expect((await ended(command('stop'))).code).toBe(0);
      for (const runId of seen) {
        expect(listMarked('MESIBO_RUN_ID', runId)).toEqual([]);
        expect(boxesOf(runId)).toEqual([]);
      }
      expect(readdirSync(runDir).sort()).toEqual(['lock', 'state']);
      expect(readFileSync(join(runDir, 'lock'), 'utf8')).toBe('');
    } catch (error) {
      throw new Error(`with MESIBO_TEST_SEED=${seed}`, { cause: error });
    }
  },
  ROUNDS * 30_000,
);
