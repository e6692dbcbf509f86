import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commandOf, FULL_PACE, QUICK_PACE } from '../../../bench/speed/run/commands.js';
import { readSample } from '../../../bench/speed/run/rounds.js';
import { type RateRow, ROWS, type Row, selectRows } from '../../../bench/speed/run/rows.js';
import { PACKAGE_ROOT } from '../../../src/paths.js';

const ALL = { pattern: /(?:)/, quick: false, oursOnly: false };
const rates = ROWS.filter((row): row is RateRow => row.kind === 'rate');
const find = (name: string) => ROWS.find((row) => row.name === name) as Row;

it('every row has a name of its own', () => {
  expect(new Set(ROWS.map(({ name }) => name)).size).toBe(ROWS.length);
});

it('ours and raw zeromq.js stand beside each other in every window', () => {
  for (const window of [1, 16, 64, 256, 1024]) {
    const peers = rates.filter((row) => row.section === `${window} in flight`).map(({ peer }) => peer);
    expect(peers.slice(0, 2)).toEqual(['ours', 'zeromq.js']);
  }
});

it('every row is compared with one of ours that runs: as many in flight, the same payload', () => {
  for (const row of rates.filter(({ beside }) => beside !== null)) {
    const { peer, window, bytes, modules } = find(row.beside as string) as RateRow;
    expect({ peer, window, bytes, modules }).toEqual({
      peer: 'ours',
      window: row.window,
      bytes: row.bytes,
      modules: 1,
    });
  }
});

it('clients of the gateway and of HTTP are compared with ours at 1, 64 and 256 in flight', () => {
  for (const client of ['TypeScript client', 'C client', 'JSON lines', 'HTTP']) {
    const windows = rates.filter(({ peer }) => peer === client).map(({ window, beside }) => [window, beside]);
    expect(windows).toEqual([1, 64, 256].map((window) => [window, `ours, ${window} in flight`]));
  }
  const blocking = rates.filter(({ peer }) => peer === 'C client, blocking');
  expect(blocking.map(({ window, beside }) => [window, beside])).toEqual([[1, 'ours, 1 in flight']]);
  expect(commandOf(find('C client, blocking, 1 in flight'), FULL_PACE)[2]).toBe('blocking');
  const bridge = rates.filter(({ peer }) => peer === 'mesibo bridge');
  expect(bridge.map(({ window, section }) => [window, section])).toEqual([
    [1, (find('C call, 1 in flight') as RateRow).section],
  ]);
  const [, script, kind, ...load] = commandOf(find('C client, 256 in flight'), FULL_PACE);
  expect([script?.endsWith('programs/client.js'), kind, ...load]).toEqual([
    true,
    'queue',
    '256',
    '100',
    '1',
    '2500',
    '700',
  ]);
});

it('chains and payloads are rows of their own', () => {
  expect(rates.filter(({ peer, window }) => peer === 'ours' && window === 64).map(({ name }) => name)).toEqual([
    'ours, 64 in flight',
    'ours, 64 in flight, 3 modules',
    'ours, 64 in flight, 10 modules',
    'ours, 64 in flight, 1 KiB',
    'ours, 64 in flight, 64 KiB',
  ]);
});

it('a pattern, --quick and --profile select rows', () => {
  expect(selectRows(ALL)).toEqual(ROWS);
  expect(selectRows({ ...ALL, pattern: /^crash$/ })).toEqual([find('crash')]);
  expect(selectRows({ ...ALL, pattern: /1024 in flight/, quick: true })).toEqual([]);
  const ours = selectRows({ ...ALL, oursOnly: true });
  expect(ours.every((row) => row.kind === 'rate' && row.peer === 'ours')).toBe(true);
});

it('a command gets the load in the order in which programs read it', () => {
  const [file, script, ...load] = commandOf(find('ours, 64 in flight, 10 modules'), FULL_PACE);
  expect(file).toBe(process.execPath);
  expect(script).toMatch(/programs\/ours\.js$/);
  expect(load).toEqual(['64', '100', '10', '2500', '700']);
  const [host, ...rest] = commandOf(find('go-plugin, 64 in flight, 64 KiB'), QUICK_PACE);
  expect(host).toMatch(/go\/host$/);
  expect(rest).toEqual(['64', '65536', '1', '400', '300', expect.stringMatching(/go\/plugin$/)]);
  expect(commandOf(find('memory of a message outstanding'), FULL_PACE)[1]).toBe('--expose-gc');
});

it.each([
  ['{"rate":1,"p50":2}\n', { rate: 1, p50: 2 }],
  ['said before\n{"rate":1}\n', { rate: 1 }],
  ['', null],
  ['1\n', null],
  ['null\n', null],
  ['{"rate":null}\n', null],
  ['{"rate":1', null],
])('a program that prints %j has measured %j', (stdout, sample) => {
  expect(readSample(stdout)).toEqual(sample);
});

it('the rows that docs/servers.md names are there', () => {
  const page = readFileSync(join(PACKAGE_ROOT, 'docs/servers.md'), 'utf8');
  const [, pattern = ''] = /npm run bench -- '(.*)'/.exec(page) ?? [];
  const names = selectRows({ ...ALL, pattern: new RegExp(pattern) }).map(({ name }) => name);
  const peers = ['ours', 'TypeScript client', 'C client', 'JSON lines', 'HTTP'];
  expect(names.sort()).toEqual(
    [...peers.flatMap((peer) => [1, 64].map((n) => `${peer}, ${n} in flight`)), 'webhook'].sort(),
  );
});
