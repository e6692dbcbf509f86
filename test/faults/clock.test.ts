/** The wall clock of a core, stepped while it measures: no measurement uses that clock. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import type { ModuleStatus, Outcome } from 'mesibo-modules';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ControlClient } from '../../src/control/client/client.js';
import { makeTempDir, sample } from '../e2e/core.js';
import { built } from './scene.js';

const main = fileURLToPath(new URL('../../dist/bundles/mesibo-modules.cjs', import.meta.url));
const HOUR_S = 3600;
/** How far a measured time may exceed its setting; far less than any step. */
const SLOW_MS = 60_000;

const config = `
chain_deadline = 30s
module crashy {
  path = ${sample('crashy')}
  deadline = 2s
  hang = 4s
  backoff = 2s to 2s
  max_crashes = 3 in 10m
  quarantine = off
}
`;

let directory: string;
let client: ControlClient;

beforeEach(async () => {
  directory = makeTempDir();
  setClock(0);
  writeFileSync(join(directory, 'mesibo.conf'), config);
  expect(await run('start', '--config', join(directory, 'mesibo.conf'), '--daemon')).toBe(0);
  client = await ControlClient.connect(join(directory, 'run'));
});
afterEach(async () => {
  client?.close();
  await run('stop');
  rmSync(directory, { recursive: true });
});

/** Runs the command with the fake clock; the core that it starts has it too. */
async function run(...args: string[]): Promise<number> {
  const child = spawn(process.execPath, [main, ...args], {
    cwd: directory,
    env: {
      ...process.env,
      MESIBO_RUN_DIR: join(directory, 'run'),
      LD_PRELOAD: built('fake-clock.so'),
      FAKE_CLOCK_FILE: join(directory, 'clock'),
    },
    stdio: ['ignore', 'ignore', args[0] === 'start' ? 'inherit' : 'ignore'],
  });
  const [code] = await once(child, 'exit');
  return code;
}

/** Sets the core's clock to so many seconds from the true time, in one step. */
function setClock(offsetSeconds: number): void {
  writeFileSync(join(directory, 'clock.new'), `${offsetSeconds}`);
  renameSync(join(directory, 'clock.new'), join(directory, 'clock'));
}

async function send(text: string): Promise<Outcome> {
  const request = { params: { from: 'alice', to: 'bob' }, payload: Buffer.from(text), waitMs: 0 };
  for await (const event of client.send(request)) if (event.kind === 'outcome') return event.outcome;
  throw new Error('no outcome');
}

async function crashy(): Promise<ModuleStatus> {
  return (await client.status()).modules[0] as ModuleStatus;
}

/** Resolves with the milliseconds until the module's status is as wanted. */
async function until(holds: (status: ModuleStatus) => boolean, sinceMs = performance.now()): Promise<number> {
  await expect.poll(async () => holds(await crashy()), { timeout: SLOW_MS, interval: 20 }).toBe(true);
  return performance.now() - sinceMs;
}

const servedBy = (generation: number) => (status: ModuleStatus) =>
  status.state === 'serving' && status.generation === generation;

it('moves neither deadlines nor hang, backoff or the period of crashes', async () => {
  // hang: killed after 4 s, although an hour passes, and then passes back.
  const beganMs = performance.now();
  const hanging = send('hang');
  await until(({ inFlight }) => inFlight === 1);
  setClock(HOUR_S);
  const { trace } = await hanging;
  expect(trace).toMatchObject([{ default: 'deadline' }]);
  expect(trace[0]?.micros).toBeGreaterThanOrEqual(2_000_000);
  expect(trace[0]?.micros).toBeLessThan(SLOW_MS * 1000);
  setClock(0);
  const hungMs = await until(({ crashes }) => crashes.byCause.hang === 1, beganMs);
  expect(hungMs).toBeGreaterThanOrEqual(4000);
  await until(servedBy(2));

  // backoff: the second restart waits for 2 s, less a quarter at most, whichever way the clock is set meanwhile.
  let generation = 2;
  for (const [before, after] of [
    [0, HOUR_S],
    [HOUR_S, -HOUR_S],
  ] as const) {
    setClock(before);
    const crashedMs = performance.now();
    expect((await send('crash')).trace).toMatchObject([{ default: 'crash' }]);
    const { crashes } = await crashy();
    // The core does go by the clock that this test sets, where it tells the time of day.
    expect(Math.abs(Date.parse(crashes.lastAt ?? '') - Date.now() - before * 1000)).toBeLessThan(SLOW_MS);
    setClock(after);
    generation += 1;
    expect(await until(servedBy(generation), crashedMs)).toBeGreaterThanOrEqual(1500);
    expect((await send('hello')).trace).toMatchObject([{ default: null }]);
  }

  // max_crashes: this is the fourth within 10 minutes, in which the wall clock has moved by hours.
  setClock(2 * HOUR_S);
  await send('crash');
  await until(({ state }) => state === 'failed');
  expect((await crashy()).crashes).toMatchObject({ total: 4, byCause: { crash: 3, hang: 1 } });
  expect((await send('hello')).trace).toMatchObject([{ default: 'down' }]);
});
