/** A module that fails on probation while the reload still waits for messages that are under way. */

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CommandLine } from '../../helpers/command.js';
import { fixture, makeTempDir } from '../core.js';

const NAME = 'breaks_later';
let command: CommandLine;

/** A message passes the first module, and is in the second one for as long as it says. */
const config = (settings: string, slow = '') => `chain_deadline = 60s
module ${NAME} {
  path = ${fixture('breaks-later')}
  deadline = 20s
  probation = 2m
${settings}
}
module slow { path = ${fixture('slow')} ; deadline = 50s ; hang = off ; stop_timeout = 30s ; ${slow} }
`;
const write = (text: string) => writeFileSync(join(command.directory, 'mesibo.conf'), text);
const send = (text: string) => command.finish(command.begin('send', '--from', 'a', '--to', 'b', text));
const describeModule = async (name: string) => JSON.parse((await command.run('describe', name, '--json')).stdout);

beforeEach(async () => {
  command = new CommandLine(makeTempDir());
  expect(await command.start(config('version = 1'))).toMatchObject({ code: 0 });
});
afterEach(async () => {
  await command.run('stop');
  rmSync(command.directory, { recursive: true });
});

it('it is a problem until a reload succeeds', async () => {
  write(config('version = 2\nat = 1'));
  const long = send('8000');
  await expect.poll(async () => (await describeModule('slow')).inFlight, { timeout: 30_000 }).toBe(1);
  const reload = command.finish(command.begin('reload'));
  await expect.poll(async () => (await describeModule(NAME)).generation, { timeout: 30_000 }).toBe(2);
  const other = send('0');
  await expect.poll(async () => (await describeModule(NAME)).takenBack, { timeout: 30_000 }).toContain('SIGABRT');
  // It has failed before the reload was over.
  expect((await describeModule('slow')).inFlight).toBeGreaterThan(0);
  expect(await reload).toMatchObject({ code: 1, stderr: expect.stringContaining(`${NAME} went back`) });
  await Promise.all([long, other]);
  expect(await command.run('status')).toMatchObject({ code: 1 });
  // It is tried again, as its settings still differ; and holds now.
  write(config('version = 3'));
  expect(await command.run('reload', '--no-wait')).toMatchObject({ code: 0 });
  expect(await command.run('status')).toMatchObject({ code: 0 });
});
