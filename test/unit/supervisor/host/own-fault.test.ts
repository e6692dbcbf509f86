import { constants } from 'node:os';
import { describe, expect, it } from 'vitest';
import type { DeathFacts } from '../../../../src/supervisor/host/death.js';
import { isOwnFault } from '../../../../src/supervisor/host/own-fault.js';
import type { CrashNote } from '../../../../src/wire/crash-note.js';
import { endOf, makeFacts } from '../../../helpers/death-facts.js';

const { SIGSEGV, SIGABRT, SIGBUS } = constants.signals;
const SEGV_MAPERR = 1;
const SI_USER = 0;
const SI_TKILL = -6;
const PID = 42;

function noteOf(changes: Partial<CrashNote> = {}): CrashNote {
  return {
    isComplete: true,
    signal: SIGSEGV,
    code: SEGV_MAPERR,
    sender: null,
    address: 0n,
    pc: 1n,
    sp: 2n,
    returnAddress: 3n,
    thread: { id: PID, name: 'filter', isMain: true },
    isOverflow: false,
    frames: [],
    isCut: false,
    objects: [],
    ...changes,
  };
}

function judge(facts: Partial<DeathFacts>): boolean {
  return isOwnFault(endOf(makeFacts({ pid: PID, signal: 'SIGSEGV', note: noteOf(), ...facts })));
}

describe('a fault of the thread that calls the module', () => {
  it.each<[string, Partial<DeathFacts>]>([
    ['a bad pointer', {}],
    ['a stack that is used up', { note: noteOf({ isOverflow: true }) }],
    [
      'abort(), which sends the signal to itself',
      { signal: 'SIGABRT', note: noteOf({ signal: SIGABRT, code: SI_TKILL, sender: PID }) },
    ],
    [
      'abort() where the process has other pids than outside',
      { pid: 999, signal: 'SIGABRT', note: noteOf({ signal: SIGABRT, code: SI_TKILL, sender: PID }) },
    ],
    [
      'a second fault in the handler, which then did not come to its end',
      { signal: 'SIGBUS', note: noteOf({ isComplete: false }) },
    ],
    ['exit()', { signal: null, exitCode: 7, exitCalled: 7, note: noteOf({ signal: null, code: 0 }) }],
    ['exit() with more than a byte', { signal: null, exitCode: 255, exitCalled: -1, note: noteOf({ signal: null }) }],
    ['a crash while it was being stopped', { from: { kind: 'stopping', cause: 'stop' } as DeathFacts['from'] }],
  ])('%s is its own', (_, facts) => {
    expect(judge(facts)).toBe(true);
  });
});

describe('what is not, or cannot be known to be, the fault of that thread', () => {
  it.each<[string, Partial<DeathFacts>]>([
    ['a fault of another thread', { note: noteOf({ thread: { id: 43, name: 'worker', isMain: false } }) }],
    ['no handler', { note: 'none' }],
    ['a handler that was not called: the module has its own', { note: 'ready' }],
    ['SIGSEGV that another process sent', { note: noteOf({ code: SI_USER, sender: 7 }) }],
    ['SIGSEGV that the core or a debugger sent, which nobody can name', { note: noteOf({ code: SI_USER }) }],
    ['SIGKILL after a note', { signal: 'SIGKILL' }],
    ['another signal than that of the note', { signal: 'SIGBUS' }],
    ['memory that ran out', { signal: 'SIGKILL', oomStruck: true }],
    ['a hang', { from: { kind: 'stopping', cause: 'hang' } as DeathFacts['from'], signal: 'SIGKILL' }],
    ['a stop as ordered', { from: { kind: 'stopping', cause: 'stop' } as DeathFacts['from'], signal: 'SIGTERM' }],
    [
      'a file that was overwritten while it was loaded',
      { overwritten: true, signal: 'SIGBUS', note: noteOf({ signal: SIGBUS }) },
    ],
    ['_exit()', { signal: null, exitCode: 3, note: 'ready' }],
    [
      '_exit() after another thread called exit()',
      { signal: null, exitCode: 3, exitCalled: 7, note: noteOf({ signal: null }) },
    ],
    [
      'exit() on another thread',
      {
        signal: null,
        exitCode: 7,
        exitCalled: 7,
        note: noteOf({ signal: null, thread: { id: 43, name: '', isMain: false } }),
      },
    ],
    ['a note of exit() and an end by a signal', { note: noteOf({ signal: null }) }],
    ['a module that made the core its tracer', { halted: true }],
    ['a start that crashed', { from: { kind: 'starting' }, phase: 'init', served: false }],
  ])('%s', (_, facts) => {
    expect(judge(facts)).toBe(false);
  });
});
