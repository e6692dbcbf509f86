/**
 * The crash area of a black box from the core's side: what the handler of a fatal signal, or of `exit()`, has noted. The module
 * may have written anything there.
 *
 * @see src/host-runner/native/shim.h for the layout
 */

import { readSync } from 'node:fs';

/** The layout's constants and offsets, equal to those of `struct mm_crash` in shim.h; a test compares the two. */
export const CRASH = {
  offset: 4096,
  state: 0,
  signal: 4,
  code: 8,
  sender: 12,
  address: 16,
  pc: 24,
  sp: 32,
  returnAddress: 40,
  thread: 48,
  flags: 52,
  threadName: 56,
  frameCount: 72,
  objectCount: 76,
  frames: 80,
  maxFrames: 256,
  objects: 80 + 8 * 256,
  maxObjects: 64,
  objectBytes: 576,
  bytes: 80 + 8 * 256 + 64 * 576,
} as const;

/** Within one object; equal to `struct mm_crash_object`. */
export const CRASH_OBJECT = {
  start: 0,
  end: 8,
  base: 16,
  buildIdLength: 24,
  buildId: 28,
  maxBuildId: 32,
  path: 60,
  maxPath: 512,
  flags: 572,
} as const;
const DELETED = 1;
const STATES = ['none', 'ready', 'begun', 'complete'] as const;
const FLAGS = { main: 1, overflow: 2, cut: 4, noFiles: 8, noMemory: 16 } as const;
const NAME_BYTES = 16;

/** A file of which code was running. */
export interface CrashObject {
  /** The mapping that frames are in. */
  start: bigint;
  end: bigint;
  /** An address minus this is the address that the file itself has for it. */
  base: bigint;
  /** In hexadecimal; `null`: the file has none. */
  buildId: string | null;
  /** Cut after 511 bytes. Untrusted text. */
  path: string;
  /** Whether the path led to another file by then, or to none. */
  isDeleted: boolean;
}

/** What was noted. */
export interface CrashNote {
  /** Whether the handler came to its end. */
  isComplete: boolean;
  /** `null`: `exit()` was called. */
  signal: number | null;
  /** `si_code`. */
  code: number;
  /** The process that sent the signal; `null`: it was not sent. */
  sender: number | null;
  /** Of the memory that could not be used, for a fault. */
  address: bigint;
  pc: bigint;
  sp: bigint;
  /** Who called, after a jump to nowhere: what the stack pointer pointed to, or the link register of arm64. */
  returnAddress: bigint;
  thread: {
    id: number;
    /** Untrusted text. */
    name: string;
    /** Whether it is the one that calls the module. */
    isMain: boolean;
  };
  /** Whether its stack was used up. */
  isOverflow: boolean;
  /** Innermost first. The first is where it was executing, the others are where calls return to. */
  frames: bigint[];
  /** Whether there were more. */
  isCut: boolean;
  /** What the process could have no more of. */
  usedUp?: { descriptors: boolean; memory: boolean };
  objects: CrashObject[];
}

/** What a host could say: `none`: it installed no handler; `ready`: the handler was not called. */
export type CrashState = (typeof STATES)[number];

/**
 * Reads the area.
 *
 * @param at where it begins in the file
 * @returns the note, or the state in which there is none
 */
export function readCrashNote(fd: number, at: number = CRASH.offset): CrashNote | 'none' | 'ready' {
  const area = Buffer.alloc(CRASH.bytes);
  const length = readSync(fd, area, 0, area.length, at);
  const state = length === area.length ? (STATES[area.readUInt32LE(CRASH.state)] ?? 'none') : 'none';
  if (state === 'none' || state === 'ready') return state;
  const flags = area.readUInt32LE(CRASH.flags);
  return {
    isComplete: state === 'complete',
    signal: area.readInt32LE(CRASH.signal) || null,
    code: area.readInt32LE(CRASH.code),
    sender: area.readInt32LE(CRASH.sender) || null,
    address: area.readBigUInt64LE(CRASH.address),
    pc: area.readBigUInt64LE(CRASH.pc),
    sp: area.readBigUInt64LE(CRASH.sp),
    returnAddress: area.readBigUInt64LE(CRASH.returnAddress),
    thread: {
      id: area.readInt32LE(CRASH.thread),
      name: readText(area, CRASH.threadName, NAME_BYTES),
      isMain: (flags & FLAGS.main) !== 0,
    },
    isOverflow: (flags & FLAGS.overflow) !== 0,
    frames: readFrames(area),
    isCut: (flags & FLAGS.cut) !== 0,
    usedUp: { descriptors: (flags & FLAGS.noFiles) !== 0, memory: (flags & FLAGS.noMemory) !== 0 },
    objects: readObjects(area),
  };
}

/** The object that an address is in; `null`: in none that was noted. */
export function findObject({ objects }: Pick<CrashNote, 'objects'>, address: bigint): CrashObject | null {
  return objects.find(({ start, end }) => address >= start && address < end) ?? null;
}

function readFrames(area: Buffer): bigint[] {
  const count = Math.min(area.readUInt32LE(CRASH.frameCount), CRASH.maxFrames);
  return Array.from({ length: count }, (_, i) => area.readBigUInt64LE(CRASH.frames + 8 * i));
}

function readObjects(area: Buffer): CrashObject[] {
  const count = Math.min(area.readUInt32LE(CRASH.objectCount), CRASH.maxObjects);
  return Array.from({ length: count }, (_, i) => readObject(area, CRASH.objects + CRASH.objectBytes * i));
}

function readObject(area: Buffer, at: number): CrashObject {
  const idBytes = Math.min(area.readUInt32LE(at + CRASH_OBJECT.buildIdLength), CRASH_OBJECT.maxBuildId);
  return {
    start: area.readBigUInt64LE(at + CRASH_OBJECT.start),
    end: area.readBigUInt64LE(at + CRASH_OBJECT.end),
    base: area.readBigUInt64LE(at + CRASH_OBJECT.base),
    buildId:
      idBytes === 0 ? null : area.toString('hex', at + CRASH_OBJECT.buildId, at + CRASH_OBJECT.buildId + idBytes),
    path: readText(area, at + CRASH_OBJECT.path, CRASH_OBJECT.maxPath),
    isDeleted: (area.readUInt32LE(at + CRASH_OBJECT.flags) & DELETED) !== 0,
  };
}

function readText(area: Buffer, at: number, maxBytes: number): string {
  const bytes = area.subarray(at, at + maxBytes);
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? maxBytes : end);
}
