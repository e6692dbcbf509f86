/** The verb `crashes`, with a core whose module has really died. */

import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { CrashCard } from '../../src/crashes/card.js';
import { CommandLine } from '../helpers/command.js';
import { card, writeCards } from '../helpers/crash-cards.js';
import { makeTempDir, sample } from './core.js';

let command: CommandLine;
let state: string;
/** By the word that it died of. */
const ids: Record<string, string> = {};

/** The cards that are finished, oldest first. */
function finished(): CrashCard[] {
  const directory = join(state, 'crashes');
  const names = existsSync(directory) ? readdirSync(directory).filter((name) => name.endsWith('.json')) : [];
  const cards = names.map((name) => JSON.parse(readFileSync(join(directory, name), 'utf8')) as CrashCard);
  return cards.filter(({ symbols }) => !symbols.isPending).sort((a, b) => a.generation - b.generation);
}

async function die(word: string, to: string): Promise<void> {
  const before = finished().length;
  await command.run('send', '--from', 'alice', '--to', to, '--id', `${4711 + before}`, '--wait', '0', word);
  await vi.waitFor(() => expect(finished()).toHaveLength(before + 1), { timeout: 60_000, interval: 100 });
  ids[`${word} ${to}`] = finished().at(-1)?.id as string;
}

beforeAll(async () => {
  command = new CommandLine(makeTempDir());
  state = join(command.directory, 'run/state');
  const file = join(command.directory, 'module_crashy.so');
  copyFileSync(sample('crashy'), file);
  await command.start(
    `crash_body = all\nmodule crashy {\n  path = ${file}\n  hang = 2s\n  max_crashes = off\n  backoff = 1ms to 1ms\n}\n`,
  );
  await die('crash', 'bob');
  await die('crash', 'carol');
  await die('exit', 'bob');
  await die('hang', 'bob');
});
afterAll(async () => {
  await command.run('stop');
  rmSync(command.directory, { recursive: true, force: true });
});

const LINE =
  1 +
  readFileSync(new URL('../../modules/crashy/crashy.c', import.meta.url), 'utf8')
    .split('\n')
    .findIndex((line) => line.includes('*nowhere = 1'));

describe('crashes list', () => {
  it('has a line for crashes that are the same, with the place of each', async () => {
    const { code, stdout } = await command.run('crashes');
    expect(code).toBe(0);
    const lines = stdout.split('\n').slice(0, 4);
    expect(lines[0]).toMatch(/LAST +COUNT +MODULE +CAUSE +WHERE +ID/);
    expect(lines[1]).toMatch(/1 +crashy +hang +crashy_on_message at crashy\.c:\d+ +crashy-\d+T\d+Z-4$/);
    expect(lines[2]).toMatch(/1 +crashy +exit 0 +crashy_on_message at crashy\.c:\d+ +crashy-\d+T\d+Z-3$/);
    expect(lines[3]).toMatch(
      new RegExp(`2 +crashy +SIGSEGV +crashy_on_message at crashy\\.c:${LINE} +crashy-\\d+T\\d+Z-2$`),
    );
  });

  it('is an array of objects with an id, as JSON', async () => {
    const { stdout } = await command.run('crashes', 'list', '--json');
    const groups = JSON.parse(stdout);
    expect(groups.map((group: { count: number }) => group.count)).toEqual([1, 1, 2]);
    expect(groups[2]).toMatchObject({
      id: ids['crash carol'],
      ids: [ids['crash carol'], ids['crash bob']],
      module: 'crashy',
      cause: 'crash',
      signal: 'SIGSEGV',
      function: 'crashy_on_message',
      line: LINE,
    });
    const all = JSON.parse((await command.run('crashes', 'list', '--all', '--json', '--module', 'crashy')).stdout);
    expect(all).toHaveLength(4);
    expect(JSON.parse((await command.run('crashes', 'list', '--module', 'other', '--json')).stdout)).toEqual([]);
  });
});

describe('crashes show', () => {
  it('names function, file and line, shows the source, the message and the log', async () => {
    const { code, stdout } = await command.run('crashes', 'show', ids['crash bob'] as string);
    expect(code).toBe(0);
    expect(stdout).toContain(
      `Module crashy crashed in crashy_on_message at crashy.c:${LINE}, while it was executing on_message of message 4711`,
    );
    expect(stdout).toContain('a NULL pointer was used');
    expect(stdout).toMatch(new RegExp(`> ${LINE} \\| +\\*nowhere = 1;`));
    expect(stdout).toMatch(/id +4711\n +from +alice\n +to +bob/);
    expect(stdout).toContain('about to write to address 0');
    expect(stdout).toContain(`crashes replay ${ids['crash bob']}`);
    expect(stdout).not.toContain('The bodies');
    expect((await command.run('crashes', 'show', '--body', ids['crash bob'] as string)).stdout).toContain(
      'The bodies\n  on_message of message 4711:\n    crash\n',
    );
  });

  it('takes "last", the name of a module and a beginning', async () => {
    for (const given of ['last', 'crashy', ids['hang bob'] as string]) {
      const { stdout } = await command.run('crashes', 'show', '--json', given);
      expect(JSON.parse(stdout)).toMatchObject({ id: ids['hang bob'], cause: 'hang' });
    }
    const { stdout } = await command.run('crashes', 'show', '--json', '--body', ids['exit bob'] as string);
    expect(JSON.parse(stdout)).toMatchObject({
      cause: 'exit',
      exitCode: 0,
      bodies: [{ payload: Buffer.from('exit').toString('base64') }],
    });
  });

  it.each(['../../x', '/etc/passwd', 'nothing', '\u001b[31mred'])('refuses %j', async (given) => {
    const { code, stdout, stderr } = await command.run('crashes', 'show', given);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toContain('no crash card has the id');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are looked for.
    expect(stderr).not.toMatch(/\u001b/);
  });

  it('says what is wrong with a command line', async () => {
    for (const [words, expected] of [
      [['show'], 'needs the ID of a crash'],
      [['list', 'x'], 'crashes list takes no ID'],
      [['shw', 'last'], 'list, show, replay'],
      [[ids['crash bob'] as string], `crashes show ${ids['crash bob']}`],
      [['show', 'last', '--gdb'], '--gdb is for crashes replay'],
      [['replay', 'last', '--gdb', '--valgrind'], 'not both'],
    ] as const) {
      const { code, stderr } = await command.run('crashes', ...words);
      expect([code, stderr], words.join(' ')).toEqual([2, expect.stringContaining(expected)]);
    }
  });
});

