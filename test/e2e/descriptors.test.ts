import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CoreStatus } from 'mesibo-modules';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CommandLine } from '../helpers/command.js';
import { boxesOf, isRunning, makeTempDir, readRunId, sample } from './core.js';

/** Takes every file descriptor each time a host has died, and gives them back once a start has failed without one. */
const PROGRAM = `
import { closeSync, openSync, readFileSync } from 'node:fs';
import { makeConfig, Supervisor } from 'mesibo-modules';
const { runDir, subreaper, path } = JSON.parse(process.argv[1]);
const modules = [{ name: 'crashy', path, maxCrashes: null, backoff: { minMs: 10, maxMs: 10 } }];
const supervisor = new Supervisor(makeConfig({ modules }), { runDir, subreaper });
const pids = [];
const failures = [];
const taken = [];
let again;
const served = new Promise((resolve) => (again = resolve));
function take() {
  for (;;) {
    try {
      taken.push(openSync('/dev/null'));
    } catch {
      return;
    }
  }
}
supervisor.on('lifecycle', (event) => {
  if (event.kind === 'spawned') pids.push(event.pid);
  if (event.kind === 'ready' && event.generation > 1) again();
  if (event.kind !== 'exited') return;
  if (event.cause === 'crash') take();
  else if (event.cause === 'start') failures.push(event.text);
});
supervisor.on('log', ({ level, source, text }) => {
  if (source === 'supervisor' && level === 0) failures.push(text);
});
await supervisor.start();
const runId = readFileSync(runDir + '/lock', 'utf8').split('\\n')[1];
take();
process.kill(pids[0], 'SIGKILL');
while (failures.length < 2) await new Promise(setImmediate);
const { trace } = await supervisor.onMessage({ from: 'a', to: 'b' }, Buffer.from('hello'));
for (const fd of taken.splice(0)) closeSync(fd);
await served;
const after = await supervisor.onMessage({ from: 'a', to: 'b' }, Buffer.from('hello'));
await supervisor.stop();
console.log(JSON.stringify({ pids, failures, runId, defaults: [trace, after.trace].map(([entry]) => entry.default) }));
`;

/** Takes every file descriptor when a second host is started, before that listens, and keeps them until that is given up. */
const FULL_OF_CLIENTS = `
import { closeSync, openSync } from 'node:fs';
import { makeConfig, Supervisor } from 'mesibo-modules';
const { runDir, path, neighbour } = JSON.parse(process.argv[1]);
const often = { maxCrashes: null, backoff: { minMs: 10, maxMs: 10 }, startTimeoutMs: 10_000 };
const modules = [{ name: 'crashy', path, ...often }, { name: 'filter', path: neighbour }];
// The second host has to be connected to, which a spare is already.
const supervisor = new Supervisor(makeConfig({ modules, spareHosts: 0 }), { runDir });
const taken = [];
const problems = () => supervisor.status().core.problems;
let taking;
function take() {
  try {
    for (;;) taken.push(openSync('/dev/null'));
  } catch {}
}
const told = { before: [], during: [], failures: [], after: [] };
const spawned = [];
let again;
const served = new Promise((resolve) => (again = resolve));
let failed;
const failure = new Promise((resolve) => (failed = resolve));
supervisor.on('lifecycle', (event) => {
  if (event.module !== 'crashy') return;
  if (event.kind === 'spawned' && spawned.push(event.pid) === 2) {
    take();
    // Those of the connection to the dead host are given back in a moment.
    taking = setInterval(take, 5);
  }
  if (event.kind === 'ready' && event.generation > 1) again();
  if (event.kind === 'exited' && event.cause === 'start') failed(told.failures.push(event.text));
});
const verdicts = async () => {
  const { trace } = await supervisor.onMessage({ from: 'a', to: 'b' }, Buffer.from('hello'));
  return trace.map((entry) => entry.default);
};
await supervisor.start();
told.before.push(problems(), await verdicts());
process.kill(spawned[0], 'SIGKILL');
await failure;
told.during.push(problems(), await verdicts());
clearInterval(taking);
for (const fd of taken.splice(0)) closeSync(fd);
await served;
told.after.push(problems(), await verdicts());
await supervisor.stop();
console.log(JSON.stringify(told));
`;

const PATIENCE = { timeout: 60_000, interval: 500 };

let directory: string;
beforeEach(() => {
  directory = makeTempDir();
});
afterEach(() => rmSync(directory, { recursive: true }));

