/** A module that crashed goes on in a process that was already there. It also goes on when that process is gone. */

import { copyFileSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ModuleOptions } from 'mesibo-modules';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SpareWatch } from '../../helpers/spare-watch.js';
import { fixture, isRunning, makeTempDir, patientConfig, sample, startCore, TestCore } from '../core.js';

let core: TestCore;
let spares: SpareWatch;

beforeEach(() => {
  spares = new SpareWatch();
});
afterEach(async () => {
  await core.close();
  spares.close();
});

const crashy = (options: Partial<ModuleOptions> = {}): ModuleOptions => ({
  name: 'crashy',
  path: sample('crashy'),
  maxCrashes: null,
  backoff: { minMs: 10, maxMs: 10 },
  ...options,
});
const host = () => core.module('crashy').hosts[0];
const defaultOf = async (text: string) => (await core.send(text)).trace[0]?.default;

const WAIT = { timeout: 30_000 };

/** The state of a process as the kernel has it. */
const stateOf = (pid: number) => /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];

describe('the next host after a crash', () => {
  it('is the spare that waited, and another one waits then', async () => {
    core = await startCore([crashy()]);
    const spare = await spares.one();
    const first = host()?.pid;
    expect([await defaultOf('crash'), await defaultOf('hello')]).toEqual(['crash', null]);
    expect(host()).toMatchObject({ pid: spare, generation: 2 });
    expect(await spares.one()).not.toBe(spare);
    expect(isRunning(first as number)).toBe(false);
  });

  it('is a spare twenty times in a row', async () => {
    core = await startCore([crashy()]);
    for (let generation = 2; generation <= 21; generation++) {
      const spare = await spares.one();
      expect(await defaultOf('crash')).toBe('crash');
      expect(await defaultOf('hello')).toBe(null);
      expect(host()).toMatchObject({ pid: spare, generation });
    }
    const { restarts, failedStarts, crashes } = core.module('crashy');
    expect([restarts, failedStarts, crashes.total]).toEqual([20, 0, 20]);
  }, 300_000);

  it('has a black box of its own name, and of its own generation', async () => {
    const directory = makeTempDir();
    core = await new TestCore(patient(), {}, { boxDir: directory }).start();
    const spare = await spares.one();
    const names = () => readdirSync(directory).map((name) => name.replace(/^mesibo-modules-[0-9a-f]{16}-?/, ''));
    expect(names().sort()).toEqual(['', '+-1', 'crashy-1']);
    expect([await defaultOf('crash'), await defaultOf('hello')]).toEqual(['crash', null]);
    expect(host()?.pid).toBe(spare);
    await spares.one();
    expect(names().sort()).toEqual(['', '+-2', 'crashy-2']);
    await core.supervisor.stop();
    expect(names()).toEqual([]);
    rmSync(directory, { recursive: true });
  });

  it('is another process when a library that the spare has loaded was replaced', async () => {
    const directory = makeTempDir();
    const library = join(directory, 'libfirst.so');
    copyFileSync(fixture('libneighbour'), library);
    core = await startCore([crashy({ env: { LD_PRELOAD: library } })]);
    const spare = await spares.one();
    copyFileSync(fixture('libneighbour'), `${library}.new`);
    renameSync(`${library}.new`, library);
    expect([await defaultOf('crash'), await defaultOf('hello')]).toEqual(['crash', null]);
    expect(host()?.pid).not.toBe(spare);
    expect(host()).toMatchObject({ generation: 2 });
    expect(await spares.endOf(spare)).toContain('replaced');
    expect(await spares.one()).not.toBe(spare);
    rmSync(directory, { recursive: true });
  });

  it('is another process where the spare was killed, and a new spare comes', async () => {
    core = await startCore([crashy()]);
    const spare = await spares.one();
    process.kill(spare, 'SIGKILL');
    expect(await spares.endOf(spare)).toMatch(/^it has ended|^its connection is closed/);
    expect([await defaultOf('crash'), await defaultOf('hello')]).toEqual(['crash', null]);
    expect(host()).toMatchObject({ generation: 2 });
    expect(await spares.one()).not.toBe(host()?.pid);
  });

  it('is another process where the spare was killed in the same moment', async () => {
    core = await startCore([crashy()]);
    const spare = await spares.one();
    core.supervisor.on('lifecycle', ({ kind }) => {
      // The core is about to start the next one, and has not been told of this end.
      if (kind === 'exited' && isRunning(spare)) process.kill(spare, 'SIGKILL');
    });
    expect([await defaultOf('crash'), await defaultOf('hello')]).toEqual(['crash', null]);
    expect(host()?.pid).not.toBe(spare);
  });

  it('is another process where the spare stands still', async () => {
    core = await startCore([crashy()]);
    const spare = await spares.one();
    process.kill(spare, 'SIGSTOP');
    await expect.poll(() => stateOf(spare), WAIT).toBe('T');
    expect([await defaultOf('crash'), await defaultOf('hello')]).toEqual(['crash', null]);
    expect(host()).toMatchObject({ generation: 2 });
    expect([host()?.pid === spare, await spares.endOf(spare)]).toEqual([false, 'it does not run']);
  });

  it.each(['SIGKILL', 'SIGSTOP'] as const)('is one more when the spare gets %s while it is taken', async (signal) => {
    // The one that stands still has to be given up; the others must not be.
    core = await startCore([crashy({ startTimeoutMs: signal === 'SIGSTOP' ? 8000 : 60_000 })]);
    const spare = await spares.one();
    spares.onTaken = (pid) => process.kill(pid, signal);
    expect([await defaultOf('crash'), await defaultOf('hello')]).toEqual(['crash', null]);
    expect(host()).toMatchObject({ generation: 3 });
    const lost = core.lives.find((life) => life.kind === 'exited' && life.generation === 2);
    expect(lost).toMatchObject({ pid: spare, cause: 'trial', text: expect.stringContaining('waited as a spare') });
    const { restarts, failedStarts, crashes } = core.module('crashy');
    expect([failedStarts, crashes.total, restarts]).toEqual([0, 1, 1]);
  });

  it('is not a spare that got a signal before it had a module', async () => {
    core = await startCore([crashy()]);
    const spare = await spares.one();
    process.kill(spare, 'SIGTERM');
    expect(await spares.endOf(spare)).toBe('it got SIGTERM');
    expect([await defaultOf('crash'), await defaultOf('hello')]).toEqual(['crash', null]);
    expect(core.logs.filter(({ text }) => text.includes('SIGTERM'))).toEqual([]);
  });

  it('serves the file that is there when it starts, whenever the spare did', async () => {
    const directory = makeTempDir();
    const path = join(directory, 'module.so');
    copyFileSync(fixture('build-a'), path);
    core = await startCore([{ name: 'names_its_build', path, abi: 'exports-2020' }]);
    const spare = await spares.one();
    await core.send('one');
    copyFileSync(fixture('build-b'), `${path}.new`);
    renameSync(`${path}.new`, path);
    await core.supervisor.restartModule('names_its_build');
    await core.send('two');
    await core.until(() => core.lines('names_its_build').length === 2);
    expect(core.lines('names_its_build')).toEqual(['a one', 'b two']);
    expect(core.module('names_its_build').hosts[0]?.pid).toBe(spare);
    rmSync(directory, { recursive: true });
  });
});

