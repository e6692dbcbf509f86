/** `mesibo-modules quarantine`, with a core and without one. */

import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { QuarantinedMessage } from '../../../src/supervisor/types.js';
import { CommandLine } from '../../helpers/command.js';
import { fixture, makeTempDir } from '../core.js';

const NAME = 'kills_by_word';
let command: CommandLine;
let stateDir: string;

beforeAll(async () => {
  command = new CommandLine(makeTempDir());
  stateDir = join(command.directory, 'run', 'state');
  expect(await start()).toMatchObject({ code: 0 });
});
afterAll(async () => {
  await command.run('stop');
  rmSync(command.directory, { recursive: true });
});

const start = () =>
  command.start(`module ${NAME} {\n  path = ${fixture('kills-by-word')}\n  deadline = 20s\n  max_crashes = off\n}\n`);
const quarantine = (...args: string[]) => command.run('quarantine', ...args);

async function send(text: string, id: number, from = 'alice'): Promise<string | null> {
  const { stdout } = await command.run(
    'send',
    '--json',
    '--from',
    from,
    '--to',
    'bob',
    '--id',
    `${id}`,
    '--wait',
    '0',
    text,
  );
  return JSON.parse(stdout.split('\n', 1)[0] as string).trace[0].default;
}

async function list(): Promise<QuarantinedMessage[]> {
  const { stdout, code } = await quarantine('list', '--json');
  expect(code).toBe(0);
  return JSON.parse(stdout);
}

describe('with a core', () => {
  it('nothing is in quarantine at first', async () => {
    expect(await quarantine()).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringMatching(/no message is in quarantine/),
    });
    expect(await list()).toEqual([]);
  });

  it('a message that killed the module is listed, and what its sender calls himself does not reach the terminal', async () => {
    expect(await send('null', 4711, 'mallory\u001b[2J')).toBe('crash');
    expect(await send('null', 4712, 'mallory\u001b[2J')).toBe('quarantine');
    expect(await send('consume', 4713)).toBeNull();
    const [entry] = await list();
    expect(entry).toMatchObject({
      messageId: '4711',
      from: 'mallory\u001b[2J',
      state: 'withheld',
      withheld: 1,
      signal: 'SIGSEGV',
    });
    const { stdout } = await quarantine();
    expect(stdout).not.toContain('\u001b');
    expect(stdout).toMatch(/LAST +MODULE +MESSAGE +FROM +TO +SIZE +BY +CRASHES +WITHHELD +STATE +ID\n/);
    expect(stdout).toMatch(
      /ago +kills_by_word +4711 +mallory\\x1b\[2J +bob +4 B +SIGSEGV +1 +1 +withheld +kills_by_word-[0-9a-f]{12}\n/,
    );
  });

  it('status, describe and the log say so', async () => {
    expect((await command.run('status')).stdout).toMatch(
      /module kills_by_word: 1 message is in quarantine: this build does not get it again, because it ended its process/,
    );
    expect((await command.run('describe', NAME)).stdout).toMatch(/quarantine +1 message that killed this build/);
    expect((await command.run('logs', NAME, '--level', 'warn')).stdout).toMatch(
      /message 4711 from "mallory.*" ended its process; it is in quarantine until .*mesibo-modules .*quarantine show kills_by_word-/,
    );
  });

  it('show tells what the message was, when it killed, and what to do', async () => {
    const [entry] = await list();
    const { stdout, code } = await quarantine('show', entry?.id.slice(NAME.length + 1, -4) ?? '');
    expect(code).toBe(0);
    expect(stdout).toContain(`${entry?.id}: this build of module ${NAME} does not get the message.`);
    for (const part of [
      'That ends in 23h',
      'It was withheld 1 time',
      'mallory\\x1b[2J',
      'sha256 ',
      'quarantine release',
      'reload kills_by_word',
    ])
      expect(stdout).toContain(part);
    expect(JSON.parse((await quarantine('show', entry?.id ?? '', '--json')).stdout)).toEqual(entry);
  });

  it('its crash card says so, and replay kills the module again at the same place', async () => {
    const [entry] = await list();
    const card = JSON.parse((await command.run('crashes', 'show', entry?.cardId ?? '', '--json')).stdout);
    expect(card).toMatchObject({ isQuarantined: true, signal: 'SIGSEGV', message: { id: '4711' } });
    const { code, stdout, stderr } = await quarantine('replay', entry?.id ?? '', '--json');
    expect([code, stderr]).toEqual([0, '']);
    expect(JSON.parse(stdout)).toMatchObject({ id: entry?.cardId, result: 'same', died: { signal: 'SIGSEGV' } });
  });

  it('release gives it again; when it kills again, it is in quarantine again', async () => {
    const [entry] = await list();
    expect(await quarantine('release', entry?.id ?? '')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringContaining(`${entry?.id} is released: module ${NAME} gets it again`),
    });
    expect(await list()).toEqual([]);
    expect(await send('null', 4711, 'mallory\u001b[2J')).toBe('crash');
    expect(await list()).toMatchObject([{ id: entry?.id, crashes: 1 }]);
  });

  it('release --all gives all of them, of one module or of every one', async () => {
    expect(await send('abort', 4714)).toBe('crash');
    expect(await quarantine('release', '--all', '--module', 'nobody')).toMatchObject({ code: 1 });
    expect((await quarantine('release', '--all', '--module', NAME)).stderr).toContain('2 messages released');
    expect(await list()).toEqual([]);
  });

  it.each([
    [['show'], 2, /quarantine show needs the ID of a message/],
    [['list', 'x'], 2, /quarantine list takes no ID/],
    [['free', 'x'], 2, /quarantine takes list, show, release, replay, and not "free"/],
    [['kills_by_word-0123456789ab'], 2, /to see that message: quarantine show kills_by_word-0123456789ab/],
    [['release'], 2, /takes either the ID of a message or --all/],
    [['release', 'x', '--all'], 2, /takes either the ID of a message or --all/],
    [['release', 'x', '--module', NAME], 2, /--module only together with --all/],
    [['show', 'x', '--all'], 2, /--all is for quarantine release/],
    [
      ['show', '../../x'],
      1,
      /no message in quarantine has the id "\.\.\/\.\.\/x"; to see which there are: .*quarantine list/,
    ],
    [['list', '--module', 'kills_by_wrd'], 1, /did you mean kills_by_word\?/],
  ] as const)('%j is refused with what helps', async (args, code, says) => {
    const result = await quarantine(...args);
    expect(result).toMatchObject({ code, stdout: '' });
    expect(result.stderr.replaceAll(/\s+/g, ' ')).toMatch(says);
  });
});

