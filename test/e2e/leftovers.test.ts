import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { join } from 'node:path';
import type { LogLine, ModuleOptions } from 'mesibo-modules';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ChildCore } from '../helpers/child-core.js';
import { listMarked, listZombies } from '../helpers/processes.js';
import { boxesOf, fixtureModule, isRunning, makeTempDir, readRunId, sample } from './core.js';

const leaves = fixtureModule('leaves-daemons', { deadlineMs: 60_000, hangMs: null });
const sendsMany = fixtureModule('sends-many', { deadlineMs: 60_000, hangMs: null });
const crashy = {
  name: 'crashy',
  path: sample('crashy'),
  maxCrashes: null,
  quarantine: null,
  backoff: { minMs: 10, maxMs: 10 },
};
const WAIT = { timeout: 10_000 };
const FOUND =
  /^1 black box of a killed core was found with messages of modules; it stays until 20.*: start a core with the run directory .*; it delivers them$/;

let directory: string;
let runDir: string;
let core: ChildCore;
let runId: string;
let strays: number[];

beforeEach(() => {
  directory = makeTempDir();
  runDir = join(directory, 'run');
  strays = [];
});
afterEach(async () => {
  // In peace, lest the test itself leave boxes behind.
  await core.stop();
  for (const pid of strays.filter(isRunning)) process.kill(pid, 'SIGKILL');
  // Nobody starts after the killed core and would remove its boxes.
  const lock = join(runDir, 'lock');
  const runIds = existsSync(lock) ? readFileSync(lock, 'utf8').split('\n').slice(1).filter(Boolean) : [];
  for (const box of runIds.flatMap(boxesOf)) rmSync(join('/dev/shm', box), { force: true });
  rmSync(directory, { recursive: true });
});

async function start(subreaper: boolean, modules = [leaves]): Promise<void> {
  core = await ChildCore.start({ runDir, modules, subreaper, spareHosts: 0 });
  runId = readRunId(runDir);
}

/** Black boxes that another test has left, whose run directory is gone, are removed by whichever core starts next. */
const isOfOthers = (text: string) => {
  const [, of] = /of a killed core w\w+ (?:removed: (?=\S+ knows)|found .* run directory )([^\s,]+)/.exec(text) ?? [];
  return of !== undefined && !of.startsWith(directory);
};
const warnings = (logs: LogLine[]) =>
  logs
    .filter(({ source, level, text }) => source === 'supervisor' && level === 1 && !isOfOthers(text))
    .map(({ text }) => text);

/** Removes a directory in one step: a core that runs in it makes again what it finds gone. */
function removeAtOnce(place: string): void {
  renameSync(place, `${place}-gone`);
  rmSync(`${place}-gone`, { recursive: true });
}

/** Lets the module leave a daemon, and says which. */
async function leave(kind: string): Promise<number> {
  await core.outcome(kind);
  const found = () => core.logs.map(({ text }) => /^left (\d+)$/.exec(text)?.[1]).filter(Boolean);
  await core.until(() => found().length > 0);
  const pid = Number(found().at(-1));
  strays.push(pid);
  return pid;
}

/** What carries the mark of this core, beside its hosts. */
const marked = () => listMarked('MESIBO_RUN_ID', runId).filter((pid) => !core.hosts.includes(pid));

