/** What is known of deaths, for tests of what is made of it. */

import type { DeathCall, DeathEvidence } from '../../src/supervisor/types.js';
import { CRASH, type CrashNote, type CrashObject } from '../../src/wire/crash-note.js';
import { type EventParts, makeEvent } from './calls.js';

/** A module that was ended by SIGSEGV between calls, unless told otherwise. */
export function makeEvidence(changes: Partial<DeathEvidence> = {}): DeathEvidence {
  return {
    cardId: 'm-20261130T120000Z-3',
    diedAt: new Date('2026-11-30T12:00:00.500Z'),
    module: 'm',
    file: '/opt/m/m.so',
    files: { path: '/opt/m/m.so', others: [] },
    sha256: 'ab'.repeat(32),
    abi: 'table',
    generation: 3,
    pid: 42,
    uptimeMs: 1234,
    cause: 'crash',
    summary: 'module m: host 3 (pid 42) was ended by SIGSEGV between calls',
    signal: 'SIGSEGV',
    exitCode: null,
    hasCalledExit: false,
    wasKilledByCore: false,
    phase: 'serving',
    served: true,
    note: makeNote(),
    executing: null,
    call: null,
    calls: [],
    crashBody: 'last',
    lines: [],
    memoryBytes: 1 << 20,
    descriptors: 12,
    stack: null,
    limit: null,
    isQuarantined: false,
    ...changes,
  };
}

/** A write to address 0 in a module, called by a library. */
export function makeNote(changes: Partial<CrashNote> = {}): CrashNote {
  return {
    isComplete: true,
    signal: 11,
    code: 1,
    sender: null,
    address: 0n,
    pc: 0x7f0000001123n,
    sp: 0x7ffe00000000n,
    returnAddress: 0n,
    thread: { id: 42, name: 'mm:m', isMain: true },
    isOverflow: false,
    frames: [0x7f0000001123n, 0x7f0000002456n],
    isCut: false,
    objects: [
      makeObject(0x7f0000001000n, { base: 0x7f0000000000n, buildId: 'aa', path: '/opt/m/m.so' }),
      makeObject(0x7f0000002000n, { base: 0x7f0000002000n, buildId: 'bb', path: '/lib/x/libother.so' }),
    ],
    ...changes,
  };
}

/** A file with a page of code. */
export function makeObject(start: bigint, changes: Partial<CrashObject> = {}): CrashObject {
  return { start, end: start + 0x1000n, base: start, buildId: null, path: '/opt/m.so', isDeleted: false, ...changes };
}

/** A call that the module was given, with its body. */
export function makeDeathCall(seq: number, parts: EventParts, verdict: DeathCall['verdict'] = 'pass'): DeathCall {
  const event = makeEvent(parts);
  return { seq, verdict, payloadBytes: event.payloadBytes, event, isWhole: true };
}

/** Makes crash areas of random bytes, each with a state that promises a note. */
export function areaMaker(random: (below: number) => number): () => Buffer {
  const bytes = Buffer.alloc(1 << 20);
  for (let at = 0; at < bytes.length; at += 4) bytes.writeUInt32LE(random(2 ** 32), at);
  return () => {
    const from = random(bytes.length - CRASH.bytes);
    const area = Buffer.from(bytes.subarray(from, from + CRASH.bytes));
    area.writeUInt32LE(2 + random(2), CRASH.state);
    // Else nearly each would be taken for the most that there may be.
    area.writeUInt32LE(random(300), CRASH.frameCount);
    area.writeUInt32LE(random(80), CRASH.objectCount);
    return area;
  };
}