describe('without a core', () => {
  it('the files in the state directory are read and changed, and the next core knows that', async () => {
    expect([await send('null', 1), await send('abort', 2)]).toEqual(['crash', 'crash']);
    await command.run('stop');
    const messages = await list();
    expect(messages.map(({ messageId, state }) => [messageId, state])).toEqual([
      ['2', 'withheld'],
      ['1', 'withheld'],
    ]);
    expect((await quarantine('release', messages[0]?.id ?? '')).code).toBe(0);
    expect((await list()).map(({ messageId }) => messageId)).toEqual(['1']);
    expect(await start()).toMatchObject({ code: 0 });
    expect(await send('null', 3)).toBe('quarantine');
    expect(await send('abort', 4)).toBe('crash');
  });

  it('a damaged file is told of, and what stands beside it is listed', async () => {
    await command.run('stop');
    writeFileSync(join(stateDir, 'quarantine', 'other.json'), '{"version": 1, "entries": [');
    const { code, stdout, stderr } = await quarantine('list', '--json');
    // Who reads the list is told that it may lack something.
    expect([code, JSON.parse(stdout).length]).toEqual([1, 2]);
    expect(stderr.replaceAll(/\s+/g, ' ')).toContain(
      'the quarantine of module other cannot be read (it is damaged, or of another version)',
    );
    expect(existsSync(join(stateDir, 'quarantine', 'other.json'))).toBe(true);
  });

  it('what cannot be read is not taken for nothing', async () => {
    const other = join(command.directory, 'other');
    mkdirSync(join(other, 'quarantine'), { recursive: true });
    writeFileSync(join(other, 'quarantine', 'other.json'), '{');
    for (const args of [['list'], ['release', '--all']]) {
      const { code, stderr } = await quarantine(...args, '--state-dir', other);
      expect([code, stderr.includes('cannot be read')], args[0]).toEqual([1, true]);
      expect(stderr).not.toMatch(/no message is in quarantine|released/);
    }
    rmSync(join(other, 'quarantine', 'other.json'));
    expect(await quarantine('release', '--all', '--state-dir', other)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('no message is in quarantine, so none is released'),
    });
  });
});
