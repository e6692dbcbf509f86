/** A core is always reached, and there is only one, whatever happens to the files in its run directory. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { CommandLine, main, type Run } from '../helpers/command.js';
import { makeTempDir, sample } from './core.js';

const CONFIG = `module filter { path = ${sample('filter')} }\n`;
const PATIENCE = { timeout: 30_000, interval: 50 };
/** Neither root nor whoever runs the tests. */
const NOBODY = 65534;
const isRoot = process.getuid?.() === 0;

let command: CommandLine;

function runDir(name = ''): string {
  return join(command.directory, 'run', name);
}

async function pidOf(): Promise<number> {
  return JSON.parse((await command.run('status', '--json')).stdout).core.pid;
}

/** A second start on the same run directory, with a state of its own. */
function startAnother(): Promise<Run> {
  return command.run(
    ...['start', '--daemon', '--config', join(command.directory, 'mesibo.conf')],
    ...['--state-dir', join(command.directory, 'other')],
  );
}

function coreLog(state = 'state'): string {
  return readFileSync(join(command.directory, state, 'logs/core.log'), 'utf8');
}

async function expectNormal(core: number): Promise<void> {
  const another = await startAnother();
  expect(another).toMatchObject({ code: 1, stdout: '' });
  expect(another.stderr).toContain(`is held by the core with pid ${core}; stop that one`);
  expect(await pidOf()).toBe(core);
}

describe('a core whose files are removed or replaced', () => {
  let core: number;

  beforeAll(async () => {
    command = new CommandLine(makeTempDir());
    expect(await command.start(CONFIG, '--state-dir', join(command.directory, 'state'))).toMatchObject({ code: 0 });
    core = await pidOf();
  });
  afterAll(async () => {
    await command.run('stop');
    rmSync(command.directory, { recursive: true, force: true });
  });

  it('is still the only one when its lock was removed', async () => {
    rmSync(runDir('lock'));
    await expect.poll(() => existsSync(runDir('lock')), PATIENCE).toBe(true);
    await expectNormal(core);
  });

  it('is still the only one when its lock was removed and it cannot notice', async () => {
    process.kill(core, 'SIGSTOP');
    try {
      rmSync(runDir('lock'));
      const another = await startAnother();
      expect(another).toMatchObject({ code: 1, stdout: '' });
      expect(another.stderr).toContain(`is held by the core with pid ${core}; stop that one`);
      expect(existsSync(runDir('lock'))).toBe(false);
    } finally {
      process.kill(core, 'SIGCONT');
    }
    await expect.poll(() => existsSync(runDir('lock')), PATIENCE).toBe(true);
    await expectNormal(core);
  });

  it('is the only one in a directory that others may read, when its lock was removed and it cannot notice', async () => {
    chmodSync(runDir(), 0o755);
    process.kill(core, 'SIGSTOP');
    try {
      rmSync(runDir('lock'));
      expect((await startAnother()).stderr).toContain(`is held by the core with pid ${core}; stop that one`);
    } finally {
      process.kill(core, 'SIGCONT');
      chmodSync(runDir(), 0o700);
    }
    await expect.poll(() => existsSync(runDir('lock')), PATIENCE).toBe(true);
    await expectNormal(core);
  });

  it('makes its socket again', async () => {
    rmSync(runDir('control.sock'));
    await expect.poll(() => existsSync(runDir('control.sock')), PATIENCE).toBe(true);
    await expectNormal(core);
    expect(coreLog()).toContain('control.sock had been removed or replaced; this core made it again');
  });

  it('takes its socket back from a stranger, whose own it does not end', async () => {
    const stranger = createServer().listen(runDir('stranger'));
    await once(stranger, 'listening');
    renameSync(runDir('stranger'), runDir('control.sock'));
    await expect.poll(async () => (await command.run('status')).code, PATIENCE).toBe(0);
    await expectNormal(core);
    stranger.close();
  });

  it('is reached again, by itself, when the whole directory was removed', async () => {
    // At once: it would make again what is removed one by one, while the rest is still there.
    renameSync(runDir(), join(command.directory, 'away'));
    await expect.poll(() => existsSync(runDir('control.sock')), PATIENCE).toBe(true);
    await expectNormal(core);
    expect(statSync(runDir()).mode & 0o777).toBe(0o700);
  });

  it('says what to do about files that it does not remove', async () => {
    rmSync(runDir('lock'));
    execFileSync('mkfifo', [runDir('fifo')]);
    renameSync(runDir('fifo'), runDir('lock'));
    const said = `${runDir('lock')} cannot be made (it is not a regular file); remove it`;
    await expect.poll(() => coreLog(), PATIENCE).toContain(said);
    rmSync(runDir('lock'));
    await expect.poll(() => existsSync(runDir('lock')), PATIENCE).toBe(true);
    await expectNormal(core);
  });
});

