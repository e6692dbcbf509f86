/** Logs that somebody else rotates, as logrotate does, while a core writes them and a command follows them. */

import { copyFileSync, existsSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CommandLine } from '../helpers/command.js';
import { fixture, makeTempDir } from './core.js';

/** Far more than anything here takes. */
const PATIENCE_MS = 60_000;

let cli: CommandLine;
let log: string;
let shown: string;
let follower: ReturnType<CommandLine['begin']>;

beforeEach(async () => {
  const dir = makeTempDir();
  cli = new CommandLine(dir);
  const module = `module versioned { path = ${fixture('versioned')} ; config { version = saw } }\n`;
  expect(await cli.start(module)).toMatchObject({ code: 0 });
  log = join(dir, 'run', 'state', 'logs', 'modules', 'versioned.log');
  shown = '';
  follower = cli.begin('logs', '-f', '-n', '0', '--json', 'versioned');
  follower.stdout.setEncoding('utf8').on('data', (text) => {
    shown += text;
  });
  // Again and again: the follower may begin behind the first lines.
  const isFollowed = async () => {
    await say('begin', log);
    return shown;
  };
  await expect.poll(isFollowed, { timeout: PATIENCE_MS }).toContain('saw begin');
});
afterEach(async () => {
  follower.kill();
  expect(await cli.run('stop')).toMatchObject({ code: 0 });
});

/** Lets the module log a line, again and again until it stands in a file: the core looks for itself. */
async function say(text: string, file: string): Promise<void> {
  const stands = async () => {
    await cli.run('send', '--from', 'al', '--to', 'bo', text);
    return existsSync(file) && readFileSync(file, 'utf8').includes(`saw ${text}"`);
  };
  await expect.poll(stands, { timeout: PATIENCE_MS }).toBe(true);
}

async function expectFollowed(text: string): Promise<void> {
  await expect.poll(() => shown, { timeout: PATIENCE_MS }).toContain(`saw ${text}"`);
  expect((await cli.run('logs', '--json', 'versioned')).stdout).toContain(`saw ${text}"`);
  expect(await cli.run('status')).toMatchObject({ code: 0 });
}

it('are written and followed when they are moved away and made anew', async () => {
  renameSync(log, `${log}-20261129`);
  writeFileSync(log, '');
  await say('created', log);
  await expectFollowed('created');
  expect(readFileSync(`${log}-20261129`, 'utf8')).toContain('saw begin"');
});

it('are made anew at once by a reload and by SIGHUP, as the postrotate of logrotate asks for', async () => {
  renameSync(log, `${log}.1`);
  expect(await cli.run('reload')).toMatchObject({ code: 0 });
  await expect.poll(() => existsSync(log), { timeout: PATIENCE_MS }).toBe(true);
  rmSync(log);
  const { core } = JSON.parse((await cli.run('status', '--json')).stdout);
  process.kill(core.pid, 'SIGHUP');
  await expect.poll(() => existsSync(log), { timeout: PATIENCE_MS }).toBe(true);
  await say('asked', log);
  await expectFollowed('asked');
});

it('are written and followed when they are copied and truncated', async () => {
  copyFileSync(log, `${log}.1`);
  truncateSync(log);
  await say('truncated', log);
  await expectFollowed('truncated');
});

it('are made anew and followed when their folder is removed', async () => {
  rmSync(join(log, '..', '..'), { recursive: true });
  await say('returned', log);
  await expectFollowed('returned');
});
