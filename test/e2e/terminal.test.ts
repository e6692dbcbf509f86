import { once } from 'node:events';
import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CommandLine } from '../helpers/command.js';
import { withoutColour } from '../helpers/without-colour.js';
import { fixture, makeTempDir, sample } from './core.js';

let command: CommandLine;

beforeEach(() => {
  command = new CommandLine(makeTempDir());
});
afterEach(async () => {
  await command.run('stop');
  rmSync(command.directory, { recursive: true });
});

/** A command on a terminal: what it drew so far, and a wait for more. */
function watched(...args: string[]) {
  const child = command.terminal(args);
  let screen = '';
  child.stdout.setEncoding('utf8').on('data', (text) => {
    screen += text;
    child.stdout.emit('drawn');
  });
  const shown = async (text: RegExp) => {
    while (!text.test(screen)) await once(child.stdout, 'drawn');
    screen = '';
  };
  const ended = once(child, 'close');
  return { child, shown, ended, rest: () => screen };
}

const filter = `module filter { path = ${sample('filter')} ; abi = exports-2020 }\n`;

describe('status --watch', () => {
  it('draws again and again, even while the core ends and the next one starts, and restores the terminal', async () => {
    await command.start(filter);
    const view = watched('status', '--watch', '0.1');
    await view.shown(/\[\?1049h[\s\S]*filter {2}.*serving/);
    await view.shown(/filter {2}.*serving/);
    await command.run('stop');
    await view.shown(/no core serves .*[\s\S]*waiting for one/);
    await command.start(filter);
    await view.shown(/filter {2}.*serving/);
    view.child.stdin.write('q');
    expect(await view.ended).toEqual([0, null]);
    expect(view.rest()).toContain('\x1b[?1049l');
  });

  it('ends at once on q while the core hangs, even before it can know that', async () => {
    await command.start(filter);
    const { pid } = JSON.parse((await command.run('status', '--json')).stdout).core;
    process.kill(pid, 'SIGSTOP');
    try {
      const view = watched('status', '--watch');
      await view.shown(/\[\?1049h/);
      view.child.stdin.write('q');
      expect(await view.ended).toEqual([0, null]);
      expect(view.rest()).toContain('\x1b[?1049l');
      expect(view.rest()).not.toContain('did not answer in time');
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });

  it('prints a document a line for programs', async () => {
    await command.start(filter);
    const child = command.begin('status', '--watch', '0.1', '--json');
    let lines = '';
    for await (const text of child.stdout) {
      lines += text;
      if (lines.split('\n').length > 3) break;
    }
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    const [first, second] = lines.split('\n').map((line) => line && JSON.parse(line));
    expect([first, second]).toMatchObject([{ modules: [{ name: 'filter' }] }, { modules: [{ name: 'filter' }] }]);
  });
});

/** What a command shows on a terminal of 100 columns, in the end. */
async function shownBy(...args: string[]): Promise<string[]> {
  const { stdout } = await command.finish(command.terminal(args));
  const lines = stdout.trim().split('\r\n');
  return lines.map((line) => line.split('\x1b[K').at(-1) as string);
}

function widthOf(lines: string[]): number {
  return Math.max(...lines.map((line) => withoutColour(line).length));
}

describe('sentences', () => {
  const joined = (lines: string[]) => lines.map((line) => line.trim()).join(' ');

  it('fit the terminal, are broken between words, and keep paths and commands whole', async () => {
    const path = `/nonexistent/${'deep/'.repeat(12)}ghost.so`;
    writeFileSync(join(command.directory, 'mesibo.conf'), `${filter}module ghost { path = ${path} }\n`);
    const directory = `/nonexistent/${'deep/'.repeat(8)}run`;
    for (const args of [
      ['start', '--daemon', '--config', 'mesibo.conf'],
      ['check', '--config', 'mesibo.conf'],
      ['stop', 'filter'],
      ['--run-dir', directory, 'status'],
    ]) {
      const lines = await shownBy(...args);
      expect(widthOf(lines), args.join(' ')).toBeLessThanOrEqual(100);
      const { stdout, stderr } = await command.run(...args);
      if (args[0] !== 'start') expect(joined(lines)).toBe((stdout + stderr).trim().replaceAll('\n', ' '));
      if (args[0] === 'start' || args[0] === 'check') expect(lines.length).toBeGreaterThan(1);
    }
  });
});

it('a core with files in deep folders is shown within the terminal, and describe has their paths whole', async () => {
  const folder = join(join(command.directory, 'x').padEnd(70, 'x'), 'deep');
  const config = join(folder, 'mesibo.conf');
  const paths = {
    filter: join(folder, 'module_filter.so'),
    ghost: join(folder, 'ghost.so'),
    // Wider than the terminal.
    far: join(folder, 'deeper/'.repeat(5), 'far.so'),
  };
  mkdirSync(folder, { recursive: true });
  cpSync(sample('filter'), paths.filter);
  const sections = Object.entries(paths).map(([name, path]) => {
    return `module ${name} { path = ${path} ; blocked_words = ${'darn,heck,'.repeat(9)} }\n`;
  });
  writeFileSync(config, sections.join(''));
  await command.run('start', '--daemon', '--config', config);
  for (const verb of ['status', 'list']) {
    const lines = await shownBy(verb);
    expect(lines.length, verb).toBeGreaterThan(3);
    expect(widthOf(lines), verb).toBeLessThanOrEqual(100);
  }
  for (const [i, [name, path]] of Object.entries(paths).entries()) {
    const lines = await shownBy('describe', name);
    expect(widthOf(lines.filter((line) => !line.includes(paths.far))), name).toBeLessThanOrEqual(100);
    for (const whole of [path, `${config}:${i + 1}:`]) {
      expect(lines).toContainEqual(expect.stringContaining(whole));
    }
  }
});

describe('a long wait', () => {
  const versioned = (init: string) =>
    `module versioned { path = ${fixture('versioned')} ; abi = exports-2020 ; start_timeout = 4s ; init = ${init} }\n`;

  it('says on a terminal which module it is for, and is silent elsewhere', async () => {
    const { stderr } = await command.start(versioned('ok'));
    expect(stderr).toBe('');
    writeFileSync(`${command.directory}/mesibo.conf`, versioned('hang'));
    const reload = watched('reload');
    await reload.shown(/reload: waiting for versioned to be ready \(\ds\)/);
    await reload.shown(/\r.\[K.*[\s\S]*start_timeout\s+is\s+4s[\s\S]*nothing\s+was\s+changed/);
    expect(await reload.ended).toEqual([1, null]);
  });

  it('that Ctrl-C ends says that the core carries on', async () => {
    await command.start(versioned('ok'));
    writeFileSync(`${command.directory}/mesibo.conf`, versioned('hang'));
    const reload = watched('reload');
    await reload.shown(/reload: waiting for versioned to be ready \(\ds\)/);
    reload.child.stdin.write('\x03');
    await reload.shown(
      /\r.\[Kmesibo-modules: SIGINT: the core carries on with "reload"; to look at it: mesibo-modules status\r\n/,
    );
    expect(await reload.ended).toEqual([130, null]);
    const status = () => command.run('status').then(({ stdout }) => stdout);
    await expect.poll(status, { timeout: 60_000 }).toContain('start_timeout is 4s');
  });

  it('of a try says what it is for', async () => {
    const view = watched('try', fixture('init-hangs'), 'x', '--set', 'start_timeout=4s', '--abi', 'table');
    await view.shown(/try: waiting for init-hangs\.so to start \(\ds\)/);
    await view.shown(/start_timeout is 4s/);
    expect(await view.ended).toEqual([1, null]);
  });

  it('for a core that hangs says that', async () => {
    await command.start(filter);
    const { pid } = JSON.parse((await command.run('status', '--json')).stdout).core;
    process.kill(pid, 'SIGSTOP');
    const reset = watched('reset', 'filter');
    await reset.shown(/; the core does not answer \(\ds\)/);
    process.kill(pid, 'SIGCONT');
    await reset.ended;
  });
});
