import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../cli/program.js';
import { bashCompletion } from '../../cli/reference/bash.js';
import { fishCompletion } from '../../cli/reference/fish.js';
import { readReference } from '../../cli/reference/reference.js';
import { zshCompletion } from '../../cli/reference/zsh.js';
import { CommandLine } from '../helpers/command.js';
import { card, writeCards } from '../helpers/crash-cards.js';
import { makeTempDir, sample } from './core.js';

const main = fileURLToPath(new URL('../../dist/bundles/mesibo-modules.cjs', import.meta.url));
const reference = readReference(createProgram());
const has = (shell: string) => spawnSync(shell, ['-c', 'true']).error === undefined;

let command: CommandLine;
const CRASH = 'filter-20261130T130102Z-3';
/** With `mesibo-modules` in the path, and the scripts beside it. */
let bin: string;

beforeAll(async () => {
  command = new CommandLine(makeTempDir());
  bin = join(command.directory, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'mesibo-modules'), `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`);
  chmodSync(join(bin, 'mesibo-modules'), 0o755);
  writeFileSync(join(bin, 'bash'), bashCompletion(reference));
  writeFileSync(join(bin, '_mesibo-modules'), zshCompletion(reference));
  writeFileSync(join(bin, 'fish'), fishCompletion(reference));
  for (const name of ['one.so', 'two.txt']) writeFileSync(join(command.directory, name), '');
  writeCards(join(command.directory, 'run/state'), [card({ id: CRASH })]);
  await command.start(`module filter { path = ${sample('filter')} }\nmodule crashy { path = ${sample('crashy')} }\n`);
});
afterAll(async () => {
  await command.run('stop');
  rmSync(command.directory, { recursive: true });
});

function environment() {
  return { ...command.env, PATH: `${bin}:${process.env.PATH}`, HOME: command.directory };
}

function run(shell: string, script: string, ...args: string[]): string[] {
  const how = { cwd: command.directory, env: environment(), encoding: 'utf8' } as const;
  const { stdout, stderr } = spawnSync(shell, ['-c', script, ...args], how);
  expect(stderr).toBe('');
  return stdout.split('\n').filter((line) => line !== '');
}

/** What bash offers for the last of these words. */
function bash(...words: string[]): string[] {
  const script =
    'source bin/bash; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _mesibo_modules; printf "%s\\n" "${COMPREPLY[@]}"';
  return run('bash', script, 'bash', 'mesibo-modules', ...words);
}

describe('bash', () => {
  it.each<[string[], string[]]>([
    [['st'], ['start', 'stop', 'status']],
    [['status', '--w'], ['--watch']],
    [['--run'], ['--run-dir']],
    [
      ['try', ''],
      ['bin', 'one.so', 'run'],
    ],
    [
      ['try', '--abi', 'exports'],
      ['exports-2019', 'exports-2020'],
    ],
    [['check', '--config', 'tw'], ['two.txt']],
    [
      ['--state-dir', ''],
      ['bin', 'run'],
    ],
    [['send', '--from', ''], []],
    [['help', 'rel'], ['reload']],
    [
      ['stop', ''],
      ['filter', 'crashy'],
    ],
    [['stop', 'filter', 'cr'], ['crashy']],
    [['restart', 'f'], ['filter']],
    [['restart', 'filter', ''], []],
    [
      ['describe', '--json', ''],
      ['filter', 'crashy'],
    ],
    [['stop', 'filter', 'crashy', ''], []],
    [['--run-dir', '/nowhere', 'stop', ''], []],
    [['--run-dir', '=', '/nowhere', 'stop', ''], []],
    [['--run-dir=/nowhere', 'stop', ''], []],
    [['--run-dir', '=', 'ru'], ['run']],
    [
      ['--run-dir', '='],
      ['bin', 'run'],
    ],
    [['--state-dir', '=', '/nowhere', 'restart', 'f'], ['filter']],
    [
      ['completion', ''],
      ['bash', 'zsh', 'fish'],
    ],
    [
      ['crashes', ''],
      ['list', 'show', 'replay'],
    ],
    [
      ['crashes', 'show', ''],
      ['last', CRASH],
    ],
    [['--state-dir', 'run/state', 'crashes', 'replay', '--gdb', 'fil'], [CRASH]],
    [['--state-dir', '/nowhere', 'crashes', 'show', ''], []],
    [['crashes', 'list', '--module', 'cr'], ['crashy']],
  ])('%j', (words, offered) => {
    expect(bash(...words).sort()).toEqual([...offered].sort());
  });
});

