import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readdirSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommandLine, type Run } from '../../helpers/command.js';
import { listMarked } from '../../helpers/processes.js';
import { fixture, isRunning, makeTempDir, sample } from '../core.js';

const PATIENCE = { timeout: 30_000, interval: 10 };
const filter = `module filter { path = ${sample('filter')} ; blocked_words = darn }\n`;
const versioned = (init: string) =>
  `module versioned { path = ${fixture('versioned')} ; abi = exports-2020 ; start_timeout = 2s ; init = ${init} }\n`;
const SIGHUP = 1;

let command: CommandLine;
let core: ReturnType<CommandLine['begin']>;
let ended: Promise<Run>;
let logged: string;

beforeEach(() => {
  command = new CommandLine(makeTempDir());
});
afterEach(async () => {
  if (isRunning(core.pid as number)) core.kill('SIGKILL');
  await ended;
  rmSync(command.directory, { recursive: true });
});

const file = () => join(command.directory, 'mesibo.conf');
function begin(): void {
  core = command.begin('start', '--config', file());
  logged = '';
  core.stdout.setEncoding('utf8').on('data', (text) => {
    logged += text;
  });
  ended = command.finish(core);
}
function start(config: string): void {
  writeFileSync(file(), config);
  begin();
}
const said = (what: RegExp | string) => expect.poll(() => logged, PATIENCE).toMatch(what);
/** Whether a program handles a signal itself by now. */
const handles = (signal: number) => {
  const caught = /^SigCgt:\t(\w+)$/m.exec(readFileSync(`/proc/${core.pid}/status`, 'utf8'))?.[1] ?? '0';
  return (BigInt(`0x${caught}`) >> BigInt(signal - 1)) & 1n;
};
const handled = (signal: number) => expect.poll(() => handles(signal), { ...PATIENCE, interval: 1 }).toBe(1n);
async function stops(): Promise<void> {
  core.kill('SIGTERM');
  expect((await ended).code).toBe(0);
}
const state = async () => {
  const { stdout } = await command.run('status', '--json');
  return stdout === '' ? null : JSON.parse(stdout);
};

describe('a signal that ends no core', () => {
  it.each(['SIGHUP', 'SIGUSR1', 'SIGUSR2'] as const)('%s, while the configuration is read', async (signal) => {
    execFileSync('mkfifo', [file()]);
    begin();
    // Only once the core has opened it as well, so that it waits in the middle of its start.
    let fd = -1;
    const open = () => {
      try {
        fd = openSync(file(), constants.O_WRONLY | constants.O_NONBLOCK);
      } catch {
        return false;
      }
      return true;
    };
    await expect.poll(open, PATIENCE).toBe(true);
    core.kill(signal);
    writeSync(fd, filter);
    closeSync(fd);
    await said(/1 of 1 modules are ready/);
    await stops();
  });

  it('SIGHUP, at any moment from the first on', async () => {
    for (let delayMs = 0; delayMs <= 400; delayMs += 200) {
      start(filter);
      await handled(SIGHUP);
      await setTimeout(delayMs);
      core.kill('SIGHUP');
      await said(/1 of 1 modules are ready/);
      expect((await command.run('status')).code).toBe(0);
      await stops();
    }
  }, 180_000);

  it('SIGHUP, while modules start: the configuration is read again when they are ready', async () => {
    start(filter + versioned('hang'));
    await expect.poll(async () => (await state())?.modules[1].state, PATIENCE).toBe('starting');
    writeFileSync(file(), filter);
    core.kill('SIGHUP');
    await said(/reloaded: .*versioned/);
    expect((await command.run('status')).code).toBe(0);
    await stops();
  });

  it('SIGUSR1 and SIGUSR2, while it serves: said once, and no debugger is opened', async () => {
    start(filter);
    await said(/1 of 1 modules are ready/);
    for (const signal of ['SIGUSR1', 'SIGUSR2', 'SIGUSR1', 'SIGUSR2'] as const) {
      core.kill(signal);
      await said(new RegExp(`${signal} received; a core ignores it`));
    }
    await stops();
    const { stderr } = await ended;
    expect([logged.match(/a core ignores it/g)?.length, stderr]).toEqual([2, '']);
  });
});

describe('a stop in the middle of a reload', () => {
  it('ends the core, and the reload does not count as failed', async () => {
    const told = join(command.directory, 'told');
    writeFileSync(told, `#!/bin/sh\necho "$MESIBO_EVENT" >> ${told}.log\n`, { mode: 0o755 });
    start(`on_event = told\n${versioned('ok')}`);
    await said(/1 of 1 modules are ready/);
    writeFileSync(file(), `on_event = told\n${versioned('hang')}`);
    core.kill('SIGHUP');
    await expect.poll(async () => (await state())?.modules[0].state, PATIENCE).toBe('replacing');
    core.kill('SIGHUP');
    await stops();
    expect(logged).not.toMatch(/reload failed|internal error/);
    expect(readdirSync(command.directory)).not.toContain('told.log');
  });
});

describe('SIGTERM', () => {
  it('at any moment of a start leaves nothing, and ends with 0 from the first line of the log on', async () => {
    for (let delayMs = 0; delayMs <= 900; delayMs += 150) {
      start(filter);
      await setTimeout(delayMs);
      const hadLogged = logged !== '';
      core.kill('SIGTERM');
      const { code, stderr } = await ended;
      expect([core.signalCode === 'SIGTERM' || code === 0, stderr], `after ${delayMs} ms`).toEqual([true, '']);
      if (hadLogged) expect(code).toBe(0);
      const left = await command.run('status');
      expect(left.code).toBe(3);
      expect(listMarked('MESIBO_RUN_DIR', join(command.directory, 'run'))).toEqual([]);
    }
    // This core would report anything that one of them had left.
    start(filter);
    await said(/1 of 1 modules are ready/);
    expect(logged).not.toMatch(/did not end cleanly|that it left/);
    await stops();
  }, 180_000);

  it('after it has ended a host that could not load its module yet: the start is not waited for', async () => {
    const early = () => / before it could load the module; .*; it is started again/.test(logged);
    // A host on an idle machine may be quicker than the signal.
    for (let tries = 0; tries < 10; tries++) {
      start(filter);
      let signalled = false;
      core.stdout.on('data', () => {
        const pid = /host 1 started with pid (\d+)/.exec(logged)?.[1];
        if (pid === undefined || signalled) return;
        signalled = true;
        process.kill(Number(pid), 'SIGTERM');
      });
      await said(/ before it could load the module; |1 of 1 modules are ready/);
      if (early()) break;
      await stops();
    }
    expect(early()).toBe(true);
    await stops();
    // A process that waits for nothing but a promise ends too, and gives nothing back.
    expect(readFileSync(join(command.directory, 'run', 'lock'), 'utf8')).toBe('');
    expect(logged).not.toMatch(/internal error|1 of 1 modules are ready/);
  });

  it('twice, and all other signals, at the very end of a stop change nothing', async () => {
    start(filter);
    await said(/1 of 1 modules are ready/);
    core.kill('SIGTERM');
    await said(/stopping: SIGTERM received/);
    const all = setInterval(() => {
      for (const signal of ['SIGHUP', 'SIGUSR2', 'SIGTERM'] as const) core.kill(signal);
    }, 1);
    const { code, stderr } = await ended;
    clearInterval(all);
    expect([code, stderr]).toEqual([0, '']);
    expect(logged).not.toMatch(/internal error|failed/);
  });
});