describe('a core that is a subreaper', () => {
  it.each([
    ['keep', 1],
    ['chain', 3],
    ['phoenix', 2],
  ])('ends what a dead host left: %s', async (kind, count) => {
    await start(true);
    const daemon = await leave(kind);
    await expect.poll(marked, WAIT).toHaveLength(count);
    // As long as its host lives it is left alone, also by the death of others.
    expect(isRunning(daemon)).toBe(true);
    process.kill(core.hosts[0] as number, 'SIGKILL');
    await core.until(() => core.lives('ready').length === 2);
    await core.until(() => warnings(core.logs).length > 0);
    expect(marked()).toEqual([]);
    const said = new RegExp(
      `^module leaves_daemons: \\d+ process(es)? that host 1 \\(pid ${core.hosts[0]}\\) left behind (was|were) ended: .*\\(pid ${daemon}\\)`,
    );
    expect(warnings(core.logs)[0]).toMatch(said);
    await expect.poll(() => listZombies(core.pid), WAIT).toEqual([]);
    expect(await core.outcome('hello')).toEqual([null]);
  });

  it('ends a process that has wiped its environment when its host ends, and when no other host does', async () => {
    await start(true, [leaves, crashy]);
    const daemon = await leave('wipe');
    await core.outcome('crash');
    await core.until(() => core.lives('ready').length === 3);
    expect(isRunning(daemon)).toBe(true);
    process.kill(core.hosts[0] as number, 'SIGKILL');
    await core.until(() => warnings(core.logs).some((text) => text.includes(`sleep (pid ${daemon})`)));
    expect(isRunning(daemon)).toBe(false);
  });

  it('ends at its own stop a process that shows no owner', async () => {
    await start(true);
    const daemon = await leave('unmark');
    process.kill(core.hosts[0] as number, 'SIGKILL');
    await core.until(() => core.lives('ready').length === 2);
    expect(isRunning(daemon)).toBe(true);
    await core.stop();
    expect(isRunning(daemon)).toBe(false);
    expect(warnings(core.logs)).toEqual([`1 process that modules left behind was ended: sleep (pid ${daemon})`]);
  });

  it('leaves no zombie and steals no exit code while orphans end by the hundred', async () => {
    await start(true, [leaves, crashy]);
    for (let round = 0; round < 10; round++) {
      core.send('swarm 100');
      // It exits with 0 while a hundred others exit with codes from 0 to 99.
      expect(await core.outcome('exit')).toEqual([null, 'crash']);
      await core.until(() => core.lives('ready').length === 3 + round);
    }
    const codes = core.lives('exited').map(({ module, exitCode, signal }) => [module, exitCode, signal]);
    expect(codes).toEqual(Array.from({ length: 10 }, () => ['crashy', 0, null]));
    await expect.poll(() => listZombies(core.pid), WAIT).toEqual([]);
    await core.stop();
    expect(warnings(core.logs).filter((text) => text.includes('left behind'))).toEqual([]);
  }, 300_000);

  it('does not touch the children that the program starts itself', async () => {
    await start(true);
    const child = await core.startChild();
    strays.push(child);
    await leave('keep');
    process.kill(core.hosts[0] as number, 'SIGKILL');
    await core.until(() => warnings(core.logs).length > 0);
    await core.stop();
    expect(isRunning(child)).toBe(true);
  });
});

describe('a core that is not a subreaper', () => {
  it('ends what its hosts left when it stops, and touches nothing else', async () => {
    await start(false);
    const child = await core.startChild();
    strays.push(child);
    const daemon = await leave('keep');
    process.kill(core.hosts[0] as number, 'SIGKILL');
    await core.until(() => core.lives('ready').length === 2);
    expect(isRunning(daemon)).toBe(true);
    await core.stop();
    expect(isRunning(daemon)).toBe(false);
    expect(isRunning(child)).toBe(true);
    expect(warnings(core.logs)).toEqual([expect.stringMatching(/^1 process that modules left behind was ended: /)]);
    expect(warnings(core.logs)[0]).toContain(`(pid ${daemon})`);
  });
});

