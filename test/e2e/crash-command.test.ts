/** The command that shows where a module crashes, of a module that stands in an included file. */

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CommandLine } from '../helpers/command.js';
import { makeTempDir, sample } from './core.js';

const patience = { timeout: 60_000 };
let command: CommandLine;

beforeEach(() => {
  command = new CommandLine(makeTempDir());
});
afterEach(async () => {
  await command.run('stop');
  rmSync(command.directory, { recursive: true });
});

it('names the main file everywhere, because an included one lacks module_dir', async () => {
  const main = join(command.directory, 'mesibo.conf');
  mkdirSync(join(command.directory, 'conf.d'));
  writeFileSync(join(command.directory, 'conf.d', 'one.conf'), 'module crashy { abi = table ; pace = 1 }\n');
  const folder = dirname(sample('crashy'));
  expect(await command.start(`module_dir = ${folder}\ninclude = conf.d/*.conf\n`)).toMatchObject({ code: 0 });
  await command.run('send', '--from', 'a', '--to', 'b', '--wait', '0', 'crash');
  const told = `--config ${main} --only crashy`;
  const fault = 'to see where it crashes';
  const lines = async (...args: string[]) => {
    const { stdout } = await command.run(...args);
    return stdout.split('\n').filter((line) => line.includes(fault));
  };
  // The line has the level of the crash that it belongs to.
  await expect.poll(() => lines('logs', 'crashy', '--level', 'error'), patience).toHaveLength(1);
  for (const args of [['logs', 'crashy'], ['describe', 'crashy'], ['status']]) {
    const found = await lines(...args);
    expect(found, args[0]).toEqual([expect.stringContaining(told)]);
    expect(found[0]).not.toContain('conf.d');
  }
  const run = await command.run('run', '--in-process', '--config', main, '--only', 'crashy', '--message', 'fine');
  expect(run).toMatchObject({ code: 0 });
});
