import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { boxesOf, isRunning, makeTempDir, sample } from './core.js';

/** Takes every file descriptor as often as a host has died, and gives them back once a start has failed for want of one. */
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
const often = { maxCrashes: null, backoff: { minMs: 10, maxMs: 10 }, startTimeoutMs: 5000 };
const modules = [{ name: 'crashy', path, ...often }, { name: 'filter', path: neighbour }];
const supervisor = new Supervisor(makeConfig({ modules }), { runDir });
const taken = [];
const problems = () => supervisor.status().core.problems;
const told = { before: [], during: [], failures: [], after: [] };
const spawned = [];
let again;
const served = new Promise((resolve) => (again = resolve));
let failed;
const failure = new Promise((resolve) => (failed = resolve));
supervisor.on('lifecycle', (event) => {
  if (event.module !== 'crashy') return;
  if (event.kind === 'spawned' && spawned.push(event.pid) === 2) {
    try {
      for (;;) taken.push(openSync('/dev/null'));
    } catch {}
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
for (const fd of taken.splice(0)) closeSync(fd);
await served;
told.after.push(problems(), await verdicts());
await supervisor.stop();
console.log(JSON.stringify(told));
`;

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
    const told = execFileSync('sh', ['-c', 'ulimit -n 128 && exec "$@"', 'sh', ...node], {
      cwd: new URL('../..', import.meta.url),
      timeout: 50_000,
    });
    const { pids, failures, runId, defaults } = JSON.parse(`${told}`);
    const why =
      /^module crashy: the host process could not be started: this process is out of file descriptors \(12\d of 128 in use, /;
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
  const told = execFileSync('sh', ['-c', 'ulimit -n 128 && exec "$@"', 'sh', ...node], {
    cwd: new URL('../..', import.meta.url),
    timeout: 100_000,
  });
  const { before, during, failures, after } = JSON.parse(`${told}`);
  const problem = expect.stringMatching(
    /^this process is out of file descriptors \(12\d of 128 in use, .*: raise LimitNOFILE/,
  );
  expect(before).toEqual([[], [null, null]]);
  expect(failures[0]).toMatch(/^module crashy: it could not be connected to: this process is out of file descriptors/);
  expect(during).toEqual([[problem], [expect.any(String), null]]);
  expect(after).toEqual([[], [null, null]]);
}, 120_000);