function patient() {
  return { modules: [crashy()] };
}

describe('a spare', () => {
  it('is not a host: it is counted and shown nowhere', async () => {
    core = await startCore([crashy()]);
    const before = core.supervisor.status();
    const logs = core.logs.length;
    const spare = await spares.one();
    const after = core.supervisor.status();
    expect(after.modules).toEqual(before.modules);
    expect(JSON.stringify(after)).not.toContain(`${spare}`);
    expect(core.logs.slice(logs)).toEqual([]);
    expect(core.lives.some((life) => 'pid' in life && life.pid === spare)).toBe(false);
  });

  it('takes over at a reload', async () => {
    core = await startCore([crashy()]);
    const spare = await spares.one();
    await core.supervisor.reload(patientConfig({ modules: [crashy()] }), { modules: ['crashy'] });
    expect(host()).toMatchObject({ pid: spare, generation: 2 });
  });

  it('comes and goes as spare_hosts is reloaded', async () => {
    core = await startCore([crashy()], { spareHosts: 0 });
    const reload = (spareHosts: number) => {
      return core.supervisor.reload(patientConfig({ spareHosts, modules: [crashy()] }));
    };
    expect(await reload(2)).toMatchObject({ settings: ['spare_hosts'], replaced: [], unchanged: ['crashy'] });
    const two = await spares.waitingOf(2);
    await reload(1);
    expect(await spares.endOf(two[1] as number)).toBe(null);
    expect(spares.waiting).toEqual([two[0]]);
    await reload(0);
    expect(await spares.endOf(two[0] as number)).toBe(null);
    await expect.poll(() => two.filter(isRunning), WAIT).toEqual([]);
    expect([await defaultOf('crash'), await defaultOf('hello')]).toEqual(['crash', null]);
    expect(host()).toMatchObject({ generation: 2 });
    expect(spares.news.filter(({ kind }) => kind === 'taken')).toEqual([]);
  });
});
