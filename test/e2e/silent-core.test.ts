import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CommandLine } from '../helpers/command.js';
import { fixture, makeTempDir, sample } from './core.js';

let command: CommandLine;
let core: number;

beforeEach(async () => {
  command = new CommandLine(makeTempDir());
  await command.start(versioned('ok'));
  core = JSON.parse((await command.run('status', '--json')).stdout).core.pid;
});
afterEach(async () => {
  await command.run('stop');
  rmSync(command.directory, { recursive: true });
});

function versioned(init: string): string {
  const limits = 'abi = exports-2020 ; start_timeout = 60s';
  return `module filter { path = ${sample('filter')} }\nmodule versioned { path = ${fixture('versioned')} ; ${limits} ; init = ${init} }\n`;
}

it('every command reports a core that does not answer, in bounded time', async () => {
  process.kill(core, 'SIGSTOP');
  const commands = [
    ['status'],
    ['list', '--json'],
    ['describe', 'filter'],
    ['reload'],
    ['restart', 'filter'],
    ['stop', 'filter'],
    ['start', 'filter'],
    ['reset', 'filter'],
    ['send', 'hello', '--from', 'alice', '--to', 'bob'],
  ];
  const ends = await Promise.all(commands.map((args) => command.run(...args)));
  process.kill(core, 'SIGCONT');
  for (const { code, stdout, stderr } of ends) {
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(
      new RegExp(`the core serving .* \\(pid ${core}\\) did not answer in time; see: mesibo-modules logs`),
    );
  }
  expect((await command.run('completion', 'names')).stdout).toBe('filter\nversioned\n');
});

it('a core that dies while it carries out an order is reported at once', async () => {
  writeFileSync(join(command.directory, 'mesibo.conf'), versioned('hang'));
  const reload = command.begin('reload');
  const ended = command.finish(reload);
  const state = async () => JSON.parse((await command.run('list', '--json')).stdout)[1].state;
  await expect.poll(state, { timeout: 30_000 }).toBe('replacing');
  process.kill(core, 'SIGKILL');
  const { code, stderr } = await ended;
  expect(code).toBe(1);
  expect(stderr).toMatch(/closed the connection before it had answered; see: mesibo-modules logs/);
  expect(await command.run('status')).toMatchObject({ code: 3 });
});

it('a reader that has seen enough ends the command quietly', async () => {
  for (const args of [['status', '--json'], ['list'], ['describe', 'filter'], ['logs', '-n', '100000']]) {
    const child = command.begin(...args);
    child.stdout.destroy();
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
    });
    const [code] = await once(child, 'close');
    expect([args[0], code, said]).toEqual([args[0], 0, '']);
  }
});
