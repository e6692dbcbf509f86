/** A configuration of several files, with secrets in it, as its operator meets it: check, start, describe, reload. */

import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createProgram } from '../../cli/program.js';
import type { CoreStatus, ModuleDescription } from '../../src/supervisor/types.js';
import { CommandLine } from '../helpers/command.js';
import { makeTempDir, sample } from './core.js';

const SECRETS = ['hush-plain', 'hush-url', 'hush-file', 'hush-variable', 'hush-env'];

/** Commands with a variable more. */
class WithVariable extends CommandLine {
  word: string | null = 'hush-variable';

  override get env(): NodeJS.ProcessEnv {
    return { ...super.env, ...(this.word !== null && { TEST_WORD: this.word, TEST_TOKEN: this.word }) };
  }
}

let command: WithVariable;
let config: string;
beforeEach(() => {
  command = new WithVariable(makeTempDir());
  config = join(command.directory, 'mesibo.conf');
});
afterEach(async () => {
  await command.run('stop');
  rmSync(command.directory, { recursive: true });
});

function write(name: string, text: string, mode = 0o600): void {
  const file = join(command.directory, name);
  writeFileSync(file, text);
  chmodSync(file, mode);
}

/** A chain of two, each in a file of its own. */
function writeAll(): void {
  mkdirSync(join(command.directory, 'conf.d'));
  write('mesibo.conf', 'include = conf.d/*.conf\n');
  write(
    'conf.d/10-filter.conf',
    `module filter {\n  path = ${sample('filter')}\n  blocked_words = @./words\n  api_key = hush-plain\n` +
      `  server = https://user:hush-url@example\n  greeting = \${TEST_TOKEN}\n  note = \${TEST_WORD:-none}!\n  env { DB_PASSWORD = hush-env }\n}\n`,
  );
  write('conf.d/20-autoreply.conf', `module autoreply { path = ${sample('autoreply')} }\n`);
  write('conf.d/words', 'hush-file\n');
}

const describeFilter = async (...flags: string[]) => {
  return JSON.parse((await command.run('describe', 'filter', '--json', ...flags)).stdout) as ModuleDescription;
};
const send = async (text: string) =>
  (await command.run('send', '--from', 'a', '--to', 'b', '--wait', '0', text)).stdout;
const valuesOf = ({ config, env }: ModuleDescription) => {
  return Object.fromEntries([...config, ...env].map(({ key, value }) => [key, value]));
};

/** What all files below a folder have in them. */
function textBelow(folder: string): string {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file).isFile())
    .map((file) => readFileSync(file, 'latin1'))
    .join('\n');
}

