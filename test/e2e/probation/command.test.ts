/** `mesibo-modules reload` of a module with `probation`, and a module that is watched as well. */

import { appendFileSync, copyFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DOCUMENTS } from '../../../cli/json/schemas.js';
import { CommandLine } from '../../helpers/command.js';
import { fixture, makeTempDir } from '../core.js';

const NAME = 'breaks_later';
let command: CommandLine;
let module: string;
let told: string;

const config = (settings: string) => `on_event = ${told}.sh
module ${NAME} {
  path = ${module}
  deadline = 20s
  probation = 2m
${settings}
}
`;
const write = (settings: string) => writeFileSync(join(command.directory, 'mesibo.conf'), config(settings));
const send = () => command.run('send', '--from', 'a', '--to', 'b', '--wait', '0', 'hello');
const describeIt = async () => JSON.parse((await command.run('describe', NAME, '--json')).stdout);

beforeAll(async () => {
  command = new CommandLine(makeTempDir());
  module = join(command.directory, 'module.so');
  told = join(command.directory, 'told');
  writeFileSync(`${told}.sh`, `#!/bin/sh\necho "$MESIBO_EVENT $MESIBO_MODULE" >> ${told}\n`, { mode: 0o755 });
  copyFileSync(fixture('breaks-later'), module);
  expect(await command.start(config('version = 1'))).toMatchObject({ code: 0 });
});
afterAll(async () => {
  await command.run('stop');
  rmSync(command.directory, { recursive: true });
});

it('--no-wait returns at once; describe shows the probation, and status is well', async () => {
  write('version = 2');
  const { code, stdout } = await command.run('reload', '--no-wait', '--json');
  const report = DOCUMENTS.reload[0].parse(JSON.parse(stdout));
  expect([code, report.probation, report.wentBack]).toEqual([0, [NAME], []]);
  expect((await command.run('describe', NAME)).stdout).toMatch(/^ +probation +until .*is kept, to take over again/m);
  expect((await command.run('describe', NAME)).stdout).toMatch(/ready, kept to take over again, started/);
  expect(await command.run('status')).toMatchObject({ code: 0 });
});

it('a reload waits, says why the module went back, and exits with 1', async () => {
  write('version = 3\nat = 1');
  const child = command.begin('reload');
  const reload = command.finish(child);
  await expect.poll(async () => (await describeIt()).generation, { timeout: 30_000 }).toBe(3);
  await send();
  const { code, stderr } = await reload;
  expect(code).toBe(1);
  expect(stderr).toMatch(/reloaded: new processes for breaks_later \(config\.version, config\.at\)/);
  expect(stderr).toMatch(/module breaks_later went back to .*SIGABRT.*; when it is corrected: mesibo-modules/);
  const { generation, takenBack, config: own } = await describeIt();
  expect([generation, takenBack, own]).toEqual([
    2,
    expect.stringContaining('SIGABRT'),
    [expect.objectContaining({ value: '2' })],
  ]);
  const status = await command.run('status');
  expect([status.code, status.stdout + status.stderr]).toEqual([1, expect.stringContaining('taken back')]);
});

it('the next reload tries again, and a success ends the problem', async () => {
  expect((await command.run('reload', '--dry-run')).stderr).toContain(
    'get a new process: breaks_later (config.version, config.at)',
  );
  write('version = 2\nwatch = yes');
  expect(await command.run('reload')).toMatchObject({ code: 0 });
  expect(await command.run('status')).toMatchObject({ code: 0 });
});

it('a reload whose probation was cut short says so, and exits with 0', async () => {
  write('version = 5');
  expect(await command.run('reload', '--no-wait')).toMatchObject({ code: 0 });
  const reload = command.finish(command.begin('reload'));
  const json = command.finish(command.begin('reload', '--json'));
  await expect
    .poll(async () => (await command.run('logs')).stdout.match(/reloaded: nothing has changed/g)?.length, {
      timeout: 30_000,
    })
    .toBe(2);
  expect(await command.run('restart', NAME)).toMatchObject({ code: 0 });
  const { code, stderr } = await reload;
  expect([code, stderr]).toEqual([
    0,
    expect.stringMatching(/breaks_later: its probation ended early, after \d+m?s, bec/),
  ]);
  expect(DOCUMENTS.reload[0].parse(JSON.parse((await json).stdout)).cutShort).toMatchObject([
    { module: NAME, reason: 'the module was restarted' },
  ]);
});

it('a watched file that fails on probation is taken back once, and not tried again', async () => {
  write('version = 4\nat = 3\nwatch = yes');
  expect(await command.run('reload', '--no-wait')).toMatchObject({ code: 0 });
  const before = await describeIt();
  copyFileSync(module, `${module}.new`);
  appendFileSync(`${module}.new`, 'other bytes');
  renameSync(`${module}.new`, module);
  await expect.poll(async () => (await describeIt()).generation, { timeout: 30_000 }).toBe(before.generation + 1);
  for (let i = 0; i < 3; i++) await send();
  await expect.poll(async () => (await describeIt()).takenBack, { timeout: 30_000 }).toContain('SIGABRT');
  const after = await describeIt();
  expect([after.generation, after.hosts.length]).toEqual([before.generation, 1]);
  // Another date, and the same bytes: they stay refused.
  copyFileSync(module, `${module}.new`);
  renameSync(`${module}.new`, module);
  const { stdout } = await command.run('logs', NAME, '--json');
  const lines = stdout.split('\n').filter((line) => line.includes('was taken back'));
  expect(lines).toHaveLength(2);
});