describe('after a core was killed', () => {
  it.each([true, false])('the next start ends what its hosts had left (subreaper: %s)', async (subreaper) => {
    await start(subreaper);
    const daemon = await leave('chain');
    await expect.poll(marked, WAIT).toHaveLength(3);
    await core.kill();
    await expect.poll(() => core.hosts.filter(isRunning), WAIT).toEqual([]);
    expect(isRunning(daemon)).toBe(true);
    // The box, and the link that says where its core had its lock.
    expect(boxesOf(runId)).toHaveLength(2);

    const killed = { pid: core.pid, runId };
    await start(subreaper);
    expect(listMarked('MESIBO_RUN_ID', killed.runId)).toEqual([]);
    expect(boxesOf(killed.runId)).toEqual([]);
    const [sockets, processes, boxes] = warnings(core.logs);
    expect(sockets).toMatch(new RegExp(`^the core with pid ${killed.pid} did not end cleanly; it had left no socket`));
    expect(processes).toMatch(new RegExp(`^3 processes that it left were ended: .*\\(pid ${daemon}\\)`));
    // The line that the module had logged was announced before, or is announced now.
    expect(boxes).toMatch(
      /^0 messages and \d log lines were found in the black boxes of a killed core and delivered now$/,
    );
    expect(await core.outcome('hello')).toEqual([null]);
    await core.stop();
    expect(readdirSync(runDir)).toEqual(['lock']);
    expect(boxesOf(runId)).toEqual([]);
  });

  it.each([true, false])(
    'the next start ends a process that has wiped its environment (subreaper: %s)',
    async (subreaper) => {
      await start(subreaper);
      const daemon = await leave('wipe');
      // It has left everything else by which it could be found: parent, session, environment.
      await expect.poll(() => readFileSync(`/proc/${daemon}/environ`, 'utf8'), WAIT).toBe('');
      await core.kill();
      await expect.poll(() => core.hosts.filter(isRunning), WAIT).toEqual([]);
      expect(isRunning(daemon)).toBe(true);
      await start(subreaper);
      expect(isRunning(daemon)).toBe(false);
      expect(warnings(core.logs)[1]).toBe(`1 process that it left was ended: sleep (pid ${daemon})`);
    },
  );

  it('a start that is killed in the middle of sweeping leaves the rest to the next start', async () => {
    await start(false);
    await leave('keep');
    await core.kill();
    const first = runId;
    // Killed as soon as it has the lock: whatever it had done by then, nothing may be forgotten.
    const second = new ChildCore({ runDir, modules: [leaves] });
    await second.until(() => second.logs.length > 0);
    await second.kill();
    await start(false);
    expect(listMarked('MESIBO_RUN_ID', first)).toEqual([]);
    expect(boxesOf(first)).toEqual([]);
  });
});

