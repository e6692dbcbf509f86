import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CommandLine, collect } from '../helpers/command.js';
import { type RestServer, startRestServer } from '../helpers/rest-server.js';
import { fixture, isRunning, makeTempDir, sample } from './core.js';

const main = fileURLToPath(new URL('../../dist/bundles/mesibo-modules.cjs', import.meta.url));
const header = fileURLToPath(new URL('../../modules/include', import.meta.url));
const cc = process.env.CC ?? 'cc';
let directory: string;
let server: RestServer | undefined;

beforeEach(() => {
  directory = makeTempDir();
});
afterEach(async () => {
  rmSync(directory, { recursive: true });
  await server?.close();
  server = undefined;
});

/** Runs `run --in-process` to its end. */
async function run(args: string[], input = ''): Promise<{ code: number | null; out: string; err: string }> {
  const child = spawn(process.execPath, [main, 'run', ...args], { cwd: directory });
  const said = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (text) => {
    said.out += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text) => {
    said.err += text;
  });
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  return { code, ...said };
}

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

function commandOf(pid: number): string {
  return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
}

const inProcess = (...args: string[]) => run(['--in-process', ...args]);
const filter = [sample('filter'), '--conf', 'blocked_words=heck'];

describe('run --in-process', () => {
  it('shows what each module makes of each message', async () => {
    const messages = ['--message', 'hello', '--message', 'what the heck'];
    const { code, out, err } = await inProcess(sample('autoreply'), ...filter, sample('crashy'), ...messages);
    expect([code, err]).toEqual([0, '']);
    expect(out).toContain('crashy: loaded, ABI table');
    expect(out.slice(out.indexOf('message 1'))).toBe(
      `message 1 from alice to bob: hello
  autoreply sends to alice: Thank you. Your message has arrived.
  autoreply  pass
  filter     pass
  crashy     pass
  = pass

message 2 from alice to bob: what the heck
  autoreply sends to alice: Thank you. Your message has arrived.
  filter logs: blocked a message from alice: it contains "heck"
  autoreply  pass
  filter     consumed
  = consumed by filter
`,
    );
  });

  it('takes texts behind the files, as try does', async () => {
    const { code, out } = await inProcess(sample('autoreply'), ...filter, 'hello', 'what the heck');
    expect(code).toBe(0);
    expect(out).toMatch(/^message 1 from alice to bob: hello$[\s\S]*^message 2 from alice to bob: what the heck$/m);
    expect(out).toMatch(/autoreply {2}pass\n {2}filter {5}pass/);
  });

  it('with --message takes every argument as a file', async () => {
    const { code, out } = await inProcess(sample('filter'), 'hello', '--message', 'x');
    expect([code, out]).toEqual([1, expect.stringMatching(/^$/)]);
  });

  it('is a conversation on a terminal, until the process ends', async () => {
    const line = `'${process.execPath}' '${main}' run --in-process '${sample('crashy')}'`;
    const child = spawn('script', ['-qefc', `stty cols 100 rows 30; ${line}`, '/dev/null'], { cwd: directory });
    let screen = '';
    const shown = (text: RegExp) =>
      vi
        .waitUntil(() => text.test(screen), { timeout: 30_000, interval: 20 })
        .catch(() => expect(screen).toMatch(text));
    child.stdout.setEncoding('utf8').on('data', (text) => {
      screen += text;
    });
    await shown(/Ctrl-D ends/);
    child.stdin.write('/as bob\rgood evening\r');
    await shown(/message 1 from bob to alice: good evening[\s\S]*= pass/);
    child.stdin.write('crash\r');
    const [code] = await once(child, 'close');
    expect([code, screen]).toEqual([1, expect.stringMatching(/was ended by SIGSEGV in on_message of message 2/)]);
  });

  it('waits for http requests until they end, or for as long as --wait says', async () => {
    const delays = [1000, 600_000];
    server = await startRestServer((_, response) => {
      setTimeout(() => response.end('{"reply":"late"}'), delays.shift()).unref();
    });
    const chatbot = [sample('chatbot'), '--conf', 'address=bob', '--conf', `url=${server.url}/q`];
    const waited = await inProcess(...chatbot, 'hello');
    expect(waited).toMatchObject({ code: 0, out: expect.stringContaining('sends to alice: late') });
    const bounded = await inProcess(...chatbot, 'hello', '--wait', '300');
    expect(bounded).toMatchObject({
      code: 0,
      out: expect.stringContaining('an http request is still open, and ends now'),
    });
  });

  it.each(['asks-table', 'asks-2019', 'asks-2020'])(
    'fails requests of %s that are open at the end, once each',
    async (name) => {
      server = await startRestServer(() => undefined);
      const ask = `url=${server.url}\ntimes=3`;
      const { code, out } = await inProcess(fixture(name), '--message', ask, '--wait', '0');
      expect(code).toBe(0);
      expect(out).toContain('3 http requests are still open, and end now; a larger --wait waits longer');
      expect(out.match(/logs: (?:data\(.*,-1,|close\(-1\))/g)).toHaveLength(3);
    },
  );

  it('lets a module answer for requests that are open at the end, before its cleanup', async () => {
    server = await startRestServer(() => undefined);
    const chatbot = [sample('chatbot'), '--conf', 'address=bob', '--conf', `url=${server.url}/never`];
    const { code, out } = await inProcess(...chatbot, 'hello', '--wait', '100');
    expect(code).toBe(0);
    expect(out.match(/chatbot sends to alice: Sorry/g)).toHaveLength(1);
  });

  it('warns when a setting for the module is also one of ours', async () => {
    const { code, err } = await inProcess(...filter, '--conf', 'deadline=1s', 'hello');
    expect([code, err]).toEqual([0, expect.stringContaining('"try" takes it with --set')]);
  });

  it('takes lines of standard input, and says what was changed', async () => {
    const { code, out } = await run(['--in-process', '--id', '7', fixture('change-2020')], 'one\nredirect two\n');
    expect(code).toBe(0);
    expect(out).toContain('message is now: ONE\n  expiry is now: 3600\n');
    expect(out).toContain('message is now: REDIRECT TWO\n  expiry is now: 3600\n  to is now: redirected\n');
  });

  it('takes the modules of a configuration', async () => {
    const file = join(directory, 'mesibo.conf');
    writeFileSync(
      file,
      `module filter { path = ${sample('filter')}\n blocked_words = darn }\nmodule crashy { path = ${sample('crashy')} }\n`,
    );
    const { code, out } = await inProcess('--config', file, '--message', 'darn', '--message', 'fine');
    expect(code).toBe(0);
    expect(out).toContain('= consumed by filter');
    expect(out).toMatch(/filter {2}pass\n {2}crashy {2}pass\n {2}= pass/);
  });

  it('gives the same warnings about a configuration as check', async () => {
    const file = join(directory, 'mesibo.conf');
    const module = `module filter { path = ${sample('filter')} ; dead_line = 1s }`;
    writeFileSync(file, `${module}\n`);
    const checked = spawnSync(process.execPath, [main, 'check', '--config', file], { encoding: 'utf8' });
    expect(checked.stderr).toMatch(/mesibo\.conf:1:\d+: .*dead_line/);
    expect(await inProcess('--config', file, '--message', 'x')).toMatchObject({ code: 0, err: checked.stderr });

    writeFileSync(file, 'module = missing\n');
    const { stdout } = spawnSync(process.execPath, [main, 'check', '--config', file], { encoding: 'utf8' });
    expect(stdout).toMatch(/^module missing: no file found; looked for .*; install it or set path\n$/);
    expect((await inProcess('--config', file, '--message', 'x')).err).toBe(`mesibo-modules: ${stdout}`);
  });

  it('prints JSON, to standard output alone', async () => {
    const { code, out } = await inProcess('--json', fixture('writes-stdout'), '--message', 'x\u0007');
    expect(code).toBe(0);
    const events = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(events.at(-1)).toMatchObject({ event: 'outcome', verdict: 'pass', by: null, number: 1, message: 'x\u0007' });
    expect(events.at(-1).params).toMatchObject({ id: '1', from: 'alice', to: 'bob' });
  });

  it('does what modules ask over http', async () => {
    server = await startRestServer((_, response) => void response.end('{"reply":"hi there"}'));
    const chatbot = [sample('chatbot'), '--conf', 'address=bot', '--conf', `url=${server.url}/q`];
    const { code, out } = await inProcess(...chatbot, '--to', 'bot', '--message', 'hello');
    expect(code).toBe(0);
    expect(out).toContain('= consumed by chatbot\n  chatbot sends to alice: hi there\n');
    const asks = await inProcess(
      fixture('asks-2019'),
      '--conf',
      `at_init=url=${server.url}\nsynchronous=1`,
      '--message',
      '',
    );
    expect(asks.out.indexOf('data(3,100,)')).toBeLessThan(asks.out.indexOf('message 1'));
    expect(asks.out).toContain('data(3,99,{"reply":"hi there"})');
  });

  it('names the module and the message that ended the process, and what to do', async () => {
    const { code, err } = await inProcess(
      sample('crashy'),
      '--message',
      'fine',
      '--message',
      'crash',
      '--message',
      'after',
    );
    expect(code).toBe(1);
    expect(err).toContain(
      `was ended by SIGSEGV in on_message of message 2 of module crashy; to see where it crashes: mesibo-modules run --in-process --under 'gdb -batch -ex run -ex bt --args' ${sample('crashy')} --message fine --message crash\n`,
    );
    const left = await inProcess(sample('crashy'), '--message', 'exit');
    expect(left.err).toContain('the process ended early in on_message of message 1 of module crashy');
  });

  it('refuses what a core would refuse, also in a child that a module forked', async () => {
    const { code, out } = await inProcess(fixture('bad-sends-2020'), '--message', '1048577');
    expect(code).toBe(0);
    expect(out).toMatch(/refused: params is NULL/);
    expect(out).toMatch(/refused: 1048577 bytes are more than max_message \(1048576\)/);
  });

  it('refuses a message that try would refuse, in the same words, and goes on', async () => {
    const { code, out, err } = await run(['--in-process', sample('filter')], `${'x'.repeat(1024 * 1024 + 1)}\nhello\n`);
    const words = 'the message has 1048577 bytes, more than max_message (1048576); it was refused';
    expect([code, err]).toEqual([1, `mesibo-modules: ${words}\n`]);
    expect(out).toMatch(/^message 1 from alice to bob: hello$[\s\S]*= pass/m);
  });

  it('leaves no process behind, and shows no setting on its command line', async () => {
    const conf = `module init_hangs { path = ${fixture('init-hangs')}\n abi = table\n token = S3CRET }\n`;
    writeFileSync(join(directory, 'hangs.conf'), conf);
    const child = spawn(process.execPath, [main, 'run', '--in-process', '--config', 'hangs.conf', '--message', 'x'], {
      cwd: directory,
    });
    const loader = await vi.waitUntil(() => childrenOf(child.pid ?? 0)[0], { timeout: 30_000, interval: 20 });
    await vi.waitUntil(() => commandOf(loader).includes('mesibo-reference'), { timeout: 30_000, interval: 20 });
    expect(commandOf(loader)).not.toContain('S3CRET');
    child.kill('SIGKILL');
    await vi.waitUntil(() => !isRunning(loader), { timeout: 30_000, interval: 20 });
  });

  it('says why a module cannot be loaded', async () => {
    for (const [file, why] of [
      [
        fixture('init-returns-minus-one'),
        /the licence file is missing[\s\S]*cannot be loaded: it refuses to start with every ABI/,
      ],
      [fixture('no-init'), /it exports no mesibo_module_<name>_init/],
      [join(directory, 'missing.so'), /there is no such file/],
      ['/etc/passwd', /it is not an ELF file/],
    ] as const) {
      const { code, out, err } = await inProcess(file, '--message', 'x');
      expect([code, out + err]).toEqual([1, expect.stringMatching(why)]);
    }
  });

  it('takes the ABI that it is given, and tries none', async () => {
    const { code, out } = await inProcess(fixture('unchecked-2019'), '--abi', 'exports-2019', '--message', 'x');
    expect([code, out]).toEqual([0, expect.stringMatching(/^unchecked_2019: loaded, ABI exports-2019/)]);
  });

  it.each([
    [['module.so', '--message', 'x'], /run needs --in-process/],
    [['--in-process', '--message', 'x'], /give the \.so files of modules, or --config FILE/],
    [['--in-process', 'a.so', '--config', 'b.conf', '--message', 'x'], /not both/],
    [['--in-process', 'a.so', '--conf', 'nothing', '--message', 'x'], /Expected KEY=VALUE/],
    [['--in-process', '--conf', 'a=b', '--config', 'b.conf', '--message', 'x'], /the settings are those of the file/],
    [['--in-process', '--abi', 'table', '--config', 'b.conf', '--message', 'x'], /the ABIs are those of the file/],
    [['--in-process', 'a.so', '--abi', 'none', '--message', 'x'], /Allowed choices are table, exports-2019/],
  ])('%j is a mistake that it explains', async (args, why) => {
    const { code, err } = await run(args);
    expect([code, err]).toEqual([2, expect.stringMatching(why)]);
  });
});

describe('run --in-process --under', () => {
  const has = (command: string) => spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
  const libasan = execFileSync(cc, ['-print-file-name=libasan.so'], { encoding: 'utf8' }).trim();

  /** A module that writes one byte behind a block of its heap. */
  function buildOverrun(...flags: string[]): string {
    const [source, file] = [join(directory, 'overrun.c'), join(directory, 'module_overrun.so')];
    writeFileSync(
      source,
      `#include <stdlib.h>
#include <string.h>
#include <mesibo/module.h>
static int on_message(mesibo_module_t *mod, mesibo_message_params_t *params, const char *message, mesibo_uint_t len)
{
	char *volatile copy = malloc(len);
	(void)mod, (void)params;
	memcpy(copy, message, len);
	((volatile char *)copy)[len] = 0;
	free(copy);
	return 0;
}
MESIBO_EXPORT int mesibo_module_overrun_init(mesibo_module_t *mod, mesibo_uint_t len)
{
	(void)len;
	mod->on_message = on_message;
	return 0;
}
`,
    );
    execFileSync(cc, ['-g', '-O1', ...flags, '-fPIC', '-shared', `-I${header}`, '-o', file, source]);
    return file;
  }

  it.runIf(existsSync(libasan))('AddressSanitizer finds what a module does wrong', async () => {
    const module = buildOverrun('-fsanitize=address');
    const { code, out, err } = await inProcess('--under', `env LD_PRELOAD=${libasan}`, module, '--message', 'hello');
    expect(code).toBe(1);
    expect(out + err).toMatch(/heap-buffer-overflow[\s\S]*overrun\.c:9/);
    expect(err).toContain('in on_message of message 1 of module overrun');
  });

  it.runIf(has('valgrind'))('valgrind does too', async () => {
    const { code, err } = await inProcess(
      '--under',
      'valgrind -q --error-exitcode=9',
      buildOverrun(),
      '--message',
      'hello',
    );
    expect([code, err]).toEqual([1, expect.stringMatching(/Invalid write of size 1[\s\S]*overrun\.c:9/)]);
    const clean = await inProcess(
      '--under',
      'valgrind -q --leak-check=full --error-exitcode=9',
      ...filter,
      '--message',
      'hello',
    );
    expect([clean.code, clean.err]).toEqual([0, '']);
  });

  /** The command that a report of a crash ends with, as a shell runs it. */
  async function paste(report: string): Promise<string> {
    const [, line = ''] =
      /to see where it crashes(?:, with the message in the place of TEXT)?: (mesibo-modules run .*)$/m.exec(report) ??
      [];
    const child = spawn('/bin/sh', ['-c', line.replace('mesibo-modules', '"$0" "$1"'), process.execPath, main], {
      cwd: directory,
    });
    const { stdout } = await collect(child);
    return stdout;
  }
  const command = () => new CommandLine(directory);

  it.runIf(has('gdb'))(
    'the line that try prints shows where the module crashes, with its settings and its message',
    async () => {
      const { stdout } = await command().run('try', sample('crashy'), 'crash', '--conf', "a=it's 1", '--from', 'x y');
      const shown = await paste(stdout);
      expect(shown).toContain('message 1 from x y to bob: crash\n');
      expect(shown).toMatch(/SIGSEGV[\s\S]*crashy_on_message .*crashy\.c:\d+/);
    },
  );

  it('the line has the numbers of the messages', async () => {
    const numbers = ['--type', '7', '--flags', '3', '--id', '9', '--group', '2'];
    const { err } = await inProcess(...numbers, sample('crashy'), '--message', 'crash');
    expect(err).toMatch(/to see where it crashes: .* --id 9 --group 2 --type 7 --flags 3 \S+ --message crash$/m);
  });

  it.runIf(has('gdb'))('the line has all messages since the module was last started', async () => {
    const { stdout } = await command().run('try', sample('crashy'), 'one', 'crash', 'two', 'three', 'crash');
    const lines = [...stdout.matchAll(/--args' \S+ (.*)$/gm)].map(([, texts]) => texts);
    expect(lines).toEqual(['--message one --message crash', '--message two --message three --message crash']);
  });

  it.runIf(has('gdb'))('a message that is not text reaches the module through a pipe', async () => {
    const { err, out } = await run(['--in-process', sample('crashy')], 'a\x1b[2J\ncrash\n');
    expect(out + err).not.toContain('\x1b');
    const [, line = ''] = /to see where it crashes: (printf .*)$/m.exec(err) ?? [];
    const child = spawn('/bin/sh', ['-c', line.replace('mesibo-modules', '"$0" "$1"'), process.execPath, main]);
    expect((await collect(child)).stdout).toMatch(/SIGSEGV[\s\S]*crashy_on_message .*crashy\.c:\d+/);
  });

  it('what a module prints does not rule the terminal, and none of it is lost in a crash', async () => {
    const { out, err } = await inProcess(fixture('prints-control'), '--message', 'crash');
    expect(out).toContain('title \\x1b]0;owned\\x07\n');
    expect(err).toContain('screen \\x1b[2J\n');
    expect(out + err).not.toContain('\x1b');
    expect(out).toContain('prints-control.c:');
  });

  it('--name chooses a module of a file that has several', async () => {
    const { code, err } = await inProcess('--name', 'none', sample('filter'), 'x');
    expect([code, err]).toEqual([0, expect.stringContaining('none')]);
    expect(await inProcess('--name', 'a', sample('filter'), sample('crashy'), 'x')).toMatchObject({ code: 2 });
  });

  it('started by npx, commands are those that npx runs', async () => {
    const bin = join(directory, 'node_modules', '.bin');
    mkdirSync(bin, { recursive: true });
    symlinkSync(main, join(bin, 'mesibo-modules'));
    const env = { ...process.env, npm_command: 'exec', PATH: `${bin}:${process.env.PATH}` };
    const child = spawn('mesibo-modules', ['try', sample('crashy'), 'crash'], { env, cwd: directory });
    expect((await collect(child)).stdout).toContain(': npx mesibo-modules run --in-process');
    const check = spawn('mesibo-modules', ['check', sample('crashy')], { env, cwd: directory });
    expect((await collect(check)).stderr).toContain(': npx mesibo-modules try');
  });

  it.runIf(has('gdb'))('so does the line that try prints when the module crashes in its init', async () => {
    const { code, stderr } = await command().run('try', fixture('init-crashes'), '--abi', 'table', 'x');
    expect(code).toBe(1);
    expect(await paste(stderr)).toMatch(/SIGSEGV[\s\S]*mesibo_module_init_crashes_init .*init-crashes\.c:\d+/);
  });

  it.runIf(has('gdb'))('so does the line that check prints, with the settings of the configuration', async () => {
    const crashes = `module init_crashes { path = ${fixture('init-crashes')} ; abi = table ; token = S3CRET }`;
    writeFileSync(join(directory, 'c.conf'), `module = missing\n${crashes}\n`);
    const { code, stdout } = await command().run('check', '--config', 'c.conf');
    expect([code, stdout]).toEqual([1, expect.not.stringContaining('S3CRET')]);
    expect(await paste(stdout)).toMatch(/SIGSEGV[\s\S]*mesibo_module_init_crashes_init/);
  });

  it.runIf(has('gdb'))('so does the line of the log, of status and of describe, once TEXT is the message', async () => {
    const running = command();
    expect(await running.start(`module crashy { path = ${sample('crashy')} }`)).toMatchObject({ code: 0 });
    try {
      await running.run('send', '--from', 'a', '--to', 'b', 'crash');
      for (const verb of [['logs', 'crashy'], ['status'], ['describe', 'crashy']]) {
        const { stdout } = await running.run(...verb);
        expect(await paste(stdout.replace('--message TEXT', '--message crash'))).toMatch(/SIGSEGV[\s\S]*crashy\.c:\d+/);
      }
    } finally {
      expect(await running.run('stop')).toMatchObject({ code: 0 });
    }
  });

  it.runIf(has('gdb'))('the same command says nothing more when nothing crashes', async () => {
    const under = ['--under', 'gdb -batch -ex run -ex bt --args'];
    const { code, out } = await inProcess(...under, sample('crashy'), '--message', 'fine');
    expect([code, out]).toEqual([0, expect.stringContaining('exited normally')]);
  });

  it('a death that no debugger can explain has no such line', async () => {
    const { stdout } = await command().run('try', sample('crashy'), 'exit');
    expect(stdout).toMatch(/called exit\(0\)/);
    expect(stdout).not.toContain('gdb');
  });

  it('says how to install a debugger that is missing', async () => {
    const { code, err } = await inProcess('--under', 'no-such-gdb --args', sample('filter'), 'x');
    expect([code, err]).toEqual([
      2,
      expect.stringContaining('no-such-gdb is not installed; install it, for example with'),
    ]);
  });

  it('--only takes one module of a configuration', async () => {
    const modules = ['filter', 'crashy'].map((name) => `module ${name} { path = ${sample(name)} }`);
    writeFileSync(join(directory, 'two.conf'), modules.join('\n'));
    const one = await inProcess('--config', 'two.conf', '--only', 'crashy', 'x');
    expect(one).toMatchObject({ code: 0, out: expect.not.stringContaining('filter') });
    expect((await inProcess('--config', 'two.conf', '--only', 'crash', 'x')).err).toContain('did you mean crashy?');
  });

  it.runIf(has('gdb'))('gdb shows the line', async () => {
    const { out } = await inProcess(
      '--under',
      'gdb -q -batch -ex run -ex bt --args',
      sample('crashy'),
      '--message',
      'crash',
    );
    expect(out).toMatch(/SIGSEGV[\s\S]*crashy_on_message .*crashy\.c:\d+/);
  });
});
