/** What the journal of systemd gets: a core and commands whose output is a stream that JOURNAL_STREAM names. */

import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { CommandLine, collect, main, type Run } from '../helpers/command.js';
import { makeTempDir, sample } from './core.js';

/** Far more than anything here takes. */
const PATIENCE_MS = 60_000;

let cli: CommandLine;
let config: string;
beforeEach(() => {
  cli = new CommandLine(makeTempDir());
  config = join(cli.directory, 'mesibo.conf');
  writeFileSync(config, `module crashy { path = ${sample('crashy')} }\nmodule ghost { path = /nonexistent.so }\n`);
});
afterEach(async () => {
  await cli.run('stop');
  rmSync(cli.directory, { recursive: true });
});

/** Starts a command as systemd does: its output is one socket, and the variable has its device and inode. */
function begin(stream: string, ...args: string[]): ChildProcessByStdio<null, Readable, Readable> {
  const script = `JOURNAL_STREAM=$(stat -L -c ${stream} /proc/$$/fd/1); export JOURNAL_STREAM; exec "$@" 2>&1`;
  return spawn('/bin/sh', ['-c', script, 'sh', process.execPath, main, ...args], {
    cwd: cli.directory,
    env: cli.env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

async function serving(): Promise<void> {
  await expect.poll(async () => (await cli.run('list')).stdout, { timeout: PATIENCE_MS }).toMatch(/crashy +serving/);
}

const inJournal = (...args: string[]): Promise<Run> => collect(begin('%d:%i', ...args));

/** The priority and the text of each line, as journald reads them. */
function read(text: string): { priority: number; text: string }[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [, priority, rest] = /^<([0-7])>(.*)$/.exec(line) ?? [];
      return { priority: Number(priority ?? Number.NaN), text: rest ?? line };
    });
}

it('a core marks each line with the priority of its level, and the JSON behind it is whole', async () => {
  const child = begin('%d:%i', 'start', '--config', config);
  const ended = collect(child);
  await serving();
  await cli.run('send', '--from', 'al', '--to', 'bo', '--wait', '0', 'crash');
  await expect
    .poll(async () => (await cli.run('logs', '--level', 'error')).stdout, { timeout: PATIENCE_MS })
    .toMatch(/SIGSEGV/);
  await cli.run('stop');
  const { code, stdout } = await ended;
  expect(code).toBe(0);
  const lines = read(stdout).map(({ priority, text }) => ({ priority, ...JSON.parse(text) }));
  const byLevel = new Map(lines.map(({ level, priority }) => [level, priority]));
  expect(lines.every(({ level, priority }) => byLevel.get(level) === priority)).toBe(true);
  expect([byLevel.get(30), byLevel.get(50)]).toEqual([6, 3]);
  // journalctl --priority warning
  const severe = lines.filter(({ priority }) => priority <= 4).map(({ msg }) => msg);
  expect(severe).toEqual(expect.arrayContaining([expect.stringMatching(/SIGSEGV/)]));
  expect(severe).toEqual(expect.arrayContaining([expect.stringMatching(/nonexistent\.so: there is no such file/)]));
});

it('a start that fails is an error there', async () => {
  for (const args of [['--strict'], ['--config', '/nonexistent.conf'], ['--no-such-option']]) {
    const { code, stdout } = await inJournal('start', '--config', config, ...args);
    expect(code).not.toBe(0);
    const said = read(stdout).filter(({ text }) => /^(?:mesibo-modules|error): /.test(text));
    expect(said.map(({ priority }) => priority)).toEqual([3]);
  }
});

it('a reload that fails is an error there, and one that succeeds is not', async () => {
  await cli.run('start', '--daemon', '--config', config);
  writeFileSync(config, `module crashy { path = ${sample('crashy')} }\n`);
  expect(read((await inJournal('reload')).stdout).map(({ priority }) => priority)).toEqual([6]);
  writeFileSync(config, 'module crashy { pth = /x }\n');
  expect(read((await inJournal('reload')).stdout).map(({ priority }) => priority)).toContain(3);
});

it.each([
  ['another stream has', '1%d:%i'],
  ['somebody has made up', 'journal'],
])('no line is marked when JOURNAL_STREAM has a value that %s', async (_what, stream) => {
  const child = begin(stream, 'start', '--config', config);
  const ended = collect(child);
  await serving();
  await cli.run('stop');
  for (const line of (await ended).stdout.trimEnd().split('\n')) expect(line).toMatch(/^\{"level":/);
});
