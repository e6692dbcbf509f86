import { execFileSync } from 'node:child_process';
import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import type { CrashNote } from '../../../src/wire/crash-note.js';
import { type Ended, runLoader } from './loader.js';
import { functionsOf } from './symbols.js';

const { SIGABRT, SIGILL, SIGSEGV, SIGTRAP } = constants.signals;
const isIntel = process.arch === 'x64';
/** `si_code` of signals that were sent, and of faults. */
const CODE = { user: 0, thread: -6, unmapped: 1 };

function noteOf({ note }: Ended): CrashNote {
  if (typeof note === 'string') throw new Error(`there is no note: ${note}`);
  expect(note.isComplete).toBe(true);
  return note;
}

/** Runs a way to die; it ends by the signal, and the note has the same one. */
async function die(way: string, signal: NodeJS.Signals, file = 'dies'): Promise<CrashNote> {
  const ended = await runLoader(file, way);
  expect(ended).toMatchObject({ code: null, signal });
  const note = noteOf(ended);
  expect(note.signal).toBe(constants.signals[signal]);
  return note;
}

describe.concurrent('a fault of the thread that calls the module', () => {
  it('names the function, its callers and their files', async () => {
    const note = await die('write', 'SIGSEGV');
    expect(note).toMatchObject({ signal: SIGSEGV, code: CODE.unmapped, address: 0n, sender: null });
    expect(note).toMatchObject({ isOverflow: false, isCut: false, thread: { isMain: true } });
    expect(note.frames[0]).toBe(note.pc);
    expect(functionsOf(note).slice(0, 2)).toEqual(['die_by_write', 'on_message']);
    const [first] = note.objects;
    expect(first).toMatchObject({ path: expect.stringMatching(/build\/dies\.so$/), isDeleted: false });
    const notes = execFileSync('readelf', ['-n', first?.path ?? '']);
    expect(first?.buildId).toBe(/Build ID: ([0-9a-f]+)/.exec(`${notes}`)?.[1]);
  });

  it.each(['jump', 'wild-jump'])('names who jumped to nowhere (%s)', async (way) => {
    const note = await die(way, 'SIGSEGV');
    expect(note.frames[0]).toBe(way === 'jump' ? 0n : 0x1000n);
    expect(note.frames[1]).toBe(note.returnAddress);
    expect(functionsOf(note).slice(0, 3)).toEqual(['?', `die_by_${way.replace('-', '_')}`, 'on_message']);
  });

  it('tells that its stack is used up', async () => {
    const note = await die('overflow', 'SIGSEGV');
    expect(note).toMatchObject({ isOverflow: true, isCut: true, thread: { isMain: true } });
    expect(new Set(functionsOf(note))).toEqual(new Set(['die_by_descent']));
    expect(note.frames).toHaveLength(256);
  });

  it('tells the same of one frame that is larger than the stack', async () => {
    const note = await die('large-frame', 'SIGSEGV');
    expect(note).toMatchObject({ isOverflow: true, isCut: false });
    expect(functionsOf(note).slice(0, 2)).toEqual(['die_by_large_frame', 'on_message']);
  });

  it('names who called abort()', async () => {
    const note = await die('abort', 'SIGABRT');
    expect(note).toMatchObject({ signal: SIGABRT, code: CODE.thread, sender: note.thread.id });
    expect(functionsOf(note)).toContain('die_by_abort');
  });

  it('ends at a trap, behind which it could go on', async () => {
    const note = await die('trap', 'SIGTRAP');
    expect(note.signal).toBe(SIGTRAP);
    expect(functionsOf(note)[0]).toBe('die_by_trap');
  });

  it('names who met a heap that is damaged', async () => {
    const note = await die('damaged-heap', 'SIGABRT');
    expect(functionsOf(note, 12)).toContain('die_by_damaged_heap');
  });

  it('has at least its function where the stack is overwritten', async () => {
    const note = await die('smash', 'SIGSEGV');
    expect(note.isCut).toBe(true);
    if (isIntel) expect(functionsOf(note)[0]).toBe('die_by_smash');
  });

  it('has at least its function where nothing says how to find the callers', async () => {
    const note = await die('any', 'SIGSEGV', 'dies-without-tables');
    expect(note.isCut).toBe(true);
    expect(functionsOf(note)[0]).toBe('die_by_write');
  });

  it.runIf(isIntel)('keeps its signal where looking for the callers faults', async () => {
    const note = await die('bad-table', 'SIGILL');
    expect(note).toMatchObject({ signal: SIGILL, isCut: true });
    expect(functionsOf(note)[0]).toBe('die_with_bad_table');
  });

  it('knows the files when the module has used up all descriptors', async () => {
    const note = await die('no-descriptors', 'SIGSEGV');
    expect(functionsOf(note).slice(0, 2)).toEqual(['die_by_write', 'die_without_descriptors']);
  });

  it('is noted where a handler of the module calls the earlier one', async () => {
    const note = await die('chain', 'SIGSEGV');
    expect(functionsOf(note)[0]).toBe('die_by_write');
  });
});

