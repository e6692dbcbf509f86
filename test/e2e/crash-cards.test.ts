/** What a running core makes of real crashes. */

import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { Core } from 'mesibo-modules';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { CrashCard } from '../../src/crashes/card.js';
import { CommandLine } from '../helpers/command.js';
import { makeTempDir, patientConfig, sample } from './core.js';

const patience = { timeout: 120_000, interval: 100 };
let command: CommandLine;
beforeEach(() => {
  command = new CommandLine(makeTempDir());
});
afterEach(async () => {
  await command.run('stop');
  rmSync(command.directory, { recursive: true });
});

const CRASHY = `path = ${sample('crashy')}\nabi = table\ndeadline = 60s\n`;
const cardsDir = () => join(command.directory, 'run', 'state', 'crashes');

function start(settings = '', core = '') {
  return command.start(`chain_deadline = 60s\n${core}module crashy {\n${CRASHY}${settings}\n}\n`);
}

function send(text: string, ...more: string[]) {
  return command.run('send', '--from', 'alice', '--to', 'bob', '--wait', '0', ...more, text);
}

/** Cards that are finished, oldest first. */
function readCards(): CrashCard[] {
  if (!existsSync(cardsDir())) return [];
  const names = readdirSync(cardsDir()).filter((name) => name.endsWith('.json'));
  const cards = names.map((name) => JSON.parse(readFileSync(join(cardsDir(), name), 'utf8')) as CrashCard);
  return cards.filter(({ symbols }) => !symbols.isPending).sort((a, b) => a.generation - b.generation);
}

async function waitForCards(count: number): Promise<CrashCard[]> {
  await expect.poll(() => readCards().length, patience).toBe(count);
  return readCards();
}

