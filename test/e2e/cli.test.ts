import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CoreStatus } from 'mesibo-modules';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommandLine, main } from '../helpers/command.js';
import { fixture, isRunning, makeTempDir, sample } from './core.js';

let directory: string;
let command: CommandLine;

const begin = (...args: string[]) => command.begin(...args);
const run = (...args: string[]) => command.run(...args);
const finish: CommandLine['finish'] = (child, input) => command.finish(child, input);
const start: CommandLine['start'] = (config, ...flags) => command.start(config, ...flags);

beforeEach(() => {
  directory = makeTempDir();
  command = new CommandLine(directory);
});
afterEach(async () => {
  await run('stop');
  rmSync(directory, { recursive: true });
});

async function status(): Promise<CoreStatus> {
  return JSON.parse((await run('status', '--json')).stdout);
}

const filter = () => `module filter { path = ${sample('filter')}\n blocked_words = darn,heck }\n`;
const crashy = (settings = '') => `module crashy { path = ${sample('crashy')}\n${settings}\n}\n`;
const json = (line: string) => JSON.parse(line);

describe('a core in the background', () => {
  it.each([
    ['/etc/passwd', 'is not a directory; give another --run-dir'],
    ['/proc/x', 'cannot be used (ENOENT); give another --run-dir'],
  ])('blames the run directory %s when that is the cause, and not the state directory in it', async (runDir, why) => {
    writeFileSync(join(directory, 'mesibo.conf'), filter());
    const given = ['--run-dir', runDir, 'start', '--config', join(directory, 'mesibo.conf')];
    for (const flags of [[], ['--daemon']]) {
      const { code, stderr } = await run(...given, ...flags);
      expect([code, stderr]).toEqual([1, `mesibo-modules: the run directory ${runDir} ${why}\n`]);
    }
  });

  it('starts, decides on messages, shows a crash, and stops', async () => {
    const started = await start(filter() + crashy());
    expect(started).toEqual({ code: 0, stdout: expect.stringContaining('serves, 2 of 2 modules'), stderr: '' });
    const send = async (text: string) =>
      json((await run('send', '--from', 'a', '--to', 'b', '--json', '--wait', '0', text)).stdout);

    expect(await send('hello')).toMatchObject({ verdict: 'pass', by: null, message: 'hello' });
    expect(await send('what the heck')).toMatchObject({
      verdict: 'consumed',
      by: 'filter',
      trace: [{ module: 'filter' }],
    });
    expect((await send('crash')).trace[1]).toMatchObject({ module: 'crashy', verdict: 'pass', default: 'crash' });
    expect((await send('hello')).trace[1]).toMatchObject({ module: 'crashy', verdict: 'pass', default: null });

    const { modules, core } = await status();
    expect(started.stdout).toContain(`pid ${core.pid} `);
    expect(modules[1]).toMatchObject({
      name: 'crashy',
      state: 'serving',
      generation: 2,
      crashes: { lastSignal: 'SIGSEGV', total: 1 },
    });
    const shown = await run('status');
    expect(shown.code).toBe(0);
    expect(shown.stdout).toMatch(/^crashy +serving +\d+s +\d+ +\d+ MB +[\d.]+s +3 +0 +1 +1 /m);
    expect(
      Math.max(
        ...shown.stdout
          .split('\n')
          .slice(0, 5)
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(100);
    expect((await run('logs', 'crashy')).stdout).toMatch(/crashy\/1 +info +about to write to address 0/);

    expect((await run('stop')).code).toBe(0);
    expect([core.pid, ...modules.map(({ pid }) => pid as number)].filter(isRunning)).toEqual([]);
    expect(await run('status')).toMatchObject({ code: 3, stdout: '' });
    // The logs stay readable.
    expect((await run('logs', '-n', '1000')).stdout).toMatch(/about to write to address 0/);
  });

  it('serves without the modules that were refused, and says which; with --strict it does not', async () => {
    const config = `${crashy()}module ghost { path = /nonexistent/ghost.so }\n`;
    const line = 'module ghost: /nonexistent/ghost.so: there is no such file; build the module, or correct its path';
    expect(await start(config, '--strict')).toEqual({ code: 1, stdout: '', stderr: `mesibo-modules: ${line}\n` });
    expect((await run('status')).code).toBe(3);
    const stdout = expect.stringContaining('serves, 1 of 2 modules are ready');
    expect(await start(config)).toEqual({ code: 0, stdout, stderr: `mesibo-modules: ${line}\n` });
    const shown = await run('status');
    expect(shown.code).toBe(1);
    expect(shown.stdout).toContain(line);
  });

  it('is refused on a run directory that is in use, which it leaves alone', async () => {
    await start(crashy());
    const { core } = await status();
    const second = await start(crashy());
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(new RegExp(`^mesibo-modules: .* is held by the core with pid ${core.pid}; `));
    expect((await status()).core.pid).toBe(core.pid);
  });

  it('says line, column, what was found and what was expected when the configuration is wrong', async () => {
    const { code, stderr } = await start('module crashy {\n  deadline = soon\n}\n');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^mesibo-modules: .*mesibo\.conf:2:3: module crashy: found "soon" for deadline, expected a duration/,
    );
    expect(stderr.split('\n')).toHaveLength(2);
  });

  it('delivers messages that modules send after the outcome, for as long as it is asked to', async () => {
    await start(`module autoreply { path = ${sample('autoreply')}\n reply = Thanks. }\n`);
    const args = ['--from', 'alice', '--to', 'bob', '--id', '18446744073709551615', '--json'];
    const { stdout } = await run('send', ...args, 'hello');
    const lines = stdout.trim().split('\n').map(json);
    expect(lines).toHaveLength(2);
    expect(lines[0].params).toEqual({
      aid: '0',
      id: '18446744073709551615',
      refid: '0',
      groupid: '0',
      flags: 0,
      type: 0,
      expiry: 0,
      uflags: 0,
      status: 0,
      sid: '0',
      device: 0,
      to: 'bob',
      from: 'alice',
    });
    expect(lines[1]).toMatchObject({
      sent: {
        module: 'autoreply',
        sentId: expect.stringContaining('autoreply'),
        message: 'Thanks.',
        params: { to: 'alice', from: 'bob' },
      },
    });
  });

  it('takes messages of any bytes, and refuses one over max_message with a reason', async () => {
    await start(crashy());
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    writeFileSync(join(directory, 'bytes'), bytes);
    const args = ['send', '--from', 'a', '--to', 'b', '--json', '--wait', '0'];
    const outcome = json((await run(...args, '--file', 'bytes')).stdout);
    expect(outcome.message).toBeNull();
    expect(Buffer.from(outcome.messageBase64, 'base64').equals(bytes)).toBe(true);
    expect(json((await finish(begin(...args), 'from stdin')).stdout).message).toBe('from stdin');
    writeFileSync(join(directory, 'large'), Buffer.alloc(1024 * 1024 + 1));
    const refused = await run(...args, '--file', 'large');
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(/1048577 bytes, more than max_message/);
  });

  it('reports what modules made of addresses, however odd', async () => {
    await start(`module sends_latin1 { path = ${fixture('sends-latin1')} }\n`);
    for (let i = 0; i < 2; i++) {
      const { code, stdout } = await run('send', '--from', 'a', '--to', 'b', '--json', 'hello');
      expect(code).toBe(0);
      const lines = stdout.trim().split('\n').map(json);
      expect(lines[0].params.to).toBe('\ufffd'.repeat(30_000));
      expect(lines[1].sent.params.to).toBe('\ufffd'.repeat(30_000));
    }
    expect((await status()).modules[0]).toMatchObject({ state: 'serving', messages: { pass: 2 } });
  });

  it('replaces a hung host; the message passed at its deadline', async () => {
    await start(crashy('deadline = 500ms\nhang = 2s'));
    const { stdout } = await run('send', '--from', 'a', '--to', 'b', '--json', '--wait', '0', 'hang');
    expect(json(stdout).trace).toMatchObject([{ module: 'crashy', verdict: 'pass', default: 'deadline' }]);
    await expect
      .poll(async () => (await status()).modules[0], { timeout: 30_000 })
      .toMatchObject({ state: 'serving', generation: 2, crashes: { byCause: { hang: 1 } } });
    const again = await run('send', '--from', 'a', '--to', 'b', '--json', '--wait', '0', 'hello');
    expect(json(again.stdout).trace).toMatchObject([{ default: null }]);
  });
});

describe('a command that is printed', () => {
  it('reaches the core that was asked, when it is pasted', async () => {
    writeFileSync(join(directory, 'mesibo.conf'), filter() + crashy());
    const there = (...args: string[]) => run('--run-dir', "it's here", ...args);
    const paste = (line = '') => {
      const env = { ...command.env, node: process.execPath, main };
      const script = line.replace('mesibo-modules', '"$node" "$main"');
      return spawnSync('/bin/sh', ['-c', script], { cwd: '/', env, encoding: 'utf8' });
    };
    const printed = (text: string) => text.match(/mesibo-modules --run-dir [^;\n]*/)?.[0];
    try {
      expect((await there('status')).stderr).toMatch(
        /start one with: mesibo-modules --run-dir '\/.*\/it'\\''s here' start\n/,
      );
      await there('start', '--daemon', '--config', 'mesibo.conf');
      const stopped = await there('stop', 'crashy');
      const { stdout } = await there('status');
      expect([printed(stopped.stderr), printed((await there('describe', 'crashy')).stdout)]).toEqual([
        printed(stdout),
        printed(stdout),
      ]);
      expect(paste(printed(stdout))).toMatchObject({ status: 0, stderr: 'mesibo-modules: module crashy serves\n' });
    } finally {
      await there('stop');
    }
  });

  it('does so too when it is part of an error of the core', async () => {
    writeFileSync(join(directory, 'mesibo.conf'), filter());
    const there = (...args: string[]) => run('--run-dir', "it's here", ...args);
    await there('start', '--daemon', '--config', 'mesibo.conf');
    try {
      await there('stop', 'filter');
      const { code, stderr } = await there('restart', 'filter');
      expect(code).toBe(1);
      expect(stderr).toMatch(/; to start it: mesibo-modules --run-dir '\/.*\/it'\\''s here' start filter\n$/);
    } finally {
      await there('stop');
    }
  });
});

describe('a core whose disk is full', () => {
  it('serves on, and says so on stdout and in its status', async () => {
    const folder = join(directory, 'run', 'state', 'logs', 'modules');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(join(directory, 'run'), 0o700);
    symlinkSync('/dev/full', join(folder, 'crashy.log'));
    writeFileSync(join(directory, 'mesibo.conf'), crashy());
    const ended = finish(begin('start', '--config', 'mesibo.conf'));
    const state = async () => json((await run('list', '--json')).stdout || '[{}]')[0].state;
    await expect.poll(state, { timeout: 30_000 }).toBe('serving');
    const { stdout } = await run('send', '--from', 'a', '--to', 'b', '--json', '--wait', '0', 'hello');
    expect(json(stdout).trace).toMatchObject([{ default: null }]);
    const { core } = await status();
    expect(core.problems).toEqual([expect.stringMatching(/crashy\.log cannot be written, .* ENOSPC/)]);
    const shown = await run('status');
    expect([shown.code, shown.stdout]).toEqual([1, expect.stringContaining(core.problems[0] as string)]);
    await run('stop');
    expect((await ended).stdout).toMatch(/crashy\.log cannot be written, its lines are lost: ENOSPC/);
  });
});

describe('a core in the foreground', () => {
  it('logs JSON to stdout and ends on SIGTERM', async () => {
    writeFileSync(join(directory, 'mesibo.conf'), crashy());
    const child = begin('start', '--config', 'mesibo.conf');
    const ended = finish(child);
    await expect.poll(async () => (await run('status')).code, { timeout: 30_000 }).toBe(0);
    child.kill('SIGTERM');
    const { code, stdout, stderr } = await ended;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const messages = stdout.trim().split('\n').map(json);
    expect(messages.some(({ msg }) => /serves .* 1 of 1 modules are ready/.test(msg))).toBe(true);
    expect(messages.every(({ level, time }) => typeof level === 'number' && typeof time === 'number')).toBe(true);
  });
});

it('a command whose output finds the disk full fails, and says so', async () => {
  await start(crashy());
  const commands = [
    ['status', '--json'],
    ['list'],
    ['describe', 'crashy'],
    ['logs'],
    ['completion', 'bash'],
    ['--help'],
  ];
  const ends = await Promise.all(commands.map((args) => finish(command.beginInto('/dev/full', ...args))));
  for (const { code, stderr } of ends) {
    expect([code, stderr]).toEqual([1, expect.stringMatching(/the output could not be written \(ENOSPC\)/)]);
  }
});

describe('check', () => {
  it('tries the file and every module, without touching a running core', async () => {
    await start(crashy());
    const before = await status();
    const file = join(directory, 'other.conf');
    writeFileSync(file, `${crashy()}module init_returns_minus_one { path = ${fixture('init-returns-minus-one')} }\n`);
    const checked = await run('check', '--config', file);
    expect(checked.code).toBe(1);
    expect(checked.stdout).toMatch(
      /^module crashy: ok, ABI table: the note in the file says so; its sources choose none, and this is the default$/m,
    );
    expect(checked.stdout).toMatch(/^module init_returns_minus_one: .*: "the licence file is missing"/m);
    const after = await status();
    expect(after.modules[0]?.pid).toBe(before.modules[0]?.pid);
    writeFileSync(file, crashy());
    expect((await run('check', '--config', file)).code).toBe(0);
  });

  it('recommends the ABI that a trial found, and does not count that as a fault', async () => {
    const file = join(directory, 'abi.conf');
    const path = `path = ${fixture('only-2019')}`;
    writeFileSync(file, `module only_2019 { ${path} }\n`);
    const reason = 'found by a trial of exports-2020, exports-2019 (it imports mesibo_log, which both have)';
    expect(await run('check', '--config', file)).toMatchObject({
      code: 0,
      stdout: `module only_2019: ok, ABI exports-2019: ${reason}; set "abi = exports-2019" if that is what it was built for\n`,
    });
    writeFileSync(file, `module only_2019 { ${path} ; abi = exports-2019 }\n`);
    expect((await run('check', '--config', file)).stdout).toBe(
      'module only_2019: ok, ABI exports-2019: set by "abi" in the configuration\n',
    );
  });

  /** What one verb warns of, every other one warns of as well. */
  it.each([
    [
      'mangled-init',
      '',
      /exports mesibo_module_mangled_init_init under its C\+\+ name .* only, which is used; .*extern "C"$/,
    ],
    [
      'mangled-init',
      'renamed',
      /under its C\+\+ name .* instead of mesibo_module_renamed_init, which is used; call the/,
    ],
    ['generic-2020', 'renamed', /exports mesibo_module_generic_2020_init instead of mesibo_module_renamed_init, which/],
    [
      'calls-later-services',
      '',
      /it wants sockets, which this version does not offer to modules: mesibo_util_socket_con/,
    ],
    ['mixed-abis', '', /"abi = exports-2020" is set, but the note in the file says table; remove "abi", unless/],
  ])('warns of %s %s in the same words as start, run and try; --strict fails', async (fixtureName, alias, warning) => {
    const file = join(directory, 'warned.conf');
    const name = alias || fixtureName.replaceAll('-', '_');
    const abi = fixtureName === 'mixed-abis' ? '\nabi = exports-2020' : '';
    writeFileSync(file, `module ${name} { path = ${fixture(fixtureName)}${abi} }\n`);
    const checked = await run('check', '--config', file);
    const text = checked.stdout.split('\n').find((line) => warning.test(line)) ?? checked.stdout;
    expect(text).toMatch(warning);
    expect(checked).toMatchObject({ code: 0, stdout: expect.stringMatching(/^module \w+: ok, ABI /m) });
    expect(await run('check', '--strict', '--config', file)).toMatchObject({ code: 1, stdout: checked.stdout });
    const [shown] = (await run('check', '--json', '--config', file)).stdout.split('\n');
    expect(JSON.parse(shown ?? '')).toMatchObject({
      ok: true,
      warnings: expect.arrayContaining([text]),
      problems: [],
    });

    expect((await start(readFileSync(file, 'utf8'))).stderr).toContain(`${text}\n`);
    expect((await run('restart', name)).stderr).toContain(`${text}\n`);
    const said = text.replace(`module ${name}: `, '');
    expect((await status()).modules[0]).toMatchObject({ warnings: expect.arrayContaining([said]) });
    const logged = (await run('logs', name, '--json')).stdout.trim().split('\n');
    expect(logged.map((line) => JSON.parse(line).msg)).toContain(text);
    const unwrapped = (await run('status')).stdout.replace(/\s+/g, ' ');
    expect(unwrapped).toContain(said);
    expect((await run('describe', name)).stdout.replace(/\s+/g, ' ')).toContain(said);

    const given = abi === '' ? [] : ['--abi', 'exports-2020'];
    const inProcess = await run('run', '--in-process', '--config', file, '--message', 'hello');
    expect(inProcess.stderr).toContain(`${text}\n`);
    const tried = await run('try', fixture(fixtureName), ...(alias ? ['--name', alias] : given), 'hello');
    expect(tried.stdout.split('\n').map((line) => line.trim())).toContain(`note: ${text}`);
  });
});

describe('usage', () => {
  it.each([
    [['send', '--from', 'a'], 2, /required option '--to/],
    [['send', '--from', 'a', '--to', 'b', '--id', '-1', 'x'], 2, /--id/],
    [['send', '--from', 'a', '--to', 'b', '--id', '18446744073709551616', 'x'], 2, /--id/],
    [['nonsense'], 2, /unknown command/],
    [['status'], 3, /no core serves .*; start one with: mesibo-modules start/],
    [['stop'], 3, /no core serves/],
    [['send', '--from', 'a', '--to', 'b', 'x'], 3, /no core serves/],
    [['start', '--config', '/nonexistent.conf'], 1, /\/nonexistent\.conf/],
    [['logs', 'nobody'], 1, /nothing has been logged/],
  ] as const)('%j', async (args, code, says) => {
    const result = await run(...args);
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr).toMatch(says);
    expect(result.stderr).not.toMatch(/^\s+at /m);
  });

  it('ends quietly when its reader has seen enough', async () => {
    await start(crashy());
    const child = begin('logs', '-f', '--json');
    child.stdout.once('data', () => child.stdout.destroy());
    const stop = setInterval(
      () => void run('send', '--from', 'a', '--to', 'b', '--wait', '0', `crash ${Date.now()}`),
      500,
    );
    const [code] = await once(child, 'exit');
    clearInterval(stop);
    expect(code).toBe(0);
  });

  it('names the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await run('--version')).toMatchObject({ code: 0, stdout: `${version}\n` });
  });
});

describe('--help', () => {
  it.each(['start', 'stop', 'status', 'check', 'send', 'run', 'logs'])('of %s is there', async (verb) => {
    const shown = await run(verb, '--help');
    expect(shown).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^Usage: /) });
    expect(await run('help', verb)).toEqual(shown);
  });

  it('help knows the commands that there are', async () => {
    expect(await run('help')).toEqual(await run('--help'));
    for (const [asked, answer] of [
      ['statu', 'no command is named "statu"; did you mean status?'],
      ['nix', 'no command is named "nix"; there are: try, demo, start,'],
    ] as const) {
      const { code, stdout, stderr } = await run('help', asked);
      expect([code, stdout]).toEqual([2, '']);
      expect(stderr).toContain(answer);
    }
  });
});