describe.concurrent('a fault of another thread', () => {
  it.each([
    ['in-thread overflow', 'dies', 'die_by_descent'],
    ['in-created overflow', 'dies', 'die_by_descent'],
    ['overflow-in-plugin', 'dies', 'die_in_plugin'],
    ['thread', 'dies-cpp', 'die_by_descent(int)'],
    ['library-thread', 'dies-cpp', 'die_in_library(int)'],
  ])('is known for an overflow: %s of %s', async (way, file, name) => {
    const note = await die(way, 'SIGSEGV', file);
    expect(note).toMatchObject({ isOverflow: true, isCut: true, thread: { isMain: false } });
    expect(functionsOf(note)[0]).toBe(name);
  });

  it('has the name of the thread', async () => {
    const note = await die('in-created write', 'SIGSEGV');
    expect(note.thread).toMatchObject({ name: 'doomed', isMain: false });
  });

  it('keeps the innermost of 100,000 frames', async () => {
    const note = await die('deep', 'SIGSEGV');
    expect(note).toMatchObject({ isOverflow: false, isCut: true });
    expect(note.frames).toHaveLength(256);
    expect(functionsOf(note).slice(0, 3)).toEqual(['die_by_write', 'go_down', 'go_down']);
  });
});

describe.concurrent('a module of C++', () => {
  it('has the files that came with it', async () => {
    const note = await die('library', 'SIGSEGV', 'dies-cpp');
    const [method, callback] = functionsOf(note);
    expect([method, callback]).toEqual([
      expect.stringContaining('Doomed::die('),
      expect.stringContaining('on_message('),
    ]);
    const paths = note.objects.map(({ path }) => path.replace(/.*\//, ''));
    expect(paths).toEqual(expect.arrayContaining(['libdies.so', 'dies-cpp.so']));
  });

  it('names who threw what nobody catches', async () => {
    const note = await die('throw', 'SIGABRT', 'dies-cpp');
    expect(functionsOf(note, 12)).toContain('die_by_throw()');
  });
});

describe.concurrent('what is no fault', () => {
  it.each([
    ['exit', true],
    ['in-thread exit', false],
  ])('%s: who called exit() is noted', async (way, isMain) => {
    const ended = await runLoader('dies', way);
    expect(ended).toMatchObject({ code: 7, signal: null });
    const note = noteOf(ended);
    expect(note).toMatchObject({ signal: null, thread: { isMain } });
    expect(functionsOf(note)).toContain('die_by_exit');
  });

  it('a signal from outside has its sender', async () => {
    const ended = await runLoader('dies', 'wait', 'SIGSEGV');
    expect(ended).toMatchObject({ code: null, signal: 'SIGSEGV' });
    expect(noteOf(ended)).toMatchObject({ signal: SIGSEGV, code: CODE.user, sender: process.pid, address: 0n });
  });

  it('a signal of its own has itself as its sender', async () => {
    const note = await die('own-signal', 'SIGSEGV');
    expect(note).toMatchObject({ code: CODE.user, sender: note.thread.id });
  });

  it('_exit() leaves no note', async () => {
    expect(await runLoader('dies', 'at-once')).toMatchObject({ code: 8, signal: null, note: 'ready' });
  });

  it('nor does an end in good order', async () => {
    expect(await runLoader('dies', 'pass')).toMatchObject({ code: 0, signal: null, note: 'ready' });
  });

  it('nor does the fault of a forked child', async () => {
    expect(await runLoader('dies', 'fork')).toMatchObject({ code: 0, signal: null, note: 'ready' });
  });
});

describe.concurrent('a fault that cannot be noted', () => {
  it('belongs to a module that has its own handler', async () => {
    expect(await runLoader('dies', 'steal')).toMatchObject({ code: 9, signal: null, note: 'ready' });
  });

  it.each(['blocked', 'protect'])('ends the process by the same signal (%s)', async (way) => {
    expect(await runLoader('dies', way)).toMatchObject({ code: null, signal: 'SIGSEGV', note: 'ready' });
  });
});
