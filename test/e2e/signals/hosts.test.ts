import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Outcome } from 'mesibo-modules';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fixtureModule, isRunning, startCore, TestCore } from '../core.js';

const module = fixtureModule('meets-signals', { hangMs: null, deadlineMs: 60_000, abi: 'table' });
const NAME = 'meets_signals';
const OWN = [expect.objectContaining({ module: NAME, verdict: 'consumed', default: null })];
let core: TestCore;

const host = () => core.module(NAME).pid as number;
/** What the supervisor has to say of signals. */
const told = () => core.lines(NAME, 'supervisor').filter((text) => text.includes(' got SIG'));
/** Lets a call begin that waits for {@link release}. */
async function hold(): Promise<{ outcome: Promise<Outcome> }> {
  const outcome = core.send(`hold ${join(core.directory, 'go')}`);
  await expect.poll(() => existsSync(join(core.directory, 'go.begun')), { timeout: 20_000 }).toBe(true);
  return { outcome };
}
const release = () => writeFileSync(join(core.directory, 'go'), '');

describe('a signal from outside, to one host', () => {
  beforeEach(async () => {
    core = await startCore([module]);
  });
  afterEach(() => core.close());

  it.each(['SIGTERM', 'SIGINT'] as const)(
    '%s replaces it once it has finished, and does not count as a crash',
    async (signal) => {
      const first = host();
      const { outcome } = await hold();
      process.kill(first, signal);
      // Told while the module still executes.
      await core.until(() => told().length > 0);
      process.kill(first, signal);
      release();
      expect((await outcome).trace).toEqual(OWN);
      await core.serving(NAME, 2);
      expect(core.lines(NAME)).toEqual(['cleaned up']);
      const from = `from \\S+ \\(pid ${process.pid}\\)`;
      const line = `^module ${NAME}: host 1 \\(pid ${first}\\) got ${signal} ${from}: .*takes its place in 5 s$`;
      expect(told()).toEqual([expect.stringMatching(new RegExp(line))]);
      const { crashes, failedStarts, restarts, lastError } = core.module(NAME);
      expect({ crashes: crashes.total, failedStarts, restarts, lastError }).toEqual({
        ...{ crashes: 0, failedStarts: 0, restarts: 1, lastError: null },
      });
      expect((await core.send('x')).trace).toEqual(OWN);
    },
  );

  it.each(['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const)('%s does nothing, and is logged once', async (signal) => {
    const pid = host();
    process.kill(pid, signal);
    await core.until(() => told().length > 0);
    process.kill(pid, signal);
    expect((await core.send('x')).trace).toEqual(OWN);
    expect(told()).toEqual([expect.stringMatching(/got SIG\w+ .*; a host ignores it; to replace it: .*/)]);
    expect(host()).toBe(pid);
  });

  it('reaches the handler that the module has installed, and nobody else', async () => {
    const pid = host();
    await core.send('own');
    process.kill(pid, 'SIGTERM');
    await core.send('own?');
    expect(core.lines(NAME)).toContain('has run: 1');
    expect(told()).toEqual([]);
  });

  it('ends a forked child of the module, as in any process', async () => {
    await core.send('fork');
    const child = () => /^child (\d+)$/.exec(core.lines(NAME).join('\n'))?.[1];
    await core.until(() => child() !== undefined);
    process.kill(Number(child()), 'SIGTERM');
    await expect.poll(() => isRunning(Number(child())), { timeout: 20_000 }).toBe(false);
    expect(told()).toEqual([]);
  });

  it('a program that the module starts ignores and blocks no signal', async () => {
    const file = join(core.directory, 'signals');
    await core.send(`run grep -E '^Sig(Blk|Ign):' /proc/self/status > ${file}`);
    // system() itself has the C library's own two, 32 and 33, ignored.
    expect(readFileSync(file, 'utf8')).toMatch(/^SigBlk:\t0{16}\nSigIgn:\t0{7}(00|18)0{7}\n$/);
    // It ends by SIGPIPE, and does not complain.
    await core.send(`run (yes; echo $? > ${file}) | head -1 > /dev/null`);
    await expect.poll(() => readFileSync(file, 'utf8'), { timeout: 20_000 }).toBe('141\n');
  });
});

describe('a signal from outside, to a host that cannot report it yet', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    '%s: it is started again, and nothing is counted',
    async (signal) => {
      core = new TestCore({ modules: [module] });
      core.supervisor.on('lifecycle', (event) => {
        if (event.kind === 'spawned' && event.generation === 1) process.kill(event.pid, signal);
      });
      await core.start();
      expect(core.report.refused).toEqual([]);
      const { generation, failedStarts, crashes } = core.module(NAME);
      expect([generation, failedStarts, crashes.total]).toEqual([2, 0, 0]);
      const [exited] = core.lives.filter((event) => event.kind === 'exited');
      expect(exited).toMatchObject({
        ...{ cause: 'stop', signal },
        text: expect.stringMatching(/before it could load the module; .*; it is started again in \d+ ms$/),
      });
      await core.close();
    },
  );
});

describe('a stop of the core', () => {
  it('goes on as it was when the hosts are signalled during it', async () => {
    core = await startCore([module]);
    const { outcome } = await hold();
    const pid = host();
    const stopped = core.supervisor.stop();
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.kill(pid, signal);
    release();
    expect((await outcome).trace).toEqual(OWN);
    await stopped;
    expect(core.lines(NAME)).toEqual(['cleaned up']);
    expect(core.lives.filter(({ kind }) => kind === 'spawned')).toHaveLength(1);
    expect(core.lives.filter((event) => event.kind === 'exited')).toMatchObject([{ cause: 'stop', exitCode: 0 }]);
    expect(told()).toEqual([]);
    await core.close();
  });
});