describe('after a core was killed and its run directory removed', () => {
  // Its own directory: any core that other tests start would tidy up the shared one.
  let boxDir: string;
  beforeEach(() => {
    boxDir = join(directory, 'boxes');
    mkdirSync(boxDir);
  });
  const boxes = (id: string) => readdirSync(boxDir).filter((name) => name.includes(id));
  const startAt = (place: string, modules: ModuleOptions[], standStillAt?: number, stateDir?: string) =>
    ChildCore.start({
      runDir: place,
      modules,
      boxDir,
      subreaper: true,
      spareHosts: 0,
      ...(standStillAt ? { standStillAt } : {}),
      ...(stateDir ? { stateDir } : {}),
    });
  const rest = Array.from({ length: 16 }, (_, i) => `sent ${i + 5}`);

  /** Kills a core while it reads the messages of its module; returns its run. */
  async function killAtSends(stateDir?: string): Promise<string> {
    core = await startAt(runDir, [sendsMany], 5, stateDir);
    const killed = readRunId(runDir);
    core.send('20');
    await core.until(() => core.sent.length === 5);
    await core.kill();
    await expect.poll(() => core.hosts.filter(isRunning), WAIT).toEqual([]);
    return killed;
  }

  /** The same, and removes its run directory. */
  async function loseSends(stateDir?: string): Promise<string> {
    const killed = await killAtSends(stateDir);
    rmSync(runDir, { recursive: true });
    return killed;
  }

  /** Some core has seen a day ago that the run had lost its core. */
  function makeOld(run: string): void {
    const since = join(boxDir, `mesibo-modules-${run}.lost`);
    const sinceMs = Number(readlinkSync(since));
    rmSync(since);
    symlinkSync(String(sinceMs - 24 * 3600 * 1000), since);
  }

  it('a start elsewhere leaves the messages of modules to the next core in the same place', async () => {
    const killed = await loseSends();
    const elsewhere = join(directory, 'elsewhere');
    for (let start = 0; start < 2; start++) {
      core = await startAt(elsewhere, [crashy]);
      expect(boxes(killed).filter((name) => name.includes('-sends_many-'))).toHaveLength(1);
      expect(warnings(core.logs)).toHaveLength(start === 0 ? 1 : 0);
      if (start === 0) expect(warnings(core.logs)[0]).toMatch(FOUND);
      await core.stop();
    }
    core = await startAt(runDir, [sendsMany]);
    expect(core.sent.map(({ text }) => text)).toEqual(rest);
    expect(boxes(killed)).toEqual([]);
  });

  it('the next core with the same state directory delivers it, wherever that runs', async () => {
    const stateDir = join(directory, 'state');
    const killed = await loseSends(stateDir);
    core = await startAt(join(directory, 'elsewhere'), [sendsMany], undefined, stateDir);
    expect(core.sent.map(({ text }) => text)).toEqual(rest);
    expect(boxes(killed)).toEqual([]);
  });

  it('the next core with the same state directory delivers it also where the run directory is still there', async () => {
    const stateDir = join(directory, 'state');
    const killed = await killAtSends(stateDir);
    const elsewhere = join(directory, 'elsewhere');
    core = await startAt(elsewhere, [sendsMany], undefined, join(directory, 'another-state'));
    expect(core.sent).toEqual([]);
    expect(warnings(core.logs)).toEqual([]);
    await core.stop();
    core = await startAt(elsewhere, [sendsMany], undefined, stateDir);
    expect(core.sent.map(({ text }) => text)).toEqual(rest);
    expect(boxes(killed)).toEqual([]);
    await core.stop();
    // Who comes back to the run directory finds nothing to deliver again.
    core = await startAt(runDir, [sendsMany], undefined, stateDir);
    expect(core.sent).toEqual([]);
  });

  it('a start elsewhere takes nothing from a core that lives', async () => {
    const elsewhere = join(directory, 'elsewhere');
    const alive = await startAt(runDir, [sendsMany], undefined, join(directory, 'state'));
    const kept = readRunId(runDir);
    core = await startAt(elsewhere, [crashy], undefined, join(directory, 'another-state'));
    expect(boxes(kept)).toHaveLength(3);
    await core.stop();
    core = alive;
    expect(await core.outcome('3')).toEqual([null]);
  });

  it('the leftovers of a run directory that still exists are removed, too, when nobody has come for them for a day', async () => {
    const killed = await killAtSends();
    const elsewhere = join(directory, 'elsewhere');
    for (const day of [0, 1]) {
      if (day === 1) makeOld(killed);
      core = await startAt(elsewhere, [crashy]);
      expect(boxes(killed).filter((name) => name.includes('-sends_many-'))).toHaveLength(1 - day);
      await core.stop();
    }
    expect(warnings(core.logs)).toEqual([
      `1 black box of a killed core was removed after 24 hours: no core with the run directory ${runDir} has started to deliver the messages in it`,
    ]);
  });

  it('messages that modules sent are removed when nobody has come for them for a day', async () => {
    const killed = await loseSends();
    const elsewhere = join(directory, 'elsewhere');
    core = await startAt(elsewhere, [crashy]);
    await core.stop();
    makeOld(killed);
    core = await startAt(elsewhere, [crashy]);
    expect(boxes(killed)).toEqual([]);
    expect(warnings(core.logs)).toEqual([
      `1 black box of a killed core was removed after 24 hours: no core with the run directory ${runDir} has started to deliver the messages in it`,
    ]);
  });

  it('the next start in the same place still finds what it left, and delivers it', async () => {
    core = await startAt(runDir, [sendsMany], 5);
    const killed = readRunId(runDir);
    core.send('20');
    await core.until(() => core.sent.length === 5);
    await core.kill();
    await expect.poll(() => core.hosts.filter(isRunning), WAIT).toEqual([]);
    rmSync(runDir, { recursive: true });
    core = await startAt(runDir, [sendsMany]);
    expect(core.sent.map(({ text }) => text)).toEqual(Array.from({ length: 16 }, (_, i) => `sent ${i + 5}`));
    expect(boxes(killed)).toEqual([]);
  });

  it('a core for a moment leaves them to a core whose log somebody reads', async () => {
    core = await startAt(runDir, [sendsMany]);
    const killed = readRunId(runDir);
    await core.kill();
    await expect.poll(() => core.hosts.filter(isRunning), WAIT).toEqual([]);
    rmSync(runDir, { recursive: true });
    core = await startAt(join(directory, 'mesibo-once-Abc123'), [crashy]);
    expect(boxes(killed)).toHaveLength(2);
    expect(warnings(core.logs)).toEqual([]);
    await core.stop();
    core = await startAt(join(directory, 'elsewhere'), [crashy]);
    expect(boxes(killed)).toEqual([]);
  });

  it('a start elsewhere removes leftovers that nobody will come back for, and nothing that is in use', async () => {
    const elsewhere = join(directory, 'elsewhere');
    core = await startAt(runDir, [sendsMany]);
    const killed = readRunId(runDir);
    await core.kill();
    await expect.poll(() => core.hosts.filter(isRunning), WAIT).toEqual([]);

    // Its run directory knows it: the next start there will see to it. Only the time of this look is noted.
    const before = boxes(killed);
    core = await startAt(elsewhere, [crashy]);
    expect(boxes(killed).sort()).toEqual([...before, `mesibo-modules-${killed}.lost`].sort());
    await core.stop();
    rmSync(runDir, { recursive: true });
    core = await startAt(elsewhere, [crashy]);
    expect(boxes(killed)).toEqual([]);
    expect(warnings(core.logs)).toEqual([`1 black box of a killed core was removed: ${runDir} no longer knows it`]);
    await core.stop();

    // A core that runs without its directory keeps what it has.
    const alive = await startAt(runDir, [crashy]);
    const kept = readRunId(runDir);
    removeAtOnce(runDir);
    core = await startAt(elsewhere, [crashy]);
    expect(boxes(kept)).toHaveLength(2);
    await core.stop();
    expect(await alive.outcome('hello')).toEqual([null]);
    core = alive;
    await core.stop();
    expect(readdirSync(boxDir)).toEqual([]);
  });
});

