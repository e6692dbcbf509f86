import { once } from 'node:events';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommandLine } from '../helpers/command.js';
import { listMarked, listProcesses } from '../helpers/processes.js';
import { type RestServer, startRestServer } from '../helpers/rest-server.js';
import { boxesOf, fixture, makeTempDir, readRunId, sample } from './core.js';

let command: CommandLine;
/** Where a core for a moment makes its run directory. */
let temporary: string;

beforeEach(() => {
  command = new CommandLine(makeTempDir());
  temporary = join(command.directory, 't');
  mkdirSync(temporary);
  process.env.TMPDIR = temporary;
});
afterEach(() => {
  delete process.env.TMPDIR;
  expect(readdirSync(temporary)).toEqual([]);
  rmSync(command.directory, { recursive: true });
});

/** A file with this content, for tests of files of another kind. */
function file(name: string, content: string): string {
  const path = join(command.directory, name);
  writeFileSync(path, content);
  return path;
}

describe('try FILE.so TEXT', () => {
  it('shows what the module does with each message', async () => {
    const { code, stdout, stderr } = await command.run(
      ...['try', sample('filter'), 'good morning', 'what the heck', '--conf', 'blocked_words=heck'],
    );
    const lines = stdout.trim().split('\n');
    expect([code, stderr]).toEqual([0, '']);
    expect(lines).toEqual([
      expect.stringMatching(/^module filter is ready after \d+ ms; ABI exports-2020: the note in the file says so$/),
      'alice to bob: good morning',
      expect.stringMatching(/^ {2}= pass, after [\d.]+ ms$/),
      'alice to bob: what the heck',
      '    logs: blocked a message from alice: it contains "heck"',
      expect.stringMatching(/^ {2}= consumed, after [\d.]+ ms$/),
    ]);
  });

  it('shows what it changes and sends, and takes the ABI and our settings', async () => {
    const change = await command.run(
      'try',
      fixture('change-2020'),
      'x',
      '--set',
      'deadline=20s',
      '--abi',
      'exports-2020',
    );
    expect(change.stdout).toMatch(/ABI exports-2020: .*configuration/);
    expect(change.stdout).toContain('the text is now: ');
    const reply = await command.run(
      'try',
      sample('autoreply'),
      'hi',
      '--conf',
      'reply=a=b',
      '--from',
      'x',
      '--to',
      'y',
    );
    expect(reply.stdout).toContain('    sends, from y to x: a=b\n');
  });

  it('shows a crash, goes on with the next message, and exits with 1', async () => {
    const { code, stdout } = await command.run('try', sample('crashy'), 'crash', 'hello');
    expect(code).toBe(1);
    expect(stdout).toMatch(/! module crashy: host 1 \(pid \d+\) was ended by SIGSEGV while executing on_message/);
    expect(stdout).toContain('= pass by default, because of: crash');
    expect(stdout.trim().split('\n').at(-1)).toMatch(/= pass, after/);
  });

  it('goes on after a message that is refused, and shows the beginning of a long one', async () => {
    const child = command.begin('try', sample('filter'));
    const { code, stdout, stderr } = await command.finish(child, `${'x'.repeat(1024 * 1024 + 1)}\nhello\n`);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/the message has 1048577 bytes, .*; it was refused/)]);
    expect(stdout).toMatch(/^alice to bob: x{1000}\.\.\. \(1048577 bytes\)$/m);
    expect(stdout).toMatch(/^alice to bob: hello\n {2}= pass/m);
  });

  it('takes texts from --message too, as run --in-process does', async () => {
    const { code, stdout } = await command.run('try', sample('filter'), 'one', '--message', 'two');
    expect([code, stdout.match(/^alice to bob: .*/gm)]).toEqual([0, ['alice to bob: one', 'alice to bob: two']]);
  });

  it('takes lines of standard input as they are, and prints JSON for programs', async () => {
    const child = command.begin('try', sample('filter'), '--json', '--conf', 'blocked_words=b');
    const { code, stdout } = await command.finish(child, Buffer.from('a\n\xff\nb', 'latin1'));
    const documents = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(code).toBe(0);
    expect(documents).toMatchObject([
      { verdict: 'pass', message: 'a', params: { from: 'alice', to: 'bob', id: '1' } },
      { verdict: 'pass', message: null, messageBase64: '/w==' },
      { log: { source: 'module', text: 'blocked a message from alice: it contains "b"' } },
      { verdict: 'consumed', by: 'filter' },
    ]);
  });

  it.each<[string, () => string[], number, RegExp]>([
    ['a file that is missing', () => ['none.so', 'x'], 1, /none\.so: .*does not exist|no such file/i],
    ['a folder', () => [command.directory, 'x'], 1, /it is not a file|directory|folder/i],
    ['garbage', () => [file('g.so', 'garbage'), 'x'], 1, /g\.so: it is not an ELF file; name the compiled \.so/],
    ['a file without init', () => [fixture('no-init'), 'x'], 1, /it exports no mesibo_module_<name>_init/],
    ['a module that refuses', () => [fixture('init-returns-minus-one'), 'x'], 1, /init returned -1/],
    ['a module that crashes at its start', () => [fixture('init-crashes'), 'x'], 1, /init.*SIGSEGV|SIGSEGV.*init/],
    [
      'a module that is never ready',
      () => [fixture('init-hangs'), 'x', '--set', 'start_timeout=300ms'],
      1,
      /start_timeout is 300ms/,
    ],
    ['a name that it has not', () => [sample('filter'), 'x', '--name', 'a b'], 1, /found the module name "a b"/],
    ['a setting that is none', () => [sample('filter'), 'x', '--set', 'deadlin=1s'], 1, /did you mean deadline\?/],
    [
      'a value that cannot be',
      () => [sample('filter'), 'x', '--set', 'hang=3'],
      1,
      /found "3" for hang, expected a duration/,
    ],
    ['no pair', () => [sample('filter'), 'x', '--conf', 'word'], 2, /Expected KEY=VALUE/],
    [
      'an ABI that is none',
      () => [sample('filter'), 'x', '--abi', '2020'],
      2,
      /Allowed choices are table, exports-2019/,
    ],
    ['no file', () => [], 2, /missing required argument 'so-file'/],
  ])('says what is wrong with %s', async (_, args, expected, why) => {
    const { code, stdout, stderr } = await command.run('try', ...args());
    // What a module logs before it fails is shown, and the card of a crash, and nothing else.
    const said = stdout
      .replace(
        /\nModule \w+ (?:crashed in its start in fixture_init at init-crashes\.c:11,|did not start in)[\s\S]*/,
        '',
      )
      .split('\n')
      .filter((line) => !line.startsWith('    logs: '));
    expect([code, said]).toEqual([expected, ['']]);
    expect(stderr).toMatch(why);
  });

  it('shows control characters of a module as text', async () => {
    const { stdout } = await command.run('try', sample('autoreply'), 'hi\x1b[2J', '--conf', 'reply=\x1b]0;x\x07');
    const control = [...stdout].filter((c) => c < ' ' && c !== '\n');
    expect(control).toEqual([]);
    expect(stdout).toContain('\\x1b]0;x\\x07');
  });

  it('leaves nothing behind when it is ended', async () => {
    const child = command.begin('try', fixture('slow'), '60000', '--set', 'deadline=60s', '--set', 'hang=off');
    await new Promise<void>((begun) => child.stdout.on('data', (text) => String(text).includes('60000') && begun()));
    const hosts = listProcesses().filter(({ parent }) => parent === child.pid);
    expect(hosts).toHaveLength(1);
    child.kill('SIGTERM');
    const [code] = await once(child, 'close');
    expect(code).toBe(143);
    expect(listProcesses().filter(({ pid }) => pid === hosts[0]?.pid)).toEqual([]);
    expect(listMarked('MESIBO_RUN_DIR', command.env.MESIBO_RUN_DIR as string)).toEqual([]);
  });

  it('leaves its run directory and its black boxes when it is killed, and the next core removes them', async () => {
    const child = command.begin('try', sample('filter'));
    child.stdout.setEncoding('utf8');
    await expect.poll(() => child.stdout.read(), { timeout: 30_000 }).toContain('is ready');
    const runDir = join(temporary, readdirSync(temporary)[0] as string);
    const runId = readRunId(runDir);
    expect(boxesOf(runId)).not.toEqual([]);
    child.kill('SIGKILL');
    await once(child, 'close');
    await expect.poll(() => listMarked('MESIBO_RUN_ID', runId), { timeout: 30_000 }).toEqual([]);
    // One in use stays.
    const other = command.begin('try', sample('filter'));
    other.stdout.setEncoding('utf8');
    await expect.poll(() => other.stdout.read(), { timeout: 30_000 }).toContain('is ready');
    expect(readdirSync(temporary)).not.toContain(basename(runDir));
    expect(boxesOf(runId)).toEqual([]);
    const { code, stdout, stderr } = await command.run('try', sample('filter'), 'hello');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).not.toContain('warning');
    expect(readdirSync(temporary)).toHaveLength(1);
    expect(await command.finish(other, 'hello\n')).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('= pass'),
    });
  });
});

