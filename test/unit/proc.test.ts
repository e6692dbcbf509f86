import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, it, onTestFinished } from 'vitest';
import {
  findOomCounter,
  hasEnded,
  hasVariable,
  markProcess,
  parseStat,
  readChildren,
  readOomKills,
  readParent,
  readRunning,
  readTracer,
  readTree,
} from '../../src/proc.js';

it('sees no tracer when there is none, nor for a process that is gone', async () => {
  expect(readTracer(process.pid)).toBeNull();
  const child = spawn('true');
  await once(child, 'exit');
  expect(readTracer(child.pid as number)).toBeNull();
});

it('knows that a process has ended, also when nobody has waited for it, or another one has its pid', async () => {
  expect(hasEnded(markProcess(process.pid))).toBe(false);
  expect(hasEnded(markProcess(1))).toBe(false);
  expect(hasEnded({ pid: process.pid, start: '1' })).toBe(true);
  // What became `sleep` waits for no child.
  const parent = spawn('sh', ['-c', 'sleep 1000 & echo $!; exec sleep 1000'], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void parent.kill('SIGKILL'));
  const [pid] = await once(parent.stdout.setEncoding('utf8'), 'data');
  // The shell that it was would have waited.
  await expect.poll(() => readRunning(parent.pid as number)?.name, { timeout: 20_000 }).toBe('sleep');
  const [own, child] = [markProcess(parent.pid as number), markProcess(Number(pid))];
  expect([hasEnded(own), hasEnded(child)]).toEqual([false, false]);
  process.kill(child.pid, 'SIGKILL');
  await expect.poll(() => hasEnded(child), { timeout: 20_000 }).toBe(true);
  expect(readFileSync(`/proc/${child.pid}/stat`, 'utf8')).toContain(') Z ');
  parent.kill();
  await once(parent, 'exit');
  expect(hasEnded(own)).toBe(true);
});

it('counts the out-of-memory kills of a control group or of the machine, when the kernel does', () => {
  const file = findOomCounter(process.pid);
  expect(file).toMatch(/^\/sys\/fs\/cgroup\/.*memory\.(events|oom_control)$|^\/proc\/vmstat$/);
  const kernelCounts = /^oom_kill /m.test(readFileSync(file, 'utf8'));
  expect(readOomKills(file)).toEqual(kernelCounts ? expect.any(Number) : null);
});

it('looks at the whole machine for a process that is gone, and counts nothing in a file that is not there', () => {
  expect(findOomCounter(2 ** 22 + 1)).toBe('/proc/vmstat');
  expect(readOomKills('/nonexistent')).toBeNull();
});

it.each([
  ['7 (sleep) S 3 7 6 0', { name: 'sleep', state: 'S', parent: 3, group: 7, session: 6 }],
  ['7 (a) b (c) Z 12 7 6 0', { name: 'a) b (c', state: 'Z', parent: 12, group: 7, session: 6 }],
  ['7 (two\nlines) R 1 7 6 0', { name: 'two\nlines', state: 'R', parent: 1, group: 7, session: 6 }],
  ['7 () S 1 7 6 0', { name: '', state: 'S', parent: 1, group: 7, session: 6 }],
  ['7 (kthread) S 0 0 0 0 -1', { name: 'kthread', state: 'S', parent: 0, group: 0, session: 0 }],
  ['', null],
  ['nonsense', null],
])('reads %j of /proc/PID/stat', (text, stat) => {
  expect(parseStat(text)).toEqual(stat);
});

it('sees children, their descendants, zombies, and the command line and environment of a process', async () => {
  const env = { MARK: 'a=b', PATH: process.env.PATH };
  const child = spawn('sh', ['-c', 'sleep 600 & echo started; wait'], { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const pid = child.pid as number;
  await once(child.stdout, 'data');
  expect(readChildren(process.pid)).toContain(pid);
  const tree = readTree(pid);
  expect(tree).toHaveLength(2);
  expect(tree[0]).toBe(pid);
  expect(readParent(tree[1] as number)).toBe(pid);
  expect(readRunning(pid)).toEqual({ pid, name: expect.stringMatching(/^(sh|dash|bash)$/) });
  expect(await hasVariable(pid, 'MARK', ['x', 'a=b'])).toBe(true);
  expect(await hasVariable(pid, 'MARK', ['a'])).toBe(false);
  expect(await hasVariable(pid, 'ARK', ['a=b'])).toBe(false);

  const exit = once(child, 'exit');
  for (const each of tree) process.kill(each, 'SIGKILL');
  // Nothing reaps it before the next turn of the event loop.
  const deadline = performance.now() + 10_000;
  while (readRunning(pid) !== null && performance.now() < deadline);
  expect(readRunning(pid)).toBeNull();
  expect(readChildren(process.pid)).toContain(pid);
  expect(readParent(pid)).toBe(process.pid);
  await exit;
  expect(readChildren(process.pid)).not.toContain(pid);
  expect([readParent(pid), readRunning(pid)]).toEqual([null, null]);
  expect(await hasVariable(pid, 'MARK', ['a=b'])).toBe(false);
});
