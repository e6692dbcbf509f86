/** Every verb, in every situation: exit code, and whether it speaks on stdout or stderr. */

import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createProgram } from '../../cli/program.js';
import { CommandLine, type Run } from '../helpers/command.js';
import { makeTempDir, sample } from './core.js';

type Expected = [code: number, stdout: RegExp | '', stderr: RegExp | ''];

interface Row {
  /** Of the configuration, where the verb takes one. */
  args: (config: string) => string[];
  running: Expected;
  /** No core serves the run directory. */
  stopped: Expected;
  /** Of a module that there is not; `null`: it takes none. */
  wrongName: [args: string[], expected: Expected] | null;
  /** With a configuration that has a mistake in line 2. */
  broken: Expected;
}

const NO_CORE: Expected = [3, '', /^mesibo-modules: no core serves .*; start one with: mesibo-modules start\n$/];
const UNKNOWN: Expected = [1, '', /^mesibo-modules: no module is named "filtr"; did you mean filter\?\n$/];
const MISTAKE: Expected = [1, '', /^mesibo-modules: .*broken\.conf:2:3: .*found .*expected .*\n$/];
const NO_SHADOW: Expected = [
  1,
  '',
  /^mesibo-modules: module filter: it is not a shadow; set shadow_of in its block, and reload\n$/,
];
const JSON_DOCUMENT = /^\{.*\}\n$/;

/** What a start in the background prints. */
function started(ready: string): RegExp {
  return new RegExp(
    `^the core with pid \\d+ serves, ${ready} modules are ready; to look at it: mesibo-modules status\\n$`,
  );
}