describe('try FILE.so with a module that asks a service', () => {
  let service: RestServer;
  const args = () => ['try', sample('chatbot'), '--conf', 'address=bob', '--conf', `url=${service.url}/q`];
  afterEach(() => service.close());

  it('waits for the answer, however late, before it gives the next message', async () => {
    service = await startRestServer((_, response) => {
      setTimeout(() => response.end('{"reply":"late hello"}'), 1000);
    });
    const { code, stdout, stderr } = await command.run(...args(), 'one', 'two');
    expect([code, stderr]).toEqual([0, '']);
    const reply = '    sends, from bob to alice: late hello';
    expect(stdout.split('\n').filter((line) => line.startsWith('alice to bob') || line.includes('sends'))).toEqual([
      ...['alice to bob: one', reply],
      ...['alice to bob: two', reply],
    ]);
  });

  it('waits at the end of standard input too', async () => {
    service = await startRestServer((_, response) => {
      setTimeout(() => response.end('{"reply":"late hello"}'), 1000);
    });
    const { code, stdout } = await command.finish(command.begin(...args()), 'hello\n');
    expect([code, stdout]).toEqual([0, expect.stringContaining('sends, from bob to alice: late hello')]);
  });

  it('waits no longer than --wait, and says what is open then', async () => {
    service = await startRestServer(() => undefined);
    const { code, stdout, stderr } = await command.run(...args(), 'hello', '--wait', '300');
    expect(code).toBe(0);
    expect(stderr).toMatch(/: 1 http request still open after \d+ ms; to wait longer, give a larger --wait\n$/);
    // The module is told that its request has failed, as at any stop.
    expect(stdout).toContain('failed: the module is being stopped');
  });

  it('ended by Ctrl-C while a request is open, exits as a shell says it', async () => {
    service = await startRestServer(() => undefined);
    const child = command.begin(...args(), 'hello');
    await service.reached(1);
    child.kill('SIGINT');
    const [code] = await once(child, 'close');
    expect(code).toBe(130);
  });

  it('says in status how many are open', async () => {
    service = await startRestServer(() => undefined);
    const config = `module chatbot { path = ${sample('chatbot')}\n address = bob\n url = ${service.url}/q }`;
    expect(await command.start(config)).toMatchObject({ code: 0 });
    try {
      await command.run('send', '--from', 'alice', '--to', 'bob', 'hello');
      const { stdout } = await command.run('status', '--json');
      expect(JSON.parse(stdout).modules[0].hosts[0].openRequests).toBe(1);
      expect((await command.run('describe', 'chatbot')).stdout).toContain(', 1 http request open');
    } finally {
      expect(await command.run('stop')).toMatchObject({ code: 0 });
    }
  });
});