it.each([true, false])(
  'a core without a file descriptor left lives, and starts its module when there are some (subreaper: %s)',
  (subreaper) => {
    const options = JSON.stringify({ runDir: `${directory}/run`, subreaper, path: sample('crashy') });
    const node = [process.execPath, '--input-type=module', '-e', PROGRAM, options];
    const told = execFileSync('sh', ['-c', 'ulimit -n 256 && exec "$@"', 'sh', ...node], {
      cwd: new URL('../..', import.meta.url),
      timeout: 50_000,
    });
    const { pids, failures, runId, defaults } = JSON.parse(`${told}`);
    const why =
      /^module crashy: the host process could not be started: this process is out of file descriptors \(25\d of 256 in use, /;
    expect(failures.filter((text: string) => !why.test(text))).toEqual([]);
    expect(defaults).toEqual([expect.anything(), null]);
    expect(pids.filter(isRunning)).toEqual([]);
    expect(boxesOf(runId)).toEqual([]);
    expect(existsSync(`${directory}/run/lock`) && readFileSync(`${directory}/run/lock`, 'utf8')).toBe('');
  },
);

it('a server without a descriptor left for the connection to a new host serves on, and says so', () => {
  const options = JSON.stringify({ runDir: `${directory}/run`, path: sample('crashy'), neighbour: sample('filter') });
  const node = [process.execPath, '--input-type=module', '-e', FULL_OF_CLIENTS, options];
  const told = execFileSync('sh', ['-c', 'ulimit -n 256 && exec "$@"', 'sh', ...node], {
    cwd: new URL('../..', import.meta.url),
    timeout: 100_000,
  });
  const { before, during, failures, after } = JSON.parse(`${told}`);
  const problem = expect.stringMatching(
    /^this process is out of file descriptors \(25\d of 256 in use, .*: raise LimitNOFILE/,
  );
  expect(before).toEqual([[], [null, null]]);
  expect(failures[0]).toMatch(/^module crashy: it could not be connected to: this process is out of file descriptors/);
  expect(during).toEqual([[problem], [expect.any(String), null]]);
  expect(after).toEqual([[], [null, null]]);
}, 120_000);

/** How many descriptors a process may have; those that it has it keeps. */
function limitDescriptors(pid: number, limit: number): void {
  execFileSync('prlimit', ['--pid', `${pid}`, `--nofile=${limit}:`]);
}

it('a daemon without a descriptor left survives crashes, events, a reload and its log, and has everything when there are some', async () => {
  const command = new CommandLine(directory);
  const log = join(directory, 'told.log');
  writeFileSync(join(directory, 'told'), `#!/bin/sh\necho "$MESIBO_EVENT $MESIBO_MODULE" >> ${log}\n`, { mode: 0o755 });
  const module = (name: string) =>
    `module ${name} { path = ${sample(name)} ; backoff = 500ms to 500ms ; max_crashes = off }\n`;
  expect((await command.start(`on_event = told\n${module('crashy')}${module('filter')}`)).code).toBe(0);
  const status = async () => JSON.parse((await command.run('status', '--json')).stdout) as CoreStatus;
  const logs = async () => (await command.run('logs', '-n', '100000')).stdout;
  try {
    const { core, modules } = await status();
    limitDescriptors(core.pid, 3);
    process.kill(modules[0]?.pid as number, 'SIGKILL');
    await expect
      .poll(logs, PATIENCE)
      .toMatch(
        /crashy.* the host process could not be started: this process is out of file descriptors \(\d+ of 3 in use/,
      );
    await expect.poll(logs, PATIENCE).toMatch(/the program of on_event failed, .*EMFILE/);
    process.kill(core.pid, 'SIGHUP');
    await expect.poll(logs, PATIENCE).toMatch(/EMFILE: too many open files, open '.*mesibo.conf'/);
    limitDescriptors(core.pid, 1024);
    await expect
      .poll(async () => (await status()).modules.map(({ state }) => state), PATIENCE)
      .toEqual(['serving', 'serving']);
    expect((await command.run('reload')).code).toBe(0);
    const after = await status();
    expect([after.core.pid, after.core.problems, after.modules[1]?.generation]).toEqual([core.pid, [], 1]);
    process.kill(after.modules[0]?.pid as number, 'SIGKILL');
    await expect.poll(() => existsSync(log) && readFileSync(log, 'utf8'), PATIENCE).toMatch(/crash crashy/);
  } finally {
    await command.run('stop');
  }
}, 120_000);

it('a daemon without a descriptor left can be stopped, and the next one finds the leftovers', async () => {
  const command = new CommandLine(directory);
  const start = () => command.start(`module filter { path = ${sample('filter')} ; start_timeout = 60s }\n`);
  expect(await start()).toMatchObject({ code: 0 });
  const { core, modules } = JSON.parse((await command.run('status', '--json')).stdout) as CoreStatus;
  const runId = readRunId(join(directory, 'run'));
  limitDescriptors(core.pid, 3);
  process.kill(core.pid, 'SIGTERM');
  await expect.poll(() => [core.pid, modules[0]?.pid as number].filter(isRunning), PATIENCE).toEqual([]);
  expect(boxesOf(runId)).toEqual([]);
  expect(await start()).toMatchObject({ code: 0 });
  expect((await command.run('stop')).code).toBe(0);
  expect(readFileSync(join(directory, 'run/lock'), 'utf8')).toBe('');
  expect(readdirSync(join(directory, 'run')).filter((name) => name.endsWith('.sock'))).toEqual([]);
}, 120_000);

/** Starts a supervisor with so many descriptors left, and tells how that went. */
const COLD = `
import { closeSync, openSync } from 'node:fs';
import { makeConfig, Supervisor } from 'mesibo-modules';
const { runDir, path, left } = JSON.parse(process.argv[1]);
const supervisor = new Supervisor(makeConfig({ modules: [{ name: 'filter', path }] }), { runDir });
const taken = [];
try {
  for (;;) taken.push(openSync('/dev/null'));
} catch {}
for (const fd of taken.splice(0, left)) closeSync(fd);
let told;
try {
  const { refused } = await supervisor.start();
  told = refused.map(({ error }) => error.code);
} catch (error) {
  told = error.code;
}
await supervisor.stop();
console.log(JSON.stringify(told));
`;

it.each([0, 2, 4, 12, 23])(
  'a program that starts a supervisor with %i descriptors left gets an error, and survives',
  (left) => {
    const options = JSON.stringify({ runDir: `${directory}/run`, path: sample('filter'), left });
    const node = [process.execPath, '--input-type=module', '-e', COLD, options];
    const told = execFileSync('sh', ['-c', 'ulimit -n 256 && exec "$@"', 'sh', ...node], {
      cwd: new URL('../..', import.meta.url),
      timeout: 60_000,
    });
    // The run directory and its locks come first.
    const expected = left < 4 ? /^"RUN_DIR_UNUSABLE"$/ : /^\["HOST_START_FAILED"\]$/;
    expect(`${told}`.trim()).toMatch(expected);
  },
  60_000,
);
