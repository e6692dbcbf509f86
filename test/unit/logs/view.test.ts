import { appendFileSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LEVELS, type LogEntry, parseEntry } from '../../../src/logs/entry.js';
import { LogFiles } from '../../../src/logs/log-files.js';
import { EVERYTHING, type LogSelection } from '../../../src/logs/selection.js';
import { LogView } from '../../../src/logs/view.js';

let stateDir: string;
let files: LogFiles;

beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'view-'));
  mkdirSync(join(stateDir, 'logs', 'modules'), { recursive: true });
  files = new LogFiles(stateDir, { sizeBytes: 100_000, keep: 2 });
});

afterEach(async () => {
  await files.close();
  rmSync(stateDir, { recursive: true, force: true });
});

async function log(...entries: [module: string | null, source: LogEntry['source'], time: number, msg: string][]) {
  for (const [module, source, time, msg] of entries) {
    files.write({ level: 30, time, module, generation: null, source, msg });
  }
  await files.close();
}

function texts(lines: string[]): string[] {
  return lines.map((line) => parseEntry(line)?.msg ?? line);
}

test('all logs come merged by time, and a line in two files is shown once', async () => {
  await log(
    [null, 'supervisor', 1, 'core 1'],
    ['b', 'module', 4, 'b 4'],
    ['a', 'supervisor', 2, 'about a 2'],
    ['a', 'stderr', 3, 'a 3'],
    [null, 'supervisor', 5, 'core 5'],
  );
  const view = new LogView(stateDir, null);
  expect(texts(view.last(50))).toEqual(['core 1', 'about a 2', 'a 3', 'b 4', 'core 5']);
  expect(texts(view.last(2))).toEqual(['b 4', 'core 5']);
  expect(view.last(0)).toEqual([]);
});

test('the log of one module has its own lines and those of the core about it', async () => {
  await log(['a', 'supervisor', 1, 'about a'], ['b', 'module', 2, 'b'], ['a', 'module', 3, 'a']);
  expect(texts(new LogView(stateDir, 'a').last(50))).toEqual(['about a', 'a']);
});

test('following shows new lines of every log, also of a module that had none', async () => {
  await log([null, 'supervisor', 1, 'old']);
  const view = new LogView(stateDir, null);
  expect(texts(view.last(1))).toEqual(['old']);
  await log(['new', 'module', 3, 'hello'], [null, 'supervisor', 2, 'core']);
  expect(texts(view.next())).toEqual(['core', 'hello']);
  expect(view.next()).toEqual([]);
});

test('only logged lines exist', async () => {
  expect(new LogView(stateDir, null).exists()).toBe(false);
  await log(['a', 'module', 1, 'a']);
  expect(new LogView(stateDir, null).exists()).toBe(true);
  expect(new LogView(stateDir, 'a').exists()).toBe(true);
  expect(new LogView(stateDir, '../core').exists()).toBe(false);
  expect(new LogView('/nonexistent', null).modules()).toEqual([]);
});

test('logs that cannot be read are reported', () => {
  const folder = join(stateDir, 'logs', 'modules');
  rmSync(folder, { recursive: true });
  symlinkSync(folder, folder);
  const message = `the logs in ${folder} cannot be read (ELOOP); be the user who started the core, or check`;
  expect(() => new LogView(stateDir, null).exists()).toThrow(message);
});

