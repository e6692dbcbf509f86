/** A store of sends that cannot be used: what stands in black boxes stays there until it is in the store. */

import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CoreStatus } from '../../../src/supervisor/types.js';
import { BOX } from '../../../src/wire/black-box.js';
import { ChildCore } from '../../helpers/child-core.js';
import { CommandLine } from '../../helpers/command.js';
import { RawServer } from '../../helpers/raw-server.js';
import { boxesOf, fixture, fixtureModule, isRunning, makeTempDir, readRunId } from '../core.js';

const CRASHES = `module sends_then_crashes { path = ${fixture('sends-then-crashes')} }`;
const WAIT = { timeout: 100_000, interval: 200 };

let directory: string;
let runDir: string;
let command: CommandLine;
let holder: ClassicLevel<string, Buffer> | null;
let server: RawServer | null;
beforeEach(() => {
  directory = makeTempDir();
  runDir = join(directory, 'run');
  mkdirSync(join(runDir, 'state'), { recursive: true, mode: 0o700 });
  command = new CommandLine(directory);
  holder = null;
  server = null;
});
afterEach(async () => {
  server?.end();
  await release();
  await command.run('stop');
  rmSync(directory, { recursive: true });
});

/** While this process has the store open, no core can. */
async function hold(): Promise<void> {
  holder = new ClassicLevel<string, Buffer>(join(runDir, 'state', 'sends'), { valueEncoding: 'buffer' });
  await holder.open();
}

async function release(): Promise<void> {
  await holder?.close();
}

const status = async () => JSON.parse((await command.run('status', '--json')).stdout) as CoreStatus;
const start = () => command.start(CRASHES);
const boxes = (runId: string, module: string) => boxesOf(runId).filter((name) => name.includes(`-${module}-`));

/** Kills a core with five messages in a black box and nowhere else. */
async function killWithSends(): Promise<{ runId: string; sentIds: string[] }> {
  const core = await ChildCore.start({ runDir, modules: [fixtureModule('sends-many')], safeSends: 0, spareHosts: 0 });
  core.send('5');
  await core.until(() => core.kept.length === 5);
  const runId = readRunId(runDir);
  await core.kill();
  await expect.poll(() => core.hosts.filter(isRunning), WAIT).toEqual([]);
  return { runId, sentIds: core.kept.map(({ sentId }) => sentId) };
}

async function receive(count: number): Promise<string[]> {
  server = (await RawServer.join(join(runDir, 'gateway.sock'), { takesSends: true })).server;
  const sentIds: string[] = [];
  while (sentIds.length < count) sentIds.push((await server.sent()).sentId);
  return sentIds;
}

it('the boxes of a killed core stay when the next core cannot write their content', async () => {
  const { runId, sentIds } = await killWithSends();
  await hold();
  await start();
  expect((await status()).sends).toMatchObject({ waiting: 5 });
  expect(boxes(runId, 'sends_many')).toHaveLength(1);
  await command.run('stop');
  expect(boxes(runId, 'sends_many')).toHaveLength(1);
  await release();
  await start();
  expect((await status()).sends).toMatchObject({ waiting: 5 });
  expect(boxesOf(runId)).toEqual([]);
  expect(await receive(5)).toEqual(sentIds);
});

it('the boxes of a killed core are removed as soon as the store works again', async () => {
  const { runId } = await killWithSends();
  await hold();
  await start();
  expect(boxes(runId, 'sends_many')).toHaveLength(1);
  await release();
  await expect.poll(() => boxesOf(runId), WAIT).toEqual([]);
  expect((await status()).sends).toMatchObject({ waiting: 5 });
}, 120_000);

it('a message that a killed core had accepted is delivered though max_message is lower now', async () => {
  const { runId, sentIds } = await killWithSends();
  await command.start(`max_message = 3\n${CRASHES}`);
  expect((await status()).sends).toMatchObject({ waiting: 5 });
  expect(boxesOf(runId)).toEqual([]);
  expect((await status()).core.recoveredSends).toBe(sentIds.length);
});

it('a box of another layout stays for a core that can read it', async () => {
  const { runId, sentIds } = await killWithSends();
  const [name] = boxes(runId, 'sends_many');
  const writeVersion = (version: number) => {
    const fd = openSync(join('/dev/shm', name as string), 'r+');
    writeSync(fd, Uint32Array.of(version), 0, 4, 8);
    closeSync(fd);
  };
  writeVersion(BOX.version + 1);
  await start();
  expect((await status()).sends).toMatchObject({ waiting: 0 });
  await command.run('stop');
  expect(boxes(runId, 'sends_many')).toEqual([name]);
  writeVersion(BOX.version);
  await start();
  expect(boxesOf(runId)).toEqual([]);
  expect(await receive(5)).toEqual(sentIds);
});

it('the box of a dead host outlives its core, and the next core delivers its messages', async () => {
  await hold();
  await start();
  const runId = readRunId(runDir);
  await command.run('send', '--from', 'a', '--to', 'b', '--wait', '0', 'crash');
  await expect.poll(async () => (await status()).sends?.waiting, WAIT).toBe(1);
  await expect.poll(async () => (await status()).modules[0]?.state, WAIT).toBe('serving');
  await command.run('stop');
  expect(boxes(runId, 'sends_then_crashes')).toHaveLength(1);
  await release();
  await start();
  expect(boxesOf(runId)).toEqual([]);
  const [sentId] = await receive(1);
  expect(sentId).toContain(`${runId}-sends_then_crashes-1-`);
});