describe('a configuration of several files', { timeout: 240_000 }, () => {
  it('is checked, started, described and reloaded', async () => {
    writeAll();
    const checked = await command.run('check', 'mesibo.conf', '--strict');
    expect(checked).toMatchObject({ code: 0, stderr: '' });
    expect(checked.stdout).toMatch(/^module filter: ok, .*\nmodule autoreply: ok, /);
    expect(await command.run('start', '--config', config, '--daemon')).toMatchObject({ code: 0 });

    expect(await send('oh hush-file')).toContain('consumed by filter');
    const hidden = await describeFilter();
    expect(valuesOf(hidden)).toEqual({
      api_key: '(hidden)',
      blocked_words: '(hidden)',
      server: 'https://user:(hidden)@example',
      greeting: '(hidden)',
      note: 'hush-variable!',
      DB_PASSWORD: '(hidden)',
    });
    expect(hidden.config[1]?.origin).toBe(join(command.directory, 'conf.d/10-filter.conf:4:3'));
    expect(valuesOf(await describeFilter('--reveal'))).toEqual({
      api_key: 'hush-plain',
      blocked_words: 'hush-file',
      server: 'https://user:hush-url@example',
      greeting: 'hush-variable',
      note: 'hush-variable!',
      DB_PASSWORD: 'hush-env',
    });
    const { stdout } = await command.run('describe', 'filter');
    expect(stdout).toMatch(/ {2}api_key +=? *= \(hidden\) +# \S+conf\.d\/10-filter\.conf:4:3\n/);
    expect(stdout).toMatch(/secrets; to show them: mesibo-modules .*describe filter --reveal\n$/);

    // Another file, another value of a file, and another environment of the command, which is not that of the core.
    write('conf.d/05-again.conf', `module again { path = ${sample('filter')} ; blocked_words = \${TEST_WORD} }`);
    write('conf.d/words', 'hush-other');
    command.word = 'not-the-core';
    const reloaded = await command.run('reload');
    expect(reloaded.stderr).toMatch(/new processes for filter \([^)]+\); added again/);
    expect(await send('hush-variable')).toContain('consumed by again');
    expect(await send('hush-other')).toContain('consumed by filter');
    expect(await send('hush-file, not-the-core')).not.toContain('consumed');
    const { modules } = JSON.parse((await command.run('status', '--json')).stdout) as CoreStatus;
    expect(modules.map(({ name }) => name)).toEqual(['again', 'filter', 'autoreply']);
  });

  it('changes nothing at a reload when one of its files has a mistake', async () => {
    writeAll();
    await command.run('start', '--config', config, '--daemon');
    const broken: [name: string, text: string, said: RegExp][] = [
      [
        'conf.d/20-autoreply.conf',
        'module autoreply {\n  deadline = soon\n}',
        /conf\.d\/20-autoreply\.conf:2:3: module autoreply: found "soon"/,
      ],
      [
        'conf.d/20-autoreply.conf',
        'include = gone.conf',
        /conf\.d\/20-autoreply\.conf:1:1: the included file \S+conf\.d\/gone\.conf cannot be read/,
      ],
      [
        'conf.d/20-autoreply.conf',
        'include = ../mesibo.conf',
        /found files that include each other: \S+mesibo\.conf includes \S+20-autoreply\.conf, which/,
      ],
      [
        'conf.d/20-autoreply.conf',
        'module a { x = ${TEST_NOT_SET} }',
        /20-autoreply\.conf:1:12: module a: found \$\{TEST_NOT_SET\} for x, but the environment has no/,
      ],
      [
        'conf.d/20-autoreply.conf',
        'module a { x = @./gone }',
        /20-autoreply\.conf:1:12: module a: the file \S+gone of x cannot be read/,
      ],
    ];
    for (const [name, text, said] of broken) {
      write(name, text);
      const { code, stderr } = await command.run('reload');
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(said) });
    }
    for (const file of [[config], ['--config', config]]) {
      const { code, stderr } = await command.run('check', ...file);
      expect([code, stderr]).toEqual([1, expect.stringMatching(/20-autoreply\.conf:1:12: /)]);
    }
    const { core, modules } = JSON.parse((await command.run('status', '--json')).stdout) as CoreStatus;
    expect([modules.length, core.problems]).toEqual([2, [expect.stringMatching(/20-autoreply\.conf:1:12: /)]]);
  });

  it('has no secret in what commands and the core say, nor in what the core keeps', async () => {
    writeAll();
    const said: string[] = [];
    const note = async (...args: string[]) => {
      const { stdout, stderr } = await command.run(...args);
      said.push(stdout, stderr);
    };
    await note('check', config);
    await note('check', config, '--json');
    await note('start', '--config', config, '--daemon');
    write(
      'conf.d/10-filter.conf',
      readFileSync(join(command.directory, 'conf.d/10-filter.conf'), 'utf8').replace('api_key', 'key'),
    );
    // What is not hidden on purpose: the variable's name says nothing of a secret.
    command.word = null;
    for (const verb of ['reload', 'status', 'list', 'describe', 'logs', 'restart']) {
      const names = ['describe', 'restart'].includes(verb) ? ['filter'] : [];
      await note(verb, ...names);
      if (!['restart', 'reload'].includes(verb)) await note(verb, ...names, '--json');
    }
    await note('reload', 'filter', '--json');
    write('conf.d/10-filter.conf', `module filter {\n deadline = @./words\n}`);
    await note('reload');
    await note('logs', '-n', '1000');
    await note('status');
    const text = [...said, textBelow(join(command.directory, 'run'))].join('\n').replaceAll('hush-variable!', '');
    expect(text).toContain('found a wrong value for deadline in the file');
    for (const secret of SECRETS) expect(text, secret).not.toContain(secret);
  });

  it('that others can read gets a warning from check and start, and is refused with --strict', async () => {
    writeAll();
    chmodSync(command.directory, 0o755);
    write('conf.d/words', 'x', 0o644);
    chmodSync(join(command.directory, 'conf.d/10-filter.conf'), 0o644);
    const said =
      /conf\.d\/10-filter\.conf:4:3: module filter: api_key has a secret, and every user of this machine can read this file/;
    const lines = (await command.run('check', config, '--json')).stdout.split('\n');
    expect(JSON.parse(lines[0] as string)).toEqual({ warning: expect.stringMatching(said) });
    expect(await command.run('check', config)).toMatchObject({ code: 0, stderr: expect.stringMatching(said) });
    for (const verb of [
      ['check', config],
      ['start', '--daemon', '--config', config],
    ]) {
      expect(await command.run(...verb, '--strict')).toMatchObject({ code: 1, stderr: expect.stringMatching(said) });
    }
    expect(await command.run('start', '--daemon', '--config', config)).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(said),
    });
    expect((await command.run('logs')).stdout).toMatch(said);
  });
});

