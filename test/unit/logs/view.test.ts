import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type LogEntry, parseEntry } from '../../../src/logs/entry.js';
import { LogFiles } from '../../../src/logs/log-files.js';
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

test('all logs come merged by time, and what is in two files is shown once', async () => {
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

test('the log of one module has what it said and what was said of it', async () => {
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

test('only what has been logged exists', async () => {
  expect(new LogView(stateDir, null).exists()).toBe(false);
  await log(['a', 'module', 1, 'a']);
  expect(new LogView(stateDir, null).exists()).toBe(true);
  expect(new LogView(stateDir, 'a').exists()).toBe(true);
  expect(new LogView(stateDir, '../core').exists()).toBe(false);
  expect(new LogView('/nonexistent', null).modules()).toEqual([]);
});

test('logs that cannot be read are told as such', () => {
  const folder = join(stateDir, 'logs', 'modules');
  rmSync(folder, { recursive: true });
  symlinkSync(folder, folder);
  const message = `the logs in ${folder} cannot be read (ELOOP); be the user who started the core, or check`;
  expect(() => new LogView(stateDir, null).exists()).toThrow(message);
});
