/** Crash cards for tests, in the form in which a core writes them. */

import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  CARDS_DIRECTORY,
  type CardCall,
  type CardFrame,
  type CrashCard,
  type KeptCall,
} from '../../src/crashes/card.js';

/** A frame of a module. */
export function frame(changes: Partial<CardFrame> = {}): CardFrame {
  return {
    address: '0x7f0000001139',
    object: '/opt/modules/module_filter.so',
    buildId: 'a1b2c3',
    offset: '0x1139',
    isOfModule: true,
    function: 'filter_on_message',
    functionOffset: null,
    source: '/src/filter.c',
    line: 42,
    isInlined: false,
    ...changes,
  };
}

/** A frame of the host that called the module. */
export function hostFrame(changes: Partial<CardFrame> = {}): CardFrame {
  const object = '/usr/lib/mesibo/libmesibo-shim.so';
  const named = { function: 'mm_call', functionOffset: 31, source: null, line: null };
  return frame({ object, buildId: 'd4', offset: '0x77', isOfModule: false, ...named, ...changes });
}

/** A call. */
export function call(changes: Partial<CardCall> = {}): CardCall {
  return {
    seq: 7,
    kind: 'message',
    id: '4711',
    from: 'alice',
    to: 'bob',
    type: '0',
    bytes: 5,
    verdict: null,
    isKept: true,
    ...changes,
  };
}

/** A call as `ID.calls` has it. */
export function keptCall(text: string | Buffer, changes: Partial<KeptCall> = {}): KeptCall {
  const payload = Buffer.from(text).toString('base64');
  return { seq: 7, kind: 'message', scalars: { id: '4711' }, from: 'alice', to: 'bob', payload, ...changes };
}

/** A death by a NULL pointer in a message. */
export function card(changes: Partial<CrashCard> = {}): CrashCard {
  const summary = 'module filter: host 3 (pid 77) was ended by SIGSEGV while executing on_message of message 4711';
  return {
    version: 1,
    id: 'filter-20261130T130102Z-3',
    time: '2026-11-30T13:01:02.345Z',
    module: 'filter',
    file: '/opt/modules/module_filter.so',
    sha256: 'ab'.repeat(32),
    buildId: 'a1b2c3',
    abi: 'table',
    generation: 3,
    pid: 77,
    uptimeMs: 61_000,
    cause: 'crash',
    summary,
    signal: 'SIGSEGV',
    signalCode: 'SEGV_MAPERR',
    sender: null,
    exitCode: null,
    address: '0x0',
    isOverflow: false,
    thread: { id: 77, name: 'filter', isMain: true },
    phase: 'serving',
    callback: 'on_message',
    message: call(),
    isQuarantined: false,
    frames: [frame(), hostFrame()],
    isCut: false,
    noFrames: null,
    symbols: { by: 'addr2line', isPending: false, remark: null },
    log: [{ time: Date.parse('2026-11-30T13:01:02.340Z'), source: 'module', level: 0, text: 'about to write' }],
    calls: [call({ seq: 6, id: '4710', verdict: 'pass', isKept: false }), call()],
    memoryBytes: 41_000_000,
    descriptors: 21,
    limit: null,
    ...changes,
  };
}

/** Writes cards into a state directory, as a core does; a text stands there as it is. */
export function writeCards(stateDir: string, cards: readonly (CrashCard | { id: string; text: string })[]): void {
  mkdirSync(join(stateDir, CARDS_DIRECTORY), { recursive: true, mode: 0o700 });
  for (const one of cards) {
    const text = 'text' in one ? one.text : JSON.stringify(one);
    writeFileSync(join(stateDir, CARDS_DIRECTORY, `${one.id}.json`), text, { mode: 0o600 });
  }
}

/** Writes the calls of a card. */
export function writeCalls(stateDir: string, id: string, calls: readonly KeptCall[]): void {
  mkdirSync(join(stateDir, CARDS_DIRECTORY), { recursive: true, mode: 0o700 });
  const text = calls.map((call) => `${JSON.stringify(call)}\n`).join('');
  writeFileSync(join(stateDir, CARDS_DIRECTORY, `${id}.calls`), text, { mode: 0o600 });
}