describe('a core whose directory belongs to another core now', () => {
  beforeEach(() => {
    command = new CommandLine(makeTempDir());
  });
  afterEach(async () => {
    await command.run('stop');
    rmSync(command.directory, { recursive: true, force: true });
  });

  it('says so, and is reached again when that one has ended', { timeout: 300_000 }, async () => {
    const state = join(command.directory, 'first');
    expect(await command.start(CONFIG, '--state-dir', state)).toMatchObject({ code: 0 });
    const first = await pidOf();
    process.kill(first, 'SIGSTOP');
    renameSync(runDir(), join(command.directory, 'away'));
    expect(await startAnother()).toMatchObject({ code: 0 });
    const second = await pidOf();
    process.kill(first, 'SIGCONT');
    process.kill(first, 'SIGHUP');
    const said = `commands can no longer reach this core, because the core with pid ${second} has taken ${runDir()}; end one of the two: this one with: kill ${first}, or that one with: kill ${second}`;
    await expect.poll(() => coreLog('first'), PATIENCE).toContain(said);
    expect(await pidOf()).toBe(second);
    expect(await command.run('stop')).toMatchObject({ code: 0 });
    await expect.poll(async () => (await command.run('status')).code, PATIENCE).toBe(0);
    await expectNormal(first);
  });
});

describe('a state directory', () => {
  beforeEach(() => {
    command = new CommandLine(makeTempDir());
  });
  afterEach(async () => {
    await command.run('stop');
    rmSync(command.directory, { recursive: true, force: true });
  });

  it('belongs to one core at a time, and to the next when that one has ended, however it did', {
    timeout: 300_000,
  }, async () => {
    const state = join(command.directory, 'state');
    expect(await command.start(CONFIG, '--state-dir', state)).toMatchObject({ code: 0 });
    const core = await pidOf();
    await command.run('stop', 'filter');
    const stopped = readFileSync(join(state, 'stopped.json'), 'utf8');
    const config = join(command.directory, 'mesibo.conf');
    const other = ['--run-dir', join(command.directory, 'run2'), '--state-dir', state];
    const refused = await command.run('start', '--daemon', '--config', config, ...other);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toBe(
      `mesibo-modules: the state directory ${state} is held by the core with pid ${core}, which serves ${command.directory}/run; stop that one, or give this one another --state-dir\n`,
    );
    expect(readFileSync(join(state, 'stopped.json'), 'utf8')).toBe(stopped);
    for (const args of [
      ['check', '--config', config],
      ['try', sample('filter'), 'hello'],
    ])
      expect(await command.run(...args, '--state-dir', state)).toMatchObject({ code: 0 });
    process.kill(core, 'SIGKILL');
    expect(await command.run('start', '--daemon', '--config', config, ...other)).toMatchObject({ code: 0 });
    expect(await command.run('stop', ...other)).toMatchObject({ code: 0 });
  });
});

