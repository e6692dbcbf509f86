/** How long a message is withheld, from which build, and by what it is known in a chain. */

import { appendFileSync, copyFileSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ModuleOptions, SupervisorOptions } from 'mesibo-modules';
import { afterEach, expect, it } from 'vitest';
import { fixture, fixtureModule, fixtureOf, makeTempDir, patientConfig, TestCore } from '../core.js';

const NAME = 'kills_by_word';
const OFTEN = { maxCrashes: null, backoff: { minMs: 1, maxMs: 1 }, deadlineMs: 60_000, quarantine: 1 } as const;
const cores: TestCore[] = [];
const folders: string[] = [];
afterEach(async () => {
  for (const core of cores.splice(0)) await core.close();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

function makeFolder(): string {
  const folder = makeTempDir();
  folders.push(folder);
  return folder;
}

function startWith(modules: ModuleOptions[], how: Partial<SupervisorOptions> = {}): Promise<TestCore> {
  const core = new TestCore({ modules }, {}, how);
  cores.push(core);
  return core.start();
}

const killer = (options: Partial<ModuleOptions> = {}) => fixtureModule('kills-by-word', { ...OFTEN, ...options });
const defaultOf = async (core: TestCore, text: string) => (await core.send(text)).trace.at(-1)?.default ?? null;

it('another build gets the message; the old build does not get it again', async () => {
  const path = join(makeFolder(), 'module.so');
  const place = (change: string) => {
    copyFileSync(fixture('kills-by-word'), `${path}.new`);
    appendFileSync(`${path}.new`, change);
    renameSync(`${path}.new`, path);
  };
  place('');
  const modules = [killer({ path })];
  const core = await startWith(modules);
  expect([await defaultOf(core, 'null'), await defaultOf(core, 'null')]).toEqual(['crash', 'quarantine']);
  place('another build');
  await core.supervisor.reload(patientConfig({ modules }));
  expect(core.module(NAME).quarantined).toBe(0);
  expect(core.supervisor.quarantine({ kind: 'list', module: NAME })).toMatchObject([{ state: 'lifted' }]);
  expect([await defaultOf(core, 'null'), await defaultOf(core, 'null')]).toEqual(['crash', 'quarantine']);
  place('');
  await core.supervisor.reload(patientConfig({ modules }));
  expect(await defaultOf(core, 'null')).toBe('quarantine');
  expect(core.module(NAME).crashes.total).toBe(2);
});

it('a restart of the core changes nothing, and the message is on the disk before the next host is ready', async () => {
  const stateDir = makeFolder();
  const core = await startWith([killer()], { stateDir });
  const onDisk: number[] = [];
  core.supervisor.on('lifecycle', (event) => {
    if (event.kind !== 'ready') return;
    const { entries } = JSON.parse(readFileSync(join(stateDir, 'quarantine', `${NAME}.json`), 'utf8'));
    onDisk.push(entries.length);
  });
  expect(await defaultOf(core, 'abort')).toBe('crash');
  await core.serving(NAME, 2);
  expect(onDisk).toEqual([1]);
  await cores.pop()?.close();
  const next = await startWith([killer()], { stateDir });
  expect(await defaultOf(next, 'abort')).toBe('quarantine');
  expect(next.module(NAME)).toMatchObject({ generation: 1, quarantined: 1 });
});

it('with quarantine = 3 the third crash is the last one; with off there is always another', async () => {
  const core = await startWith([killer({ quarantine: 3 })]);
  const results = [];
  for (let times = 0; times < 5; times++) results.push(await defaultOf(core, 'null'));
  expect(results).toEqual(['crash', 'crash', 'crash', 'quarantine', 'quarantine']);
  await core.supervisor.reload(patientConfig({ modules: [killer({ quarantine: null })] }));
  expect([await defaultOf(core, 'null'), core.module(NAME).quarantined]).toEqual(['crash', 0]);
});

it('after quarantine_ttl the message is given again', async () => {
  const core = await startWith([killer({ quarantineTtlMs: 1 })]);
  expect(await defaultOf(core, 'null')).toBe('crash');
  // It has waited for the next host, which takes longer.
  expect(await defaultOf(core, 'null')).toBe('crash');
});

it('with on_failure = consume it is dropped, and its conversation keeps its order', async () => {
  const core = await startWith([killer({ onFailure: 'consume' })]);
  expect(await core.send('exit')).toMatchObject({ verdict: 'consumed', by: NAME });
  const order: string[] = [];
  const texts = ['first', 'exit', 'second', 'exit', 'third'];
  await Promise.all(texts.map(async (text) => order.push(`${text} ${(await core.send(text)).verdict}`)));
  expect(order).toEqual(['first pass', 'exit consumed', 'second pass', 'exit consumed', 'third pass']);
});

it('a message is known by what this module receives: what another one before it has made of it', async () => {
  const core = await startWith([fixtureOf('table', 'change'), killer()]);
  // ROT13 of "null".
  expect([await defaultOf(core, 'ahyy'), await defaultOf(core, 'ahyy')]).toEqual(['crash', 'quarantine']);
  expect(await defaultOf(core, 'null')).toBeNull();
  expect(core.supervisor.quarantine({ kind: 'list', module: null })).toMatchObject([{ module: NAME, bytes: 4 }]);
});

it('a message of a mebibyte is held, and only its hash is kept', async () => {
  const stateDir = makeFolder();
  const core = await startWith([killer()], { stateDir });
  const large = Buffer.alloc(1024 * 1024, 'x');
  large.write('null', 500_000);
  const send = async () => (await core.send(large)).trace[0]?.default;
  expect([await send(), await send()]).toEqual(['crash', 'quarantine']);
  expect(readFileSync(join(stateDir, 'quarantine', `${NAME}.json`)).length).toBeLessThan(2000);
});