describe('try FILE.so with settings in the wrong place', () => {
  it.each<[string[], RegExp]>([
    [
      ['--conf', 'deadline=1s'],
      /"deadline": the module gets it; .* a setting of ours\. To set ours: --set deadline=1s\n$/,
    ],
    [['--conf', 'dead_line=1s'], /did you mean deadline, .* To set ours: --set deadline=1s\n$/],
    [['--conf', 'abi=table'], /To set ours: --abi table\n$/],
    [['--conf', 'env=FOO'], /env is also a section of ours\. To set variables of its process, write env \{/],
    [['--conf', ' deadline = 1s'], /To set ours: --set deadline=1s\n$/],
    [['--conf', 'log_size=1MiB'], /a setting of the core, which has no effect here\n$/],
  ])('%j is given to the module, with a warning', async (given, said) => {
    const { code, stderr } = await command.run('try', fixture('echo-params'), 'x', ...given);
    expect([code, stderr]).toEqual([0, expect.stringMatching(said)]);
  });

  it.each<[string[], RegExp]>([
    [['--set', 'blocked_words=darn'], /not one of ours; for a setting of the module, write --conf blocked_words=darn;/],
    [['--set', 'deadlin=1s'], /did you mean deadline\? for a setting of the module, write --conf deadlin=1s/],
    [
      ['--set', 'env=FOO'],
      /found env, which is a section, not a setting; to set variables of its process, write env \{/,
    ],
    [['--set', 'static_tls=1MiB'], /found "1MiB" for static_tls, expected a size up to 16KiB/],
    [['--set', 'log_size=1MiB'], /one of the core and has no effect on one module/],
  ])('%j is refused, with the way to give it', async (given, said) => {
    const { code, stderr } = await command.run('try', sample('filter'), 'x', ...given);
    expect([code, stderr]).toEqual([1, expect.stringMatching(said)]);
  });
});

describe('try FILE.so on a terminal', () => {
  it('is a conversation of two, which a crash does not end', async () => {
    const child = command.terminal(['try', sample('crashy')]);
    let screen = '';
    const shown = (text: RegExp) =>
      new Promise<void>((done) => {
        const look = () => text.test(screen) && done();
        child.stdout.on('data', look);
        look();
      });
    child.stdout.setEncoding('utf8').prependListener('data', (text) => {
      screen += text;
    });
    await shown(/Ctrl-D ends/);
    child.stdin.write('hello\r');
    await shown(/= pass, after/);
    child.stdin.write('/as bob\rcrash\r');
    await shown(/bob> .*crash/);
    await shown(/SIGSEGV/);
    await shown(/= pass by default, because of: crash/);
    screen = '';
    child.stdin.write('again\r');
    await shown(/= pass, after/);
    child.stdin.write('\x04');
    const [code] = await once(child, 'close');
    expect(code).toBe(1);
  });
});