/** Of a running core with the modules `filter` and `crashy`, which a row leaves as it found it. */
const TABLE: Record<string, Row> = {
  start: {
    args: (config) => ['start', '--daemon', '--config', config],
    running: [1, '', /is in use by another core \(pid \d+\)|held by/],
    stopped: [0, started('2 of 2'), ''],
    wrongName: [['start', 'filtr'], UNKNOWN],
    broken: MISTAKE,
  },
  stop: {
    args: () => ['stop', 'crashy'],
    running: [0, '', /^mesibo-modules: module crashy is stopped; .*; to start it: mesibo-modules start crashy\n$/],
    stopped: NO_CORE,
    wrongName: [['stop', 'filtr'], UNKNOWN],
    broken: [0, '', /module crashy is stopped/],
  },
  reload: {
    args: () => ['reload'],
    running: [0, '', /^mesibo-modules: reloaded: nothing has changed\n$/],
    stopped: NO_CORE,
    wrongName: [['reload', 'filtr'], UNKNOWN],
    broken: MISTAKE,
  },
  restart: {
    args: () => ['restart', 'filter'],
    running: [0, '', /^mesibo-modules: module filter serves again\n$/],
    stopped: NO_CORE,
    wrongName: [['restart', 'filtr'], UNKNOWN],
    broken: [0, '', /serves again/],
  },
  reset: {
    args: () => ['reset', 'filter'],
    running: [0, '', /^mesibo-modules: the counters of module filter are 0\n$/],
    stopped: NO_CORE,
    wrongName: [['reset', 'filtr'], UNKNOWN],
    broken: [0, '', /the counters of module/],
  },
  status: {
    args: () => ['status', '--json'],
    running: [0, JSON_DOCUMENT, ''],
    stopped: NO_CORE,
    wrongName: null,
    broken: [1, JSON_DOCUMENT, ''],
  },
  list: {
    args: () => ['list'],
    running: [0, /^NAME +STATE +ABI +FOUND BY +FILE.*\nfilter +serving .*\ncrashy +(serving|stopped) /, ''],
    stopped: NO_CORE,
    wrongName: null,
    broken: [0, /filter +serving/, ''],
  },
  describe: {
    args: () => ['describe', 'filter'],
    running: [0, /blocked_words += heck +# .*mesibo\.conf:1:\d+\n/, ''],
    stopped: NO_CORE,
    wrongName: [['describe', 'filtr'], UNKNOWN],
    broken: [0, /blocked_words/, ''],
  },
  logs: {
    args: () => ['logs', '-n', '1'],
    running: [0, /^\S+ \S+ .*\n$/, ''],
    stopped: [0, /\n$/, ''],
    wrongName: [
      ['logs', 'filtr'],
      [1, '', /no module "filtr" has logged in .*; there are: /],
    ],
    broken: [0, /\n$/, ''],
  },
  crashes: {
    args: () => ['crashes', '--json'],
    running: [0, /^\[\]\n$/, ''],
    stopped: [0, /^\[\]\n$/, ''],
    wrongName: [
      ['crashes', 'show', 'filtr'],
      [1, '', /^mesibo-modules: no crash card has the id "filtr"; .*\n$/],
    ],
    broken: [0, /^\[\]\n$/, ''],
  },
  quarantine: {
    args: () => ['quarantine'],
    running: [0, '', /^mesibo-modules: no message is in quarantine\n$/],
    stopped: [0, '', /^mesibo-modules: no message is in quarantine\n$/],
    wrongName: [
      ['quarantine', 'show', 'filtr'],
      [1, '', /^mesibo-modules: no message in quarantine has the id "filtr"; .*\n$/],
    ],
    broken: [0, '', /^mesibo-modules: no message is in quarantine\n$/],
  },
  shadow: {
    args: () => ['shadow', 'filter'],
    running: NO_SHADOW,
    stopped: NO_CORE,
    wrongName: [['shadow', 'filtr'], UNKNOWN],
    broken: NO_SHADOW,
  },
  promote: {
    args: () => ['promote', 'filter'],
    running: NO_SHADOW,
    stopped: NO_CORE,
    wrongName: [['promote', 'filtr'], UNKNOWN],
    broken: NO_SHADOW,
  },
  check: {
    args: (config) => ['check', '--config', config],
    running: [0, /^module filter: ok, .*\nmodule crashy: ok, .*\nall 2 modules are good\n$/, ''],
    stopped: [0, /^module filter: ok/, ''],
    wrongName: null,
    broken: MISTAKE,
  },
  send: {
    args: () => ['send', '--from', 'alice', '--to', 'bob', '--wait', '0', 'heck'],
    running: [0, /^consumed by filter \(\d+ us\)\n/, ''],
    stopped: NO_CORE,
    wrongName: null,
    broken: [0, /^consumed by filter/, ''],
  },
  try: {
    args: () => ['try', sample('filter'), 'heck', '--conf', 'blocked_words=heck', '--wait', '0'],
    running: [0, /= consumed, after/, ''],
    stopped: [0, /= consumed, after/, ''],
    wrongName: [
      ['try', sample('filter'), 'x', '--name', 'fil-tr'],
      [1, '', /found the module name "fil-tr"/],
    ],
    broken: [0, /= consumed, after/, ''],
  },
  run: {
    args: (config) => ['run', '--in-process', '--config', config, '--message', 'heck'],
    running: [0, /consumed/, ''],
    stopped: [0, /consumed/, ''],
    wrongName: null,
    broken: MISTAKE,
  },
};

let command: CommandLine;
let config: string;
let broken: string;

beforeAll(async () => {
  command = new CommandLine(makeTempDir());
  config = join(command.directory, 'mesibo.conf');
  broken = join(command.directory, 'broken.conf');
  const modules = `module filter { path = ${sample('filter')} ; blocked_words = heck }\nmodule crashy { path = ${sample('crashy')} }\n`;
  writeFileSync(config, modules);
  writeFileSync(broken, 'module filter {\n  deadline = soon\n}\n');
  mkdirSync(join(command.directory, 'run'), { mode: 0o700 });
});
afterAll(async () => {
  await command.run('stop');
  rmSync(command.directory, { recursive: true });
});

function check({ code, stdout, stderr }: Run, [expected, out, err]: Expected): void {
  expect({ code, stdout, stderr }).toEqual({
    code: expected,
    stdout: out === '' ? '' : expect.stringMatching(out),
    stderr: err === '' ? '' : expect.stringMatching(err),
  });
}

it('is a table of every verb', () => {
  const verbs = createProgram().commands.map((verb) => verb.name());
  const others = ['completion', 'demo', 'help'];
  expect(Object.keys(TABLE).sort()).toEqual(verbs.filter((verb) => !others.includes(verb)).sort());
});

describe('without a core', () => {
  it('logs says that there are none', async () => {
    check(await command.run('logs'), [1, '', /nothing has been logged in /]);
  });

  const verbs = Object.entries(TABLE).filter(([verb]) => verb !== 'start' && verb !== 'logs');
  it.each(verbs)('%s', async (_, row) => {
    check(await command.run(...row.args(config)), row.stopped);
  });

  it.each(['start', 'check', 'run'])('%s of a broken configuration', async (verb) => {
    check(await command.run(...(TABLE[verb] as Row).args(broken)), (TABLE[verb] as Row).broken);
  });

  it.each([
    [['start', '--config', 'x', 'filter']],
    [['start', '--daemon', 'filter']],
    [['status', '--watch', '0']],
    [['describe']],
    [['nonsense']],
  ])('%j is a mistake', async (args) => {
    check(await command.run(...args), [2, '', /./]);
  });
});

describe('with a core', () => {
  it('start', async () => {
    check(await command.run('start', '--daemon', '--config', config), (TABLE.start as Row).stopped);
  });

  it.each(Object.entries(TABLE))('%s', async (verb, row) => {
    check(await command.run(...row.args(config)), row.running);
    if (verb === 'stop') check(await command.run('start', 'crashy'), [0, '', /module crashy serves/]);
  });

  const named = Object.entries(TABLE).filter(([, { wrongName }]) => wrongName !== null);
  it.each(named)('%s of an unknown name', async (_, { wrongName }) => {
    const [args, expected] = wrongName as [string[], Expected];
    check(await command.run(...args), expected);
  });

  it('several names, one of them wrong: none gets the order', async () => {
    check(await command.run('stop', 'crashy', 'filtr'), UNKNOWN);
    expect(JSON.parse((await command.run('list', '--json')).stdout)).toMatchObject([
      { desired: 'up' },
      { desired: 'up' },
    ]);
  });

  it('a module that was stopped is so after a restart of the core', async () => {
    await command.run('stop', 'crashy');
    await command.run('stop');
    check(await command.run('start', '--daemon', '--config', config), [
      0,
      started('1 of 2'),
      /module crashy stays stopped; to start it/,
    ]);
    check(await command.run('status'), [
      0,
      /crashy +stopped[\s\S]*: crashy; to start: mesibo-modules start crashy\n/,
      '',
    ]);
    check(await command.run('start', 'crashy', 'filter'), [0, '', /crashy serves\n.*filter serves\n/]);
  });

  it('a core that cannot read the list of stopped modules says so until it knows them again', async () => {
    await command.run('stop', 'crashy');
    await command.run('stop');
    writeFileSync(join(command.directory, 'run/state/stopped.json'), '{');
    const said = /stopped.json cannot be read, so the core no longer knows which modules were stopped/;
    expect((await command.run('start', '--daemon', '--config', config)).stderr).toMatch(said);
    expect((await command.run('status')).stdout.replaceAll(/\n */g, ' ')).toMatch(said);
    await command.run('stop', 'crashy');
    expect((await command.run('status')).stdout).not.toContain('stopped.json');
    check(await command.run('start', 'crashy'), [0, '', /crashy serves/]);
  });
});

describe('with a core whose configuration was broken meanwhile', () => {
  const intact = `module filter { path = ${sample('filter')} ; blocked_words = heck }\nmodule crashy { path = ${sample('crashy')} }\n`;
  beforeAll(async () => {
    await command.run('stop');
    writeFileSync(broken, intact);
    await command.run('start', '--daemon', '--config', broken);
    writeFileSync(broken, 'module filter {\n  deadline = soon\n}\n');
  });

  it('SIGHUP reloads: a good configuration is taken, a broken one changes nothing', async () => {
    const ask = async () => JSON.parse((await command.run('status', '--json')).stdout);
    const { core } = await ask();
    process.kill(core.pid, 'SIGHUP');
    await expect.poll(async () => (await ask()).core.problems, { timeout: 30_000 }).toHaveLength(1);
    expect((await ask()).modules).toHaveLength(2);
    const wrong = readFileSync(broken);
    writeFileSync(broken, `module filter { path = ${sample('filter')} ; blocked_words = darn }\n`);
    process.kill(core.pid, 'SIGHUP');
    await expect.poll(async () => (await ask()).modules.length, { timeout: 30_000 }).toBe(1);
    expect((await ask()).core).toMatchObject({ pid: core.pid, problems: [] });
    expect((await command.run('send', '--from', 'a', '--to', 'b', 'darn')).stdout).toContain('consumed by filter');
    await command.run('stop');
    writeFileSync(broken, intact);
    await command.run('start', '--daemon', '--config', broken);
    writeFileSync(broken, wrong);
  });

  const verbs = Object.entries(TABLE).filter(([verb]) => !['start', 'check', 'run', 'describe', 'try'].includes(verb));
  it.each(verbs)('%s', async (_, row) => {
    check(await command.run(...row.args(broken)), row.broken);
  });

  it('status shows the problem until a reload succeeds', async () => {
    check(await command.run('status'), [
      1,
      /the reload \d+s ago failed: .*broken\.conf:2:3: [\s\S]*and reload again\n/,
      '',
    ]);
    writeFileSync(broken, `module filter { path = ${sample('filter')} }\n`);
    check(await command.run('reload', '--json'), [0, /^\{"replaced":\["filter"\],.*"removed":\["crashy"\]/, '']);
    check(await command.run('status'), [0, /^(?!.*failed)/s, '']);
  });
});
