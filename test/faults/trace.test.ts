import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { afterEach, expect, it } from 'vitest';
import { readParent } from '../../src/proc.js';
import { fixtureModule, isRunning, TestCore } from '../e2e/core.js';
import { built, faulty, Scene } from './scene.js';

/** Whether this system lets a process trace one that is not its child. */
function mayTrace(): boolean {
  const idle = spawn('sleep', ['60']);
  const { status } = spawnSync(built('trace'), [`${idle.pid}`], { input: '' });
  idle.kill('SIGKILL');
  return status === 0;
}

/** Attaches the debugger. */
async function attach(pid: number, ...options: string[]): Promise<ChildProcess> {
  const tracer = spawn(built('trace'), [`${pid}`, ...options], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [said] = await once(tracer.stdout as NodeJS.ReadableStream, 'data');
  expect(`${said}`).toBe('tracing\n');
  return tracer;
}

async function detach(tracer: ChildProcess): Promise<void> {
  const exit = once(tracer, 'exit');
  tracer.stdin?.end();
  expect(await exit).toEqual([0, null]);
}

let scene: Scene;
let core: TestCore;
/** Its host is not traced. */
let beside: TestCore | null = null;
afterEach(async () => {
  await core.close();
  await beside?.close();
  beside = null;
});

const told = (tracer: ChildProcess) =>
  core.logs.filter(({ text }) => text.endsWith(`is left alone: process ${tracer.pid} traces it`)).length;
const isSpared = (tracer: ChildProcess) => () => told(tracer) > 0;

it.skipIf(!mayTrace())('a host under a debugger may take its time in a callback, and no longer without', async () => {
  scene = await Scene.start(faulty('loop', 'message', { deadlineMs: 60_000, hangMs: 1000 }));
  core = scene.core;
  const pid = scene.pid(1);
  const tracer = await attach(pid);
  const fault = scene.send(['f', 'p']);
  await core.until(isSpared(tracer));
  // Another host has twice that time, and loses it meanwhile.
  const other = await Scene.start(faulty('loop', 'message', { deadlineMs: 60_000, hangMs: 2000 }));
  beside = other.core;
  const [lost] = await other.send(['f']);
  if (lost) other.expectDefault(lost, 'hang', 'pass');
  expect(isRunning(pid)).toBe(true);
  expect(core.module('faulty')).toMatchObject({ generation: 1, crashes: { total: 0 } });

  await detach(tracer);
  const [killer, after] = await fault;
  expect(killer && after).toBeDefined();
  if (killer) scene.expectDefault(killer, 'hang', 'pass');
  if (after) scene.expectOwn(after, 2);
  const says = /did not return from on_message in time \(hang is 1s\) and was killed;/;
  scene.expectExits([{ cause: 'hang', signal: 'SIGKILL', exitCode: null, says }]);
});

it.skipIf(!mayTrace())(
  'a host at a breakpoint need not answer while it is idle, and serves when it goes on',
  async () => {
    scene = await Scene.start(faulty('segv', 'message', { deadlineMs: 60_000 }), { heartbeatMs: 100 });
    core = scene.core;
    const tracer = await attach(scene.pid(1), 'stop');
    await core.until(isSpared(tracer));
    await detach(tracer);
    for (const message of await scene.sendLoad(10)) scene.expectOwn(message, 1);
    scene.expectExits([]);
  },
);

it.skipIf(!mayTrace())('a host that starts under a debugger has its whole time when that has left', async () => {
  const startTimeoutMs = 2000;
  core = new TestCore({ modules: [fixtureModule('init-hangs', { abi: 'table', startTimeoutMs })] });
  const starting = core.start();
  await core.until(() => core.lives.some(({ kind }) => kind === 'spawned'));
  const [pid] = core.lives.flatMap((event) => (event.kind === 'spawned' ? [event.pid] : []));
  const tracer = await attach(pid as number);
  await core.until(isSpared(tracer));
  // It is looked at every second. Another host starts meanwhile, and has time for two of these looks.
  beside = new TestCore({ modules: [fixtureModule('init-hangs', { abi: 'table', startTimeoutMs: 2500 })] });
  await beside.start();
  expect(beside.report.refused).toMatchObject([{ error: { code: 'MODULE_START_TIMEOUT' } }]);
  expect(told(tracer)).toBe(1);

  await detach(tracer);
  const leftMs = performance.now();
  await starting;
  // Timers count in whole milliseconds.
  expect(performance.now() - leftMs).toBeGreaterThan(startTimeoutMs - 5);
  expect(core.report.refused).toMatchObject([{ error: { code: 'MODULE_START_TIMEOUT' } }]);
});

/** The fault ends as one that nobody traces does. */
async function expectHang(fault: string): Promise<void> {
  scene = await Scene.start(faulty(fault, 'message', { deadlineMs: 60_000, hangMs: 1000 }));
  core = scene.core;
  const [killer, after] = await scene.send(['f', 'p']);
  expect(killer && after).toBeDefined();
  if (killer) scene.expectDefault(killer, 'hang', 'pass');
  if (after) scene.expectOwn(after, 2);
  const says = /did not return from on_message in time \(hang is 1s\) and was killed;/;
  scene.expectExits([{ cause: 'hang', signal: 'SIGKILL', exitCode: null, says }]);
  expect(core.logs.filter(({ text }) => text.includes('is left alone'))).toEqual([]);
}

it('a module that makes the core its tracer and hangs is still found to hang', () => expectHang('traced-loop'));

it.skipIf(!mayTrace())('nor is one that is traced by a process that it forked', () => expectHang('child-traces-loop'));

it('a module that makes the core its tracer and crashes is reported as any other crash', async () => {
  scene = await Scene.start(faulty('traced-segv', 'message', { deadlineMs: 60_000, hangMs: 10_000 }));
  core = scene.core;
  const [killer, after] = await scene.send(['f', 'p']);
  if (killer) scene.expectDefault(killer, 'crash', 'pass');
  if (after) scene.expectOwn(after, 2);
  const says = /was halted by a signal, because the module had made the core its tracer .* while executing on_message/;
  scene.expectExits([{ cause: 'crash', signal: null, exitCode: 0, says }]);
  const [pid] = core.lives.flatMap((event) => (event.kind === 'spawned' && event.generation === 1 ? [event.pid] : []));
  // Not even a zombie is left.
  await expect.poll(() => readParent(pid as number), { timeout: 10_000 }).toBeNull();
});
