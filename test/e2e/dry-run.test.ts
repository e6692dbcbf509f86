/** `mesibo-modules reload --dry-run`: what a reload would change, and that it changes nothing. */

import { copyFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DOCUMENTS } from '../../cli/json/schemas.js';
import { CommandLine } from '../helpers/command.js';
import { fixture, makeTempDir, sample } from './core.js';

let command: CommandLine;
let module: string;

const config = ({ words = 'bad', deadline = '20s', more = '' } = {}) => `
log_keep = 3
module filter { path = ${sample('filter')}; config { words = ${words} } }
module versioned { path = ${module}; deadline = ${deadline} }
${more}`;

beforeAll(async () => {
  command = new CommandLine(makeTempDir());
  module = join(command.directory, 'module_versioned.so');
  copyFileSync(fixture('versioned'), module);
  expect(await command.start(oneLine(config()))).toMatchObject({ code: 0 });
});
afterAll(async () => {
  await command.run('stop');
  rmSync(command.directory, { recursive: true });
});

/** Several settings in a line are not allowed. */
function oneLine(text: string): string {
  return text.replaceAll(/[{;]/g, (mark) => (mark === ';' ? '\n' : '{\n')).replaceAll(/}/g, '\n}');
}

const write = (text: string) => writeFileSync(join(command.directory, 'mesibo.conf'), oneLine(text));

/** What runs, apart from what goes on by itself. */
async function state() {
  const { core, modules } = JSON.parse((await command.run('status', '--json')).stdout);
  const settings = JSON.parse((await command.run('describe', 'versioned', '--json')).stdout).settings;
  return {
    problems: core.problems,
    modules: modules.map(({ name, pid, generation, state }: Record<string, unknown>) => [name, pid, generation, state]),
    settings,
  };
}

async function dryRun(...args: string[]) {
  const run = await command.run('reload', '--dry-run', ...args);
  const lines = run.stderr.trimEnd().split('\n');
  return { code: run.code, lines: lines.map((line) => line.replace(/^mesibo-modules: /, '')) };
}

it('says nothing would change when nothing has', async () => {
  expect(await dryRun()).toEqual({ code: 0, lines: ['a reload would change nothing', 'unchanged: filter, versioned'] });
});

it('names the settings and the file, changes nothing, and a reload then does just that', async () => {
  const before = await state();
  const again = join(command.directory, 'new.so');
  copyFileSync(fixture('versioned'), again);
  renameSync(again, module);
  const added = `module again { path = ${sample('filter')}; config { words = other } }`;
  write(config({ words: 'worse', deadline: '19s', more: added }).replace('log_keep = 3', 'log_keep = 4'));
  const { code, lines } = await dryRun();
  expect([code, lines]).toEqual([
    0,
    [
      'a reload would do this; nothing has been changed yet',
      'get a new process: filter (config.words), versioned (deadline; its file has changed)',
      'are added: again',
      'take effect at once: log_keep',
    ],
  ]);
  const { stdout } = await command.run('reload', '--dry-run', '--json');
  const plan = DOCUMENTS.reload[0].parse(JSON.parse(stdout));
  expect(plan).toMatchObject({
    dryRun: true,
    replaced: ['filter', 'versioned'],
    added: ['again'],
    settings: ['log_keep'],
  });
  expect(stdout).not.toContain('worse');
  const only = await dryRun('versioned');
  expect(only.lines).toContain('changed, but not part of this reload: filter (config.words), again');
  expect(await state()).toEqual(before);

  const done = await command.run('reload', '--json');
  const report = DOCUMENTS.reload[0].parse(JSON.parse(done.stdout));
  expect({ ...report, warnings: [] }).toEqual({ ...plan, dryRun: false, warnings: [] });
  expect((await dryRun()).lines[0]).toBe('a reload would change nothing');
});

it('has the errors of a reload, and leaves no problem behind', async () => {
  const before = await state();
  write(`${config()}\nmodule gone { path = ${command.directory}/gone.so }`);
  expect(await dryRun()).toMatchObject({
    code: 1,
    lines: expect.arrayContaining([expect.stringContaining('gone.so')]),
  });
  write('module filter {\n  deadlin');
  const [dry, real] = [await command.run('reload', '--dry-run'), await command.run('reload')];
  expect(dry).toEqual(real);
  expect(dry.code).toBe(1);
  write(config());
  const unknown = [await command.run('reload', '--dry-run', 'filtr'), await command.run('reload', 'filtr')];
  expect(unknown[0]).toEqual(unknown[1]);
  expect(unknown[0]).toMatchObject({ code: 1, stderr: expect.stringContaining('did you mean filter?') });
  // Only the real reload is a problem of the core.
  const after = await state();
  expect(after.problems).toHaveLength(1);
  expect({ ...after, problems: [] }).toEqual({ ...before, problems: [] });
});
