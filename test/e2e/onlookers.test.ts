import { chmodSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import koffi from 'koffi';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommandLine } from '../helpers/command.js';
import { listMarked } from '../helpers/processes.js';
import { makeTempDir, sample } from './core.js';

let command: CommandLine;
const crashy = `module crashy { path = ${sample('crashy')} ; abi = table }\n`;
const patience = { timeout: 30_000 };

beforeEach(() => {
  command = new CommandLine(makeTempDir());
});
afterEach(async () => {
  await command.run('stop');
  rmSync(command.directory, { recursive: true });
});

/** A program, and the lines that it wrote. */
function program(body: string): { path: string; lines: () => string[] } {
  const path = join(command.directory, 'told');
  const log = join(command.directory, 'told.log');
  writeFileSync(path, `#!/bin/sh\nLOG=${log}\n${body}\n`);
  chmodSync(path, 0o755);
  return { path, lines: () => (existsSync(log) ? readFileSync(log, 'utf8').trim().split('\n') : []) };
}

const crash = () => command.run('send', '--from', 'a', '--to', 'b', '--wait', '0', `crash ${performance.now()}`);

describe('on_event', () => {
  it('runs a program on a crash and on a reload that failed, with what happened in its environment', async () => {
    const { path, lines } = program(
      'echo "$MESIBO_EVENT|$MESIBO_MODULE|$MESIBO_GENERATION|$MESIBO_CAUSE|$MESIBO_SIGNAL|$MESIBO_REASON|$SECRET|$(pwd)|$MESIBO_SEQ|$MESIBO_TIME" >> $LOG; echo "$MESIBO_RUN_DIR|$MESIBO_STATE_DIR" > $LOG.where; echo it ran',
    );
    process.env.SECRET = 'not for programs';
    await command.start(`on_event = told\n${crashy}`);
    delete process.env.SECRET;
    await crash();
    await expect.poll(lines, patience).toHaveLength(1);
    writeFileSync(join(command.directory, 'mesibo.conf'), 'module {');
    expect((await command.run('reload')).code).toBe(1);
    await expect.poll(lines, patience).toHaveLength(2);
    expect(path).toBe(join(command.directory, 'told'));
    expect(lines()).toEqual([
      expect.stringMatching(
        /^crash\|crashy\|1\|crash\|SIGSEGV\|module crashy: host 1 \(pid \d+\) was ended by SIGSEGV .*\|\|\/\|1\|20\d\d-.*Z$/,
      ),
      expect.stringMatching(/^reload-failed\|\|\|\|\|.*mesibo\.conf:1:8: found .*\|\|\/\|2\|20\d\d-.*Z$/),
    ]);
    const where = ['run', 'run/state'].map((name) => join(command.directory, name)).join('|');
    expect(readFileSync(`${path}.log.where`, 'utf8')).toBe(`${where}\n`);
    const logs = async () => (await command.run('logs')).stdout;
    await expect.poll(logs, patience).toContain('on_event: it ran');
  });

  it('never holds up the core, whatever the program does, and the log says what is wrong with the program', async () => {
    program('sleep 1000 & setsid sleep 1000 & echo begun >> $LOG; sleep 1000');
    await command.start(`on_event = told\n${crashy}`);
    await crash();
    await expect.poll(async () => (await command.run('status')).code, patience).toBe(0);
    const began = performance.now();
    expect((await command.run('stop')).code).toBe(0);
    expect(performance.now() - began).toBeLessThan(20_000);
    expect(listMarked('MESIBO_RUN_DIR', join(command.directory, 'run')).filter((pid) => isSleep(pid))).toEqual([]);
    for (const [body, mode, why] of [
      ['exit 3', 0o755, 'it exited with 3'],
      ['kill -9 $$', 0o755, 'it was ended by SIGKILL'],
      ['', 0o644, 'EACCES'],
    ] as const) {
      const { path } = program(body);
      chmodSync(path, mode);
      await command.start(`on_event = told\n${crashy}`);
      await crash();
      const logs = async () => (await command.run('logs')).stdout;
      await expect.poll(logs, patience).toMatch(new RegExp(`the program of on_event failed, .*told: .*${why}`));
      await command.run('stop');
    }
  });
});

describe('the service manager', () => {
  it('gets datagrams about the state of the core', async () => {
    const path = join(command.directory, 'notify');
    const receiver = new Receiver(path);
    Object.assign(process.env, { NOTIFY_SOCKET: path, WATCHDOG_USEC: '200000' });
    writeFileSync(join(command.directory, 'mesibo.conf'), crashy);
    const core = command.begin('start', '--config', join(command.directory, 'mesibo.conf'));
    for (const name of ['NOTIFY_SOCKET', 'WATCHDOG_USEC']) delete process.env[name];
    const ended = command.finish(core);
    await expect.poll(() => receiver.heard(), patience).toEqual(expect.arrayContaining(['READY=1', 'WATCHDOG=1']));
    await expect.poll(() => receiver.heard(), patience).toContain('STATUS=1 of 1 modules serve');
    // Neither the hosts of modules nor anybody else below the core may speak for it.
    expect(listMarked('NOTIFY_SOCKET', path)).toEqual([core.pid]);
    core.kill('SIGHUP');
    await expect
      .poll(() => receiver.heard(), patience)
      .toContainEqual(expect.stringMatching(/^RELOADING=1\nMONOTONIC_USEC=\d+$/));
    await expect.poll(() => receiver.heard().filter((text) => text === 'READY=1'), patience).toHaveLength(2);
    core.kill('SIGTERM');
    expect((await ended).code).toBe(0);
    expect(receiver.heard()).toContain('STOPPING=1');
    receiver.close();
  });
});

function isSleep(pid: number): boolean {
  return readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('sleep\0');
}

/** A datagram socket, which Node has not. */
class Receiver {
  readonly #libc = koffi.load('libc.so.6');
  readonly #fd: number;
  readonly #recv = this.#libc.func('intptr_t recv(int fd, void *data, size_t len, int flags)');
  readonly #heard: string[] = [];

  constructor(path: string) {
    const socket = this.#libc.func('int socket(int domain, int type, int protocol)');
    const bind = this.#libc.func('int bind(int fd, const void *address, uint32_t size)');
    this.#fd = socket(1, 2, 0);
    const address = Buffer.concat([Buffer.from([1, 0]), Buffer.from(path)]);
    if (bind(this.#fd, address, address.length) !== 0) throw new Error(`bind: errno ${koffi.errno()}`);
  }

  /** All that came so far. */
  heard(): string[] {
    const data = Buffer.alloc(4096);
    for (let n = this.#receive(data); n >= 0; n = this.#receive(data)) this.#heard.push(data.toString('utf8', 0, n));
    return this.#heard;
  }

  close(): void {
    this.#libc.func('int close(int fd)')(this.#fd);
  }

  #receive(data: Buffer): number {
    const DONTWAIT = 0x40;
    return Number(this.#recv(this.#fd, data, data.length, DONTWAIT));
  }
}
