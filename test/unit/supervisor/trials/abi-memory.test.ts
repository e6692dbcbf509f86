import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { AbiMemory, MAX_REMEMBERED } from '../../../../src/supervisor/trials/abi-memory.js';
import { makeTempDir } from '../../../helpers/temp-dir.js';

const sha = (number: number) => number.toString(16).padStart(64, '0');
const fileIn = (directory: string) => join(directory, 'abis.json');

it('remembers as long as it lives when it has no directory', () => {
  const memory = new AbiMemory(null);
  expect(memory.find(sha(1))).toBeNull();
  memory.remember(sha(1), 'exports-2019');
  memory.remember(sha(2), 'table');
  memory.remember(sha(1), 'exports-2020');
  expect([1, 2, 3].map((number) => memory.find(sha(number)))).toEqual(['exports-2020', 'table', null]);
});

it('finds the entries of another one, in a file that only its owner may read', () => {
  const directory = makeTempDir();
  new AbiMemory(directory).remember(sha(1), 'exports-2019');
  new AbiMemory(directory).remember(sha(2), 'table');
  const memory = new AbiMemory(directory);
  expect([1, 2].map((number) => memory.find(sha(number)))).toEqual(['exports-2019', 'table']);
  expect(readdirSync(directory)).toEqual(['abis.json']);
  expect(statSync(fileIn(directory)).mode & 0o777).toBe(0o600);
});

it('forgets an ABI that does not work any more, in memory and in the file', () => {
  const directory = makeTempDir();
  const memory = new AbiMemory(directory);
  memory.remember(sha(1), 'table');
  memory.remember(sha(2), 'table');
  memory.forget(sha(1));
  memory.forget(sha(3));
  expect(memory.find(sha(1))).toBeNull();
  expect([1, 2].map((number) => new AbiMemory(directory).find(sha(number)))).toEqual([null, 'table']);
});

it('writes only new entries', () => {
  const directory = makeTempDir();
  const memory = new AbiMemory(directory);
  expect(readdirSync(directory)).toEqual([]);
  memory.remember(sha(1), 'table');
  writeFileSync(fileIn(directory), 'untouched');
  memory.remember(sha(1), 'table');
  memory.find(sha(1));
  expect(readFileSync(fileIn(directory), 'utf8')).toBe('untouched');
  memory.remember(sha(1), 'exports-2019');
  expect(new AbiMemory(directory).find(sha(1))).toBe('exports-2019');
});

it('forgets the oldest, in memory and in the file', () => {
  const directory = makeTempDir();
  const abis = Object.fromEntries(Array.from({ length: MAX_REMEMBERED + 5 }, (_, i) => [sha(i), 'table']));
  writeFileSync(fileIn(directory), JSON.stringify({ version: 1, abis }));
  const memory = new AbiMemory(directory);
  expect([4, 5].map((number) => memory.find(sha(number)))).toEqual([null, 'table']);
  memory.remember(sha(5000), 'exports-2020');
  for (const seen of [memory, new AbiMemory(directory)]) {
    expect([5, 6, 5000].map((number) => seen.find(sha(number)))).toEqual([null, 'table', 'exports-2020']);
  }
});

it.each([
  ['nothing', ''],
  ['half of it', '{"version":1,"abis":{"'],
  ['another version', JSON.stringify({ version: 2, abis: { [sha(1)]: 'table' } })],
  ['an ABI that is none', JSON.stringify({ version: 1, abis: { [sha(1)]: 'table', [sha(2)]: 'exports-2021' } })],
  ['a key that is no sha256', JSON.stringify({ version: 1, abis: { [sha(1)]: 'table', '../x': 'table' } })],
  ['no object', 'null'],
  ['far too much', JSON.stringify({ version: 1, abis: { [sha(1)]: 'table' } }).padEnd(2 ** 20 + 1)],
])('takes a file with %s for an empty memory, and writes a good one', (_, content) => {
  const directory = makeTempDir();
  writeFileSync(fileIn(directory), content);
  const memory = new AbiMemory(directory);
  expect(memory.find(sha(1))).toBeNull();
  memory.remember(sha(1), 'exports-2019');
  expect(new AbiMemory(directory).find(sha(1))).toBe('exports-2019');
});

it('lives on when its file can be neither read nor written', () => {
  const directory = makeTempDir();
  mkdirSync(join(fileIn(directory), 'in the way'), { recursive: true });
  for (const unusable of [directory, join(directory, 'missing')]) {
    const memory = new AbiMemory(unusable);
    memory.remember(sha(1), 'table');
    expect(memory.find(sha(1))).toBe('table');
  }
  expect(readdirSync(directory)).toEqual(['abis.json']);
});

it('does not wait for a FIFO', () => {
  const directory = makeTempDir();
  execFileSync('mkfifo', [fileIn(directory)]);
  expect(new AbiMemory(directory).find(sha(1))).toBeNull();
});