describe('crashes replay', () => {
  it.each(['crash bob', 'exit bob', 'hang bob'])('%s: it dies again at the same place', async (word) => {
    const { code, stdout } = await command.run('crashes', 'replay', ids[word] as string);
    expect([code, stdout]).toEqual([0, expect.stringContaining('died again at the same place')]);
    expect(stdout).toContain('in crashy_on_message at crashy.c:');
  });

  it('tells programs all of it', async () => {
    const { code, stdout } = await command.run('crashes', 'replay', '--json', ids['crash bob'] as string);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      id: ids['crash bob'],
      result: 'same',
      build: 'same',
      config: join(command.directory, 'mesibo.conf'),
      calls: 1,
      missing: [],
      died: { cause: 'crash', signal: 'SIGSEGV', callback: 'on_message', function: 'crashy_on_message', line: LINE },
    });
  });

  it('runs under gdb, which prints its own backtrace', async () => {
    for (const word of ['crash bob', 'hang bob']) {
      const { code, stdout } = await command.run('crashes', 'replay', '--gdb', ids[word] as string);
      expect([code, stdout]).toEqual([0, expect.stringMatching(/^#\d.* in crashy_on_message \(.*crashy\.c:\d+$/m)]);
      expect(stdout).toContain('died again at the same place');
    }
  });

  it('runs under valgrind, which says what is wrong with the memory', async () => {
    const { code, stderr, stdout } = await command.run('crashes', 'replay', '--valgrind', ids['crash bob'] as string);
    expect([code, stderr]).toEqual([0, expect.stringContaining('Invalid write of size 4')]);
    expect(stderr).not.toContain('VALGRIND INTERNAL ERROR');
    expect(stdout).toContain('died again at the same place');
  });

  it('says so when the module lives, and that it is another build', async () => {
    const file = join(command.directory, 'module_crashy.so');
    const id = 'crashy-20261130T130102Z-99';
    writeCards(state, [card({ id, module: 'crashy', file, message: null, callback: null, calls: [] })]);
    const refused = await command.run('crashes', 'replay', id);
    expect([refused.code, refused.stderr]).toEqual([
      1,
      expect.stringContaining('has changed since the crash; to replay'),
    ]);
    const { code, stdout } = await command.run('crashes', 'replay', id, '--any-build');
    expect([code, stdout]).toEqual([1, expect.stringContaining('Module crashy did not die again')]);
    rmSync(join(state, 'crashes', `${id}.json`));
  });

  it('takes the copy that the core has kept when the file has changed', async () => {
    const file = join(command.directory, 'module_crashy.so');
    copyFileSync(sample('filter'), `${file}.new`);
    chmodSync(file, 0o644);
    rmSync(file);
    copyFileSync(`${file}.new`, file);
    const { code, stdout, stderr } = await command.run('crashes', 'replay', ids['crash bob'] as string);
    expect([code, stderr]).toEqual([0, expect.stringContaining('the core has kept the build that crashed')]);
    expect(stdout).toContain('died again at the same place');
    copyFileSync(sample('crashy'), file);
    appendFileSync(file, 'another build');
    const any = await command.run('crashes', 'replay', ids['crash bob'] as string, '--any-build', '--json');
    expect(any.stderr).toContain('the build that is there now is replayed');
    expect(JSON.parse(any.stdout)).toMatchObject({ build: 'other', file, result: 'same' });
  });
});

it('works without a core, and with broken cards among the others', async () => {
  const other = makeTempDir();
  mkdirSync(join(other, 'crashes'));
  const none = await command.run('--state-dir', other, 'crashes');
  expect(none).toMatchObject({ code: 0, stdout: '' });
  expect(none.stderr).toContain('no crash is recorded');
  writeCards(other, [card(), { id: 'a-20261130T130102Z-1', text: '{"version":1,' }]);
  const { code, stdout, stderr } = await command.run('--state-dir', other, 'crashes', '--json');
  expect([code, JSON.parse(stdout)]).toEqual([0, [expect.objectContaining({ id: card().id, count: 1 })]]);
  expect(stderr).toContain('a-20261130T130102Z-1.json: it is not complete');
  const show = await command.run('--state-dir', other, 'crashes', 'show', 'a');
  expect([show.code, show.stderr]).toEqual([1, expect.stringContaining('cannot be read: it is not complete')]);
  writeFileSync(join(other, 'crashes/filter-20261130T130102Z-3.calls'), '');
  const replay = await command.run('--state-dir', other, 'crashes', 'replay', 'filter');
  expect([replay.code, replay.stderr]).toEqual([1, expect.stringContaining('the body of message 4711 was not kept')]);
});
