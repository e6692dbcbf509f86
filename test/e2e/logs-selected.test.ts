/** What `logs` shows of a real core's day when it is asked for times and levels. */

import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CommandLine } from '../helpers/command.js';
import { fixture, makeTempDir, sample } from './core.js';

/** Far more than anything here takes. */
const PATIENCE_MS = 60_000;

interface Line {
  level: number;
  time: number;
  module: string | null;
  source: string;
  msg: string;
}

let cli: CommandLine;
/** Everything that was logged before the tests. */
let day: Line[];

const iso = (time: number) => new Date(time).toISOString();
const send = (text: string) => cli.run('send', '--from', 'al', '--to', 'bo', '--wait', '0', text);

async function logged(...args: string[]): Promise<Line[]> {
  const { code, stdout, stderr } = await cli.run('logs', '--json', ...args);
  const said = stdout === '' ? 'mesibo-modules: no line of the logs matches\n' : '';
  expect({ code, stderr }).toEqual({ code: 0, stderr: said });
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

beforeAll(async () => {
  cli = new CommandLine(makeTempDir());
  const modules = [
    `crashy {\n path = ${sample('crashy')}\n quarantine = off\n}`,
    `writes_stdout { path = ${fixture('writes-stdout')} }`,
  ];
  // Logs that are rotated again and again.
  const config = `log_size = 64KiB\n${modules.map((module) => `module ${module}\n`).join('')}`;
  expect(await cli.start(config)).toMatchObject({ code: 0 });
  await send('crash');
  const recovered = async () => {
    // The death, how to look at it, and where it was.
    expect(await logged('crashy', '--level', 'error')).toHaveLength(3);
    expect((await cli.run('status')).stdout).toMatch(/crashy +serving/);
  };
  await vi.waitFor(recovered, { timeout: PATIENCE_MS });
  await send('goodbye');
  day = await logged('-n', '100000');
});
afterAll(async () => {
  await cli.run('stop');
  rmSync(cli.directory, { recursive: true });
});

describe('logs', () => {
  it('shows every line since a time, and the last lines of these with -n', async () => {
    const crash = day.find(({ level }) => level === 50) as Line;
    const since = day.filter(({ time }) => time >= crash.time);
    expect(since.length).toBeLessThan(day.length);
    expect((await logged('--since', iso(crash.time))).slice(0, since.length)).toEqual(since);
    expect(await logged('--since', iso(crash.time), '-n', '2')).toHaveLength(2);
    expect((await logged('--since', '1d')).slice(0, day.length)).toEqual(day);
    expect(await logged('--until', iso(crash.time), '-n', '1000')).toEqual(
      day.filter(({ time }) => time <= crash.time),
    );
    const between = await logged('--since', iso(crash.time), '--until', iso(crash.time));
    expect(between).toEqual(day.filter(({ time }) => time === crash.time));
  });

  it('shows lines of a level and worse: what a module prints is information', async () => {
    const crashes = await logged('--level', 'error', '--since', '1h');
    expect(crashes.map(({ level, module }) => [level, module])).toEqual([
      [50, 'crashy'],
      [50, 'crashy'],
      [50, 'crashy'],
    ]);
    expect(crashes[0]?.msg).toMatch(/SIGSEGV/);
    expect(crashes[1]?.msg).toContain('to see where it crashes');
    expect(crashes[2]?.msg).toMatch(/crashed in crashy_on_message/);
    const printed = await logged('writes_stdout', '--level', 'info', '--since', '1h');
    expect(printed.map(({ source }) => source)).toContain('stdout');
    const severe = await logged('writes_stdout', '--level', 'warn', '--since', '1h');
    expect(severe.map(({ source }) => source)).not.toContain('stdout');
  });

  it('says so when no line matches', async () => {
    const { code, stdout, stderr } = await cli.run('logs', '--level', 'fatal', '--since', '1h');
    expect([code, stdout, stderr]).toEqual([0, '', 'mesibo-modules: no line of the logs matches\n']);
  });

  it('counts lines after it has chosen them', async () => {
    expect(await logged('--level', 'error', '-n', '1')).toMatchObject([{ level: 50 }]);
    const { stdout } = await cli.run('logs', '--level', 'error');
    expect(stdout).toMatch(
      /^\d{4}-\d\d-\d\d [\d:.]+ crashy\/1 +error +.*SIGSEGV.*\n.*to see where it crashes.*\n.*crashed in .*\n$/,
    );
  });

  it('takes a time as it prints one', async () => {
    const [printed] = (await cli.run('logs', '--level', 'error')).stdout.split(' crashy');
    expect(await logged('--since', printed as string, '--level', 'error')).toMatchObject([
      { level: 50 },
      { level: 50 },
      { level: 50 },
    ]);
  });

  it('follows with a level and a time', async () => {
    const follower = cli.begin('logs', '-f', '--json', '--level', 'error', '--since', '1h', 'crashy');
    let shown = '';
    follower.stdout.setEncoding('utf8').on('data', (text) => {
      shown += text;
    });
    const lines = () => shown.split('\n').slice(0, -1);
    try {
      await expect.poll(lines, { timeout: PATIENCE_MS }).toHaveLength(3);
      await send('crash');
      await expect.poll(lines, { timeout: PATIENCE_MS }).toHaveLength(6);
      expect(lines().map((line) => JSON.parse(line).level)).toEqual(Array(6).fill(50));
    } finally {
      follower.kill();
    }
  });

  it('shows the lines of rotated files, in order and once', async () => {
    const folder = join(cli.directory, 'run', 'state', 'logs', 'modules');
    const line = (time: number) =>
      `{"level":30,"time":${time},"module":"big","generation":1,"source":"module","msg":"${'x'.repeat(200)}"}\n`;
    const now = Date.now();
    // An hour of lines, one a second, in files of 20 minutes; as much as is printed in several pieces.
    for (const age of [2, 1, 0]) {
      const lines = Array.from({ length: 1200 }, (_, i) => line(now - ((age + 1) * 1200 - i) * 1000));
      writeFileSync(join(folder, age === 0 ? 'big.log' : `big.log.${age}`), lines.join(''));
    }
    const times = (await logged('big', '--since', '30m')).map(({ time }) => time);
    expect(times.length).toBeGreaterThan(1000);
    expect(times.length).toBeLessThanOrEqual(1800);
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
    expect(times.at(-1)).toBe(now - 1000);
    // A reader that has seen enough ends it.
    const head = cli.begin('logs', '--since', '1h');
    head.stdout.once('data', () => head.stdout.destroy());
    expect(await once(head, 'exit')).toEqual([0, null]);
  });

  it.each([
    [
      ['--since', 'once'],
      'Expected how long ago (10m, 1h30m, 2d), a time of day (08:15), now, today, yesterday, or a date (',
    ],
    [['--since', '10'], '(with its unit: 10m or 10s?)'],
    [['--until', '2026-02-30'], 'Expected how long ago'],
    [['--level', 'worse'], 'Allowed choices are trace, debug, info, warn, error, fatal.'],
    [['--since', '1m', '--until', '1h'], '--since is later than --until: '],
    [['-f', '--until', '1m'], '--until looks back and -f looks ahead: give one of the two'],
  ])('%j is refused with what is accepted', async (args, message) => {
    const { code, stdout, stderr } = await cli.run('logs', ...args);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(message);
  });

  it('reads its files only, so it works without a core', async () => {
    await cli.run('stop');
    const errors = await logged('--level', 'error', '--since', '1h', 'crashy');
    expect(errors.length).toBeGreaterThanOrEqual(1);
    const core = readFileSync(join(cli.directory, 'run', 'state', 'logs', 'core.log'), 'utf8');
    expect(core).toContain(errors[0]?.msg.slice(0, 20));
  });
});
