/** What ps, pgrep and top show of the processes of a core. */

import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CommandLine } from '../helpers/command.js';
import { listProcesses } from '../helpers/processes.js';
import { fixture, makeTempDir, sample } from './core.js';

let command: CommandLine;
beforeEach(() => {
  command = new CommandLine(makeTempDir());
});
afterEach(async () => {
  await command.run('stop');
  rmSync(command.directory, { recursive: true });
});

const commOf = (pid: number) => readFileSync(`/proc/${pid}/comm`, 'utf8').trim();
const ps = (pid: number) => execFileSync('ps', ['-o', 'args=', '-ww', '-p', `${pid}`], { encoding: 'utf8' }).trim();

interface Status {
  core: { pid: number };
  modules: { name: string; generation: number; pid: number }[];
}
const status = async (): Promise<Status> => JSON.parse((await command.run('status', '--json')).stdout);

it('show the module and the generation of each host, and which process is the core', async () => {
  const modules = ['filter', 'crashy'].map((name) => `module ${name} { path = ${sample(name)} }`);
  const long = `module thread_logs_and_sends { path = ${fixture('thread-logs-and-sends')} }`;
  expect(await command.start([...modules, long].join('\n'))).toMatchObject({ code: 0 });
  const { core, modules: found } = await status();
  expect(commOf(core.pid)).toBe('mesibo-core');
  expect(ps(core.pid)).toContain(' start --config ');
  expect(found.map(({ name, generation }) => `${name}/${generation}`)).toHaveLength(3);
  for (const { name, generation, pid } of found) {
    expect(ps(pid)).toMatch(new RegExp(`host-runner\\.cjs ${name}/${generation}$`));
    expect(commOf(pid)).toBe(`mm:${name}`.slice(0, 15));
  }
  // As one looks for them.
  const pgrep = execFileSync('pgrep', ['-f', 'host-runner.cjs filter/'], { encoding: 'utf8' })
    .trim()
    .split('\n')
    .map(Number);
  expect(pgrep).toContain(found.find(({ name }) => name === 'filter')?.pid);
});

it('show this for a process that was a spare, and for the spare that waits', async () => {
  expect(await command.start(`spare_hosts = 1\nmodule crashy { path = ${sample('crashy')} }`)).toMatchObject({
    code: 0,
  });
  const { core } = await status();
  const spares = () =>
    listProcesses().filter(({ pid, parent }) => parent === core.pid && ps(pid).endsWith('host-runner.cjs spare'));
  await expect.poll(spares, { timeout: 30_000 }).toHaveLength(1);
  await command.run('send', '--from', 'a', '--to', 'b', 'crash');
  await expect.poll(async () => (await status()).modules[0]?.generation, { timeout: 30_000 }).toBe(2);
  await expect.poll(async () => (await status()).modules[0]?.pid ?? 0, { timeout: 30_000 }).toBeGreaterThan(0);
  const { pid } = (await status()).modules[0] as Status['modules'][number];
  expect(ps(pid)).toMatch(/host-runner\.cjs crashy\/2$/);
  expect(commOf(pid)).toBe('mm:crashy');
});