describe.skipIf(!has('fish'))('fish', () => {
  const fish = (line: string) => run('fish', 'source bin/fish; complete -C $argv[1]', line);

  it.each<[string, string[]]>([
    ['mesibo-modules sta', ['start\tstart the core', 'status\tshow the core and its modules']],
    ['mesibo-modules status --wa', ['--watch\tredraw every second']],
    ['mesibo-modules stop f', ['filter\tonly these modules']],
    ['mesibo-modules try --abi tab', ['table']],
    ['mesibo-modules check --config tw', ['two.txt']],
    ['mesibo-modules stop filter ', ['crashy\tonly these modules']],
    ['mesibo-modules --run-dir=/nowhere stop ', []],
    ['mesibo-modules --run-dir /nowhere stop ', []],
    ['mesibo-modules completion b', ['bash']],
  ])('%s', (line, offered) => {
    const found = fish(line);
    expect(found).toHaveLength(offered.length);
    for (const [i, text] of offered.entries()) expect(found[i]).toContain(text);
  });
});

describe.skipIf(!has('zsh'))('zsh', () => {
  it('offers verbs with what they do, options, and names of modules', async () => {
    const shell = spawn('script', ['-qefc', 'zsh -f -i', '/dev/null'], {
      cwd: command.directory,
      env: { ...environment(), TERM: 'dumb' },
    });
    let screen = '';
    shell.stdout.setEncoding('utf8').on('data', (text) => {
      screen += text;
      shell.stdout.emit('drawn');
    });
    const shown = async (...texts: string[]) => {
      while (!texts.every((text) => screen.includes(text))) await once(shell.stdout, 'drawn');
      const seen = screen;
      screen = '';
      return seen;
    };
    shell.stdin.write('fpath=($PWD/bin $fpath); autoload -U compinit; compinit -u -D; LISTMAX=1000; echo re""ady\n');
    await shown('ready\r\n');
    shell.stdin.write('mesibo-modules st\t\t');
    await shown('start', '-- start the core', 'status', '-- show the core', 'stop', '-- stop the core');
    shell.stdin.write('\x15mesibo-modules status --w\t');
    await shown('--watch');
    shell.stdin.write('\x15mesibo-modules describe cr\t');
    await shown('describe crashy');
    shell.stdin.write('\x15mesibo-modules stop crashy f\t');
    await shown('stop crashy filter');
    shell.stdin.write('\x15mesibo-modules stop crashy cr\t\x15echo no""thing\n');
    expect(await shown('nothing\r\n')).not.toContain('crashy crashy');
    for (const flag of ['--run-dir=/nowhere', '--run-dir /nowhere']) {
      shell.stdin.write(`\x15mesibo-modules ${flag} describe cr\t\x15echo no""thing\n`);
      expect(await shown('nothing\r\n')).not.toContain('crashy');
    }
    shell.stdin.write('\x15mesibo-modules completion f\t');
    await shown('completion fish');
    shell.stdin.write('\x15exit\n');
    await once(shell, 'close');
  });
});

it('completing verbs and options runs no program', () => {
  for (const script of [bashCompletion(reference), fishCompletion(reference), zshCompletion(reference)]) {
    const programs = script.split('\n').filter((line) => / completion (?:names|crashes|"\$)/.test(line));
    // One for names of modules, and one for ids of crashes; in bash one does both.
    expect(programs.length).toBeOneOf([1, 2]);
  }
});

it('a core that does not answer holds nobody up', async () => {
  const { code, stdout, stderr } = await command.run('--run-dir', '/nowhere', 'completion', 'names');
  expect([code, stdout, stderr]).toEqual([0, '', '']);
  expect(await command.run('completion', 'tcsh')).toMatchObject({ code: 2, stdout: '' });
});
