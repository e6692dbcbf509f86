import { constants } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/paths.js';
import type { BoxFile } from '../../../src/supervisor/runner/local/black-box/box-file.js';
import type { CrashNote, CrashState } from '../../../src/wire/crash-note.js';
import { fixtureModule, startCore, type TestCore } from '../../e2e/core.js';
import { functionsOf } from './symbols.js';

const { SIGABRT, SIGSEGV } = constants.signals;
/** Of the package as it is built, which the cores of the test run. */
const BOX_FILE = join(PACKAGE_ROOT, 'dist/src/supervisor/runner/local/black-box/box-file.js');

/** What the core of the test read of the ends of its hosts, in order. */
const notes: (CrashNote | CrashState)[] = [];
let core: TestCore;

beforeEach(async () => {
  notes.length = 0;
  const { prototype }: { prototype: BoxFile } = (await import(BOX_FILE)).BoxFile;
  const read = prototype.readCrashNote;
  vi.spyOn(prototype, 'readCrashNote').mockImplementation(function (this: BoxFile) {
    const note = read.call(this);
    notes.push(note);
    return note;
  });
});
afterEach(async () => {
  await core.close();
  vi.restoreAllMocks();
});

async function start(file: string): Promise<void> {
  core = await startCore([fixtureModule(file, { abi: 'exports-2020', coreFiles: 'off' })]);
}

/** The process of the first host. */
function firstPid(): number {
  const born = core.lives.find(({ kind }) => kind === 'spawned');
  return born?.kind === 'spawned' ? born.pid : 0;
}

const send = (text: string) => core.send(text, { from: 'alice', to: 'bob', id: 7 });

/** The module dies in a way; the note that its host left. */
async function die(way: string, file = 'dies'): Promise<CrashNote> {
  await start(file);
  expect(await send(way)).toMatchObject({ verdict: 'pass', trace: [{ default: 'crash' }] });
  const [note] = notes;
  if (typeof note !== 'object') throw new Error(`there is no note: ${note}`);
  expect(note.isComplete).toBe(true);
  return note;
}

it('a fault in a callback names the function, down to the host', async () => {
  const note = await die('write');
  expect(note).toMatchObject({ signal: SIGSEGV, code: 1, address: 0n, sender: null, isOverflow: false });
  expect(note.thread).toEqual({ id: firstPid(), name: 'mm:dies', isMain: true });
  const names = functionsOf(note, 3);
  expect(names.slice(0, 2)).toEqual(['die_by_write', 'on_message']);
  const paths = note.objects.map(({ path }) => path.replace(/.*\//, ''));
  expect(paths).toEqual(expect.arrayContaining(['dies.so', 'libmesibo-shim.so']));
});

it('a jump to NULL names who jumped', async () => {
  expect(functionsOf(await die('jump'), 3)).toEqual(['?', 'die_by_jump', 'on_message']);
});

it.each(['overflow', 'large-frame'])('the stack of the module is used up (%s)', async (way) => {
  const note = await die(way);
  expect(note).toMatchObject({ signal: SIGSEGV, isOverflow: true, thread: { isMain: true } });
  expect(functionsOf(note, 1)).toEqual([way === 'overflow' ? 'die_by_descent' : 'die_by_large_frame']);
});

it.each([
  ['in-thread overflow', 'dies', 'die_by_descent'],
  ['in-created overflow', 'dies', 'die_by_descent'],
  ['thread', 'dies-cpp', 'die_by_descent(int)'],
  ['library-thread', 'dies-cpp', 'die_in_library(int)'],
])('the stack of another thread is used up (%s of %s)', async (way, file, name) => {
  const note = await die(way, file);
  expect(note).toMatchObject({ signal: SIGSEGV, isOverflow: true, thread: { isMain: false } });
  expect(functionsOf(note, 1)).toEqual([name]);
});

it('abort() in a thread names who called it', async () => {
  const note = await die('in-thread abort');
  expect(note).toMatchObject({ signal: SIGABRT, code: -6, sender: firstPid(), thread: { isMain: false } });
  expect(functionsOf(note)).toContain('die_by_abort');
});

it('an exception that nobody catches names who threw it', async () => {
  expect(functionsOf(await die('throw', 'dies-cpp'), 12)).toContain('die_by_throw()');
});

it('exit() in a callback names who called it', async () => {
  const note = await die('exit');
  expect(note).toMatchObject({ signal: null, thread: { isMain: true } });
  expect(functionsOf(note)).toContain('die_by_exit');
});

it('a signal from outside has its sender', async () => {
  await start('dies');
  const verdict = send('wait');
  process.kill(firstPid(), 'SIGSEGV');
  await verdict;
  expect(notes[0]).toMatchObject({ signal: SIGSEGV, code: 0, sender: process.pid });
});

it.each([
  ['steal', 'a handler of the module'],
  ['at-once', '_exit()'],
  ['protect', 'a handler that faults itself'],
])('%s: %s leaves no note', async (way) => {
  await start('dies');
  await send(way);
  expect(notes[0]).toBe('ready');
});

it('a forked child that faults leaves no note, and its module serves', async () => {
  await start('dies');
  expect(await send('fork')).toMatchObject({ verdict: 'pass', trace: [{ default: null }] });
  await core.supervisor.stop();
  expect(notes).toEqual(['ready']);
});