describe('a selection', () => {
  /** Every source and every level of it, as a core writes them. */
  async function logDay(): Promise<void> {
    const write = (module: string | null, source: LogEntry['source'], level: number, time: number, msg: string) =>
      files.write({ level, time, module, generation: null, source, msg });
    write(null, 'supervisor', LEVELS.info, 10, 'core starts');
    write('a', 'module', LEVELS.debug, 20, 'a debugs');
    write('a', 'supervisor', LEVELS.warn, 30, 'warning of a');
    write('a', 'stderr', LEVELS.info, 40, 'a prints');
    write('b', 'supervisor', LEVELS.error, 50, 'b crashed');
    write(null, 'supervisor', LEVELS.fatal, 60, 'core ends');
    await files.close();
  }

  function view(selection: Partial<LogSelection>, module: string | null = null): LogView {
    return new LogView(stateDir, module, { ...EVERYTHING, ...selection });
  }

  test('has bounds that are included, and a level that is a minimum', async () => {
    await logDay();
    const all = (selection: Partial<LogSelection>) => texts([...view(selection).all()]);
    expect(all({ sinceMs: 30 })).toEqual(['warning of a', 'a prints', 'b crashed', 'core ends']);
    expect(all({ sinceMs: 30, untilMs: 50 })).toEqual(['warning of a', 'a prints', 'b crashed']);
    expect(all({ sinceMs: 20, level: LEVELS.warn })).toEqual(['warning of a', 'b crashed', 'core ends']);
    expect(all({ level: LEVELS.info })).not.toContain('a debugs');
    expect(all({ level: LEVELS.trace })).toHaveLength(6);
    expect(all({ sinceMs: 61 })).toEqual([]);
  });

  test('takes place before lines are counted', async () => {
    await logDay();
    expect(texts(view({ level: LEVELS.warn }).last(2))).toEqual(['b crashed', 'core ends']);
    expect(texts(view({ untilMs: 30 }).last(2))).toEqual(['a debugs', 'warning of a']);
    expect(texts(view({ level: LEVELS.warn }, 'a').last(2))).toEqual(['warning of a']);
  });

  test('holds for added lines, too', async () => {
    await logDay();
    const follower = view({ level: LEVELS.warn, sinceMs: 55 });
    expect(texts([...follower.all()])).toEqual(['core ends']);
    files.write({ level: LEVELS.info, time: 70, module: 'a', generation: 1, source: 'module', msg: 'fine' });
    files.write({ level: LEVELS.error, time: 71, module: 'a', generation: 1, source: 'supervisor', msg: 'worse' });
    await files.close();
    expect(texts(follower.next())).toEqual(['worse']);
  });

  test('judges a line that a crash cut by its beginning, and leaves out lines without a time', async () => {
    await logDay();
    const cut = '{"level":50,"time":70,"module":null,"generation":null,"source":"superv';
    appendFileSync(join(stateDir, 'logs', 'core.log'), `somebody else\n${cut}\n`);
    expect([...view({ sinceMs: 60, level: LEVELS.error }).all()].slice(1)).toEqual([cut]);
    expect([...view({}).all()]).toContain('somebody else');
  });

  test('reads rotated files, however their lines are ordered, and none that is too old to have such lines', async () => {
    const hour = 3_600_000;
    const log = join(stateDir, 'logs', 'core.log');
    const at = (time: number) => `{"level":30,"time":${time},"module":null,"msg":"at ${time / hour}"}\n`;
    for (const [name, times] of Object.entries({ [`${log}.2`]: [1, 2], [`${log}.1`]: [10, 4, 11], [log]: [12] })) {
      appendFileSync(name, times.map((time) => at(time * hour)).join(''));
      utimesSync(name, Math.max(...times) * 3600, Math.max(...times) * 3600);
    }
    expect(texts([...view({ sinceMs: 10 * hour }).all()])).toEqual(['at 10', 'at 11', 'at 12']);
    expect(texts(view({ sinceMs: 10 * hour }).last(2))).toEqual(['at 11', 'at 12']);
    // Nobody can have written a line of today into a file of yesterday: it is not even read.
    appendFileSync(`${log}.2`, at(11 * hour));
    utimesSync(`${log}.2`, 2 * 3600, 2 * 3600);
    expect(texts([...view({ sinceMs: 10 * hour }).all()])).toEqual(['at 10', 'at 11', 'at 12']);
  });
});

test('core shows what the core says of itself, unless a module has that name', async () => {
  await log([null, 'supervisor', 1, 'core 1'], ['a', 'supervisor', 2, 'about a'], ['a', 'module', 3, 'a']);
  expect(new LogView(stateDir, 'core').exists()).toBe(true);
  expect(texts(new LogView(stateDir, 'core').last(50))).toEqual(['core 1']);
  await log(['core', 'module', 4, 'a module']);
  expect(texts(new LogView(stateDir, 'core').last(50))).toEqual(['a module']);
});

test('a whole line behind half a line is shown, from either end', async () => {
  await log([null, 'supervisor', 1, 'first']);
  const whole = JSON.stringify({
    level: 30,
    time: 3,
    module: null,
    generation: null,
    source: 'supervisor',
    msg: 'whole',
  });
  appendFileSync(join(stateDir, 'logs', 'core.log'), `{"level":30,"time":2,"mod${whole}\n`);
  const shown = ['first', '{"level":30,"time":2,"mod', 'whole'];
  expect(texts(new LogView(stateDir, null).last(50))).toEqual(shown);
  expect(texts([...new LogView(stateDir, null).all()])).toEqual(shown);
});