describe('a running core that loses a directory', () => {
  it('its run directory: it serves on, and leaves nothing elsewhere when it stops', async () => {
    await start(true);
    const daemon = await leave('keep');
    expect(boxesOf(runId)).toHaveLength(2);
    removeAtOnce(runDir);
    expect(await core.outcome('hello')).toEqual([null]);
    await core.stop();
    expect(boxesOf(runId)).toEqual([]);
    expect([...core.hosts, daemon].filter(isRunning)).toEqual([]);
  });

  it('the directory of its black boxes: a host goes on, and the start of the next one fails with the reason', async () => {
    const boxDir = join(directory, 'boxes');
    mkdirSync(boxDir);
    core = await ChildCore.start({ runDir, modules: [crashy], boxDir });
    // A spare host may have another one by then.
    expect(readdirSync(boxDir).filter((name) => !name.includes('+'))).toHaveLength(2);
    rmSync(boxDir, { recursive: true });
    expect(await core.outcome('hello')).toEqual([null]);
    expect(await core.outcome('crash')).toEqual(['crash']);
    const refused = `module crashy: no memory for the black box: no file can be made in ${boxDir} (ENOENT)`;
    await core.until(() => core.logs.some(({ text }) => text.startsWith(refused)));
    mkdirSync(boxDir);
    await core.until(() => core.lives('ready').length === 2);
    expect(await core.outcome('hello')).toEqual([null]);
    await core.stop();
    expect(readdirSync(boxDir)).toEqual([]);
  });
});