it('names function, file and line in the card, the log, the status and the event', { timeout: 240_000 }, async () => {
  const program = join(command.directory, 'tell');
  const told = join(command.directory, 'told');
  writeFileSync(
    program,
    `#!/bin/sh\n[ "$MESIBO_EVENT" = crash ] && env | grep ^MESIBO_ >${told}.tmp && mv ${told}.tmp ${told}\n`,
  );
  chmodSync(program, 0o755);
  expect(await start('', `on_event = ${program}\n`)).toMatchObject({ code: 0 });
  await send('hello', '--id', '1');
  await send('crash secret', '--id', '4711');
  const [card] = await waitForCards(1);
  const lines = readFileSync(join(import.meta.dirname, '../../modules/crashy/crashy.c'), 'utf8').split('\n');
  const line = lines.findIndex((text) => text.includes('*nowhere = 1')) + 1;
  const place = { function: 'crashy_on_message', source: expect.stringMatching(/crashy\.c$/), line };
  expect(card).toMatchObject({
    module: 'crashy',
    file: sample('crashy'),
    cause: 'crash',
    signal: 'SIGSEGV',
    signalCode: 'SEGV_MAPERR',
    address: '0x0',
    callback: 'on_message',
    message: { id: '4711', from: 'alice', to: 'bob', bytes: 12, isKept: true },
    abi: 'table',
    thread: { isMain: true },
    isQuarantined: true,
    calls: [
      { id: '1', verdict: 'pass', isKept: false },
      { id: '4711', verdict: null },
    ],
    noFrames: null,
  });
  expect(card?.frames[0]).toMatchObject({ ...place, isOfModule: true });
  expect(card?.log.at(-1)).toMatchObject({ source: 'module', text: 'about to write to address 0' });
  expect(card?.sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(card?.memoryBytes).toBeGreaterThan(1 << 20);
  expect(card?.descriptors).toBeGreaterThan(2);
  const id = card?.id ?? '';
  const path = join(cardsDir(), `${id}.json`);
  expect(statSync(cardsDir()).mode & 0o777).toBe(0o700);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(readFileSync(path, 'utf8')).not.toContain('secret');
  const [kept = ''] = readFileSync(join(cardsDir(), `${id}.calls`), 'utf8').split('\n');
  expect(Buffer.from(JSON.parse(kept).payload, 'base64').toString()).toBe('crash secret');
  const { modules } = JSON.parse((await command.run('status', '--json')).stdout);
  expect(modules[0].lastCrash).toMatchObject({ id, ...place });
  expect((await command.run('status')).stdout).toContain(`its last crash was in crashy_on_message at crashy.c:${line}`);
  const log = await command.run('logs', 'crashy', '--level', 'error');
  expect(log.stdout).toContain(`crashed in crashy_on_message at crashy.c:${line}; see: mesibo-modules`);
  await expect.poll(() => existsSync(told), patience).toBe(true);
  const environment = readFileSync(told, 'utf8');
  expect(environment).toContain(`MESIBO_CRASH_CARD=${path}\n`);
  expect(environment).toContain('MESIBO_FUNCTION=crashy_on_message\n');
  await command.run('reset', 'crashy');
  expect(JSON.parse((await command.run('status', '--json')).stdout).modules[0].lastCrash).toBeNull();
});

it('has the stack of abort, of exit and of a hang, with the calls that crash_body asks for', {
  timeout: 240_000,
}, async () => {
  expect(await start('hang = 3s\ncrash_body = all\nmax_crashes = off\nbackoff = 1ms to 1ms')).toMatchObject({
    code: 0,
  });
  await send('hello');
  await send('abort');
  const [first] = await waitForCards(1);
  expect(first).toMatchObject({
    signal: 'SIGABRT',
    signalCode: 'SI_TKILL',
    calls: [{ isKept: true }, { isKept: true }],
  });
  expect(first?.frames.find(({ isOfModule }) => isOfModule)).toMatchObject({ function: 'crashy_on_message' });
  await send('exit');
  const second = (await waitForCards(2))[1];
  expect(second).toMatchObject({ cause: 'exit', signal: null, exitCode: 0, noFrames: null });
  expect(second?.frames.find(({ isOfModule }) => isOfModule)).toMatchObject({ function: 'crashy_on_message' });
  await send('hang');
  const third = (await waitForCards(3))[2];
  expect(third).toMatchObject({ cause: 'hang', callback: 'on_message', message: { isKept: true }, noFrames: null });
  expect(third?.frames.find(({ isOfModule }) => isOfModule)).toMatchObject({ function: 'crashy_on_message' });
});

it('keeps no body with crash_body = no, also after a reload', { timeout: 240_000 }, async () => {
  expect(await start()).toMatchObject({ code: 0 });
  const file = join(command.directory, 'mesibo.conf');
  writeFileSync(file, readFileSync(file, 'utf8').replace('abi = table', 'abi = table\ncrash_body = no'));
  const { pid } = JSON.parse((await command.run('status', '--json')).stdout).modules[0];
  expect(await command.run('reload')).toMatchObject({ code: 0 });
  expect(JSON.parse((await command.run('status', '--json')).stdout).modules[0].pid).toBe(pid);
  await send('crash');
  const [card] = await waitForCards(1);
  expect(card?.message).toMatchObject({ isKept: false, bytes: 5 });
  expect(readdirSync(cardsDir()).map((name) => basename(name))).toEqual([`${card?.id}.json`]);
});

it('keeps the last 50 of 200 crashes in a row, and gives true verdicts in between', { timeout: 900_000 }, async () => {
  const settings = { maxCrashes: null, backoff: { minMs: 1, maxMs: 1 }, quarantine: null, deadlineMs: 900_000 };
  const modules = [{ name: 'crashy', path: sample('crashy'), abi: 'table' as const, ...settings }];
  const [runDir, stateDir] = [join(command.directory, 'run'), join(command.directory, 'run', 'state')];
  const core = new Core(patientConfig({ modules, chainDeadlineMs: 900_000 }), { runDir, stateDir });
  await core.start();
  const sent = (text: string) => core.onMessage({ from: 'alice', to: 'bob' }, Buffer.from(text));
  const outcomes = await Promise.all(Array.from({ length: 400 }, (_, i) => sent(i % 2 === 0 ? 'crash' : 'hello')));
  const defaults = outcomes.map(({ trace }) => trace[0]?.default ?? null);
  expect(defaults).toEqual(Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? 'crash' : null)));
  await expect.poll(() => readCards().at(-1)?.generation, patience).toBe(200);
  const cards = await waitForCards(50);
  expect(cards.map(({ generation }) => generation)).toEqual(Array.from({ length: 50 }, (_, i) => 151 + i));
  expect(readdirSync(cardsDir())).toHaveLength(100);
  expect(core.status().core.problems).toEqual([]);
  await core.stop();
});

it('restarts the module as fast where no card can be written, and says so once', { timeout: 240_000 }, async () => {
  expect(await start('max_crashes = off\nbackoff = 1ms to 1ms\nquarantine = off\n')).toMatchObject({ code: 0 });
  writeFileSync(cardsDir(), 'a file in the way');
  for (let i = 0; i < 3; i++) await send('crash');
  const said = async () => {
    const { stdout } = await command.run('logs', '--level', 'error');
    return stdout.split('\n').filter((line) => line.includes('crash cards cannot be written'));
  };
  await expect.poll(said, patience).toHaveLength(1);
  expect((await command.run('status')).stdout).toContain('crash cards cannot be written');
  expect((await send('hello')).code).toBe(0);
  rmSync(cardsDir());
  await send('crash');
  await waitForCards(1);
  await expect.poll(async () => (await command.run('status')).stdout, patience).not.toContain('cannot be written');
});