describe('a file in the place of', () => {
  it.each<[args: string[], code: number, said: RegExp]>([
    [
      ['start', './mesibo.conf'],
      2,
      /"\.\/mesibo\.conf" is a file, not the name of a module; to start a core with it: mesibo-modules start --config \.\/mesibo\.conf/,
    ],
    [['reload', 'mesibo.conf'], 2, /a core reloads the file that it was started with: mesibo-modules reload/],
    [
      ['check', sample('filter')],
      1,
      /this is a shared object, not a configuration; .*: mesibo-modules try \S+module_filter\.so; .* only: mesibo-modules try \S+ <\/dev\/null/,
    ],
    [['start', '--config', sample('filter')], 1, /this is a shared object, not a configuration/],
    [['check', 'a.conf', '--config', 'b.conf'], 2, /give either FILE or --config, not both/],
    [['check', 'a.conf', 'b.conf'], 2, /too many arguments/],
  ])('something else: %j', async (args, code, said) => {
    expect(await command.run(...args)).toEqual({ code, stdout: '', stderr: expect.stringMatching(said) });
  });

  it('a name of a module of a running core', async () => {
    writeAll();
    await command.run('start', '--config', config, '--daemon');
    for (const verb of ['describe', 'stop', 'restart']) {
      const { code, stderr } = await command.run(verb, 'mesibo.conf');
      expect([code, stderr]).toEqual([
        1,
        expect.stringContaining('give a name, and not a file; there are: filter, autoreply'),
      ]);
    }
  });
});

describe('the help of a verb', () => {
  const verbs = createProgram().commands.map((verb) => verb.name());
  const without = ['try', 'demo', 'check', 'run', 'completion', 'help'];

  it.each(verbs.filter((verb) => !without.includes(verb)))(
    '%s lists the options of the core that it takes',
    async (verb) => {
      for (const args of [
        ['help', verb],
        [verb, '--help'],
      ]) {
        const { code, stdout } = await command.run(...args);
        expect([code, stdout]).toEqual([0, expect.stringMatching(/--run-dir <dir>[\s\S]*--state-dir <dir>/)]);
        expect(stdout).not.toContain('--version');
      }
    },
  );

  it.each(['try', 'check', 'run', 'completion'])('%s lists none, since it reaches no core', async (verb) => {
    expect((await command.run('help', verb)).stdout).not.toContain('--run-dir');
  });
});

describe('a configuration that has lost its modules', () => {
  it('is minded by check, and not taken by a reload until the modules are stopped', async () => {
    writeAll();
    expect((await command.run('start', '--config', config, '--daemon')).code).toBe(0);
    write('mesibo.conf', 'include = conf.b/*.conf\n');
    const nothing = new RegExp(`${config}:1:1: include: there is no folder ${join(command.directory, 'conf.b')}`);
    expect(await command.run('check', config)).toMatchObject({ code: 0, stderr: expect.stringMatching(nothing) });
    expect(await command.run('check', config, '--strict')).toMatchObject({ code: 1 });
    const refused = await command.run('reload');
    expect(refused).toMatchObject({ code: 1, stderr: expect.stringMatching(nothing) });
    expect(refused.stderr.replaceAll('\n', ' ')).toMatch(
      /no module is configured, so all modules would be removed.*before you reload: mesibo-modules .*stop filter autoreply/,
    );
    expect((JSON.parse((await command.run('status', '--json')).stdout) as CoreStatus).modules).toHaveLength(2);
    expect((await command.run('stop', 'filter', 'autoreply')).code).toBe(0);
    expect(await command.run('reload')).toMatchObject({ code: 0 });
    expect((JSON.parse((await command.run('status', '--json')).stdout) as CoreStatus).modules).toEqual([]);
  });
});