describe('files that another user prepared or can reach', () => {
  beforeEach(() => {
    command = new CommandLine(makeTempDir());
    chmodSync(command.directory, 0o755);
  });
  afterEach(async () => {
    await command.run('stop');
    rmSync(command.directory, { recursive: true, force: true });
  });

  /** Runs a command as another user. */
  async function runAs(uid: number, ...args: string[]): Promise<Run> {
    const env = { ...command.env, HOME: '/nowhere' };
    const child = spawn(process.execPath, [main, ...args], { cwd: '/', env, uid, gid: uid, stdio: 'pipe' });
    return command.finish(child);
  }

  it('the control socket is the user’s own, whatever the umask and the directory are', async () => {
    mkdirSync(runDir(), { mode: 0o755 });
    chmodSync(runDir(), 0o755);
    writeFileSync(join(command.directory, 'mesibo.conf'), CONFIG);
    const start = `umask 0; exec '${process.execPath}' '${main}' start --daemon --config mesibo.conf`;
    execFileSync('/bin/sh', ['-c', start], { cwd: command.directory, env: command.env });
    expect(statSync(runDir('control.sock')).mode & 0o777).toBe(0o600);
    expect(statSync(runDir('lock')).mode & 0o777).toBe(0o600);
    if (!isRoot) return;
    for (const args of [['status'], ['stop'], ['send', 'hello', '--from', 'a', '--to', 'b']]) {
      const run = await runAs(NOBODY, ...args);
      expect(run).toMatchObject({ code: 1, stdout: '' });
      expect(run.stderr).toMatch(/cannot be reached \(EACCES\); be the user who started the core/);
    }
    expect(await command.run('status')).toMatchObject({ code: 0 });
  });

  it('a pipe in the place of the lock holds up neither a command nor a start', async () => {
    mkdirSync(runDir(), { mode: 0o700 });
    execFileSync('mkfifo', [runDir('lock')]);
    const status = await command.run('status');
    expect(status).toMatchObject({ code: 1, stdout: '' });
    expect(status.stderr).toMatch(
      /the lock in .*run cannot be read \(it is not a regular file\); remove .*run\/lock, or check/,
    );
    const start = await command.start(CONFIG);
    expect(start).toMatchObject({ code: 1, stdout: '' });
    expect(start.stderr).toMatch(
      /the lock in .*run cannot be taken \(it is not a regular file\); remove .*run\/lock, or give/,
    );
    // Nor any other, which looks for what was left by cores that were killed.
    symlinkSync(runDir(), '/dev/shm/mesibo-modules-0123456789abcdef');
    try {
      const config = join(command.directory, 'mesibo.conf');
      const other = ['--run-dir', join(command.directory, 'run2')];
      expect(await command.run('start', '--daemon', '--config', config, ...other)).toMatchObject({ code: 0 });
      expect(await command.run('stop', ...other)).toMatchObject({ code: 0 });
    } finally {
      rmSync('/dev/shm/mesibo-modules-0123456789abcdef', { force: true });
    }
  });

  it('pipes in the state directory hold up no start', async () => {
    const names = ['lock', 'stopped.json', 'abis.json', `stopped.json.${process.pid}.tmp`, 'logs/core.log'];
    mkdirSync(join(command.directory, 'run/state/logs'), { recursive: true, mode: 0o700 });
    for (const name of names) execFileSync('mkfifo', [runDir(`state/${name}`)]);
    expect(await command.start(CONFIG)).toMatchObject({ code: 0 });
    const status = await command.run('status', '--json');
    expect(JSON.parse(status.stdout).core.problems).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/state is not locked, .*lock cannot be opened \(it is not a regular file\)/),
        expect.stringMatching(/stopped\.json cannot be read/),
      ]),
    );
    expect(await command.run('stop')).toMatchObject({ code: 0 });
    rmSync(runDir('state'), { recursive: true });
    mkdirSync(runDir('state/logs'), { recursive: true, mode: 0o700 });
    execFileSync('mkfifo', [runDir('state/logs/core.stderr')]);
    const refused = await command.start(CONFIG);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(/core\.stderr cannot be opened \(it is not a regular file\); /);
  });

  it.runIf(isRoot)('a directory of a stranger is not trusted, and root may use anybody’s', async () => {
    mkdirSync(runDir(), { mode: 0o755 });
    execFileSync('chown', [`${NOBODY}`, runDir()]);
    const server = createServer((socket) => socket.resume()).listen(runDir('control.sock'));
    await once(server, 'listening');
    chmodSync(runDir('control.sock'), 0o777);
    const stranger = await runAs(NOBODY - 1, 'status');
    expect(stranger).toMatchObject({ code: 1, stdout: '' });
    expect(stranger.stderr).toMatch(/run belongs to user 65534; run as that user, or give another --run-dir/);
    // The owner, and root, come as far as the socket, where nobody speaks.
    for (const uid of [NOBODY, 0]) expect((await runAs(uid, 'status')).stderr).toMatch(/is not a core/);
    execFileSync('chown', ['0', runDir()]);
    chmodSync(runDir(), 0o1777);
    const open = await runAs(0, 'status');
    expect(open.stderr).toMatch(/run may be written by others; others could replace its sockets; chmod 0700 it/);
    server.close();
  });
});
