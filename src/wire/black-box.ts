/**
 * The black box from the core's side: its header when it is made, its content when its host has died. A module may have
 * overwritten anything in it.
 *
 * @see src/host-runner/native/shim.h for the layout
 */

import { readSync } from 'node:fs';
import { EXECUTED_KINDS, type ExecutedKind } from './event-kinds.js';
import { type RecordSink, readRecords } from './records.js';

/** The layout's constants and offsets, equal to those in shim.h; a test compares the two. */
export const BOX = {
  version: 7,
  ringOffset: 128 * 1024,
  generation: 12,
  ringSize: 16,
  head: 24,
  tail: 32,
  droppedLogs: 40,
  refusedSends: 48,
  phase: 56,
  currentSeq: 64,
  currentStart: 72,
  currentEvent: 80,
  exitCalled: 84,
  exitCode: 88,
  causeEvent: 92,
  taken: 96,
  takenSends: 104,
  causeId: 112,
  endAsked: 120,
  signalFrom: 124,
  beats: 128,
  sendsClosed: 136,
  openRequests: 144,
  refusedHttp: 152,
  headerBytes: 160,
} as const;

const MAGIC = Buffer.from('MBLKBOX1', 'latin1');
const PAGE_BYTES = 64 * 1024;

/** How far a host had come; `init-by-default`: in the init, with an ABI that the sources of the module did not choose. */
export type Phase = 'booting' | 'loading' | 'init' | 'serving' | 'cleanup' | 'init-by-default';
const PHASES: readonly Phase[] = ['booting', 'loading', 'init', 'serving', 'cleanup', 'init-by-default'];

/** What the header said when it was read. */
export interface BoxHeader {
  /** Absolute position behind the last record that was begun. */
  head: number;
  /** Everything before it has been taken over by the core, as the host knows. */
  tail: number;
  phase: Phase;
  /** The call being executed; 0: none. */
  currentSeq: number;
  /** What is being executed; `null`: nothing. With a callback of an http request there is no call. */
  currentEvent: ExecutedKind | null;
  /** The call that led to it; most often it is that call itself. */
  cause: Cause | null;
  /** CLOCK_MONOTONIC, in nanoseconds, at which it began; as `process.hrtime.bigint()` counts. */
  currentStart: bigint;
  droppedLogs: number;
  refusedSends: number;
  /** The code with which the process called `exit()`; `null`: it ended in another way. */
  exitCode: number | null;
  /** The process that sent the host its last signal; `null`: none that can be seen from there. */
  signalFrom: number | null;
  /** How often the host has shown by itself that it lives; `undefined`: not once. */
  beats?: number | undefined;
  /** Http requests of the module whose last callback has not returned; `undefined`: none. */
  openRequests?: number | undefined;
  /** Http requests that were refused to the module because it is a shadow; `undefined`: none. */
  refusedHttp?: number | undefined;
  /** How far the core had come, as the core itself noted. */
  handedOn: HandedOn;
}

/** The call during which something began. */
export interface Cause {
  event: ExecutedKind;
  /** The id of the message that it was about; 0n for the others. */
  messageId: bigint;
}

/** How far a core has handed on what a host did. */
export interface HandedOn {
  /** Everything before this position. */
  position: number;
  /** And this many of the sends behind it. */
  sends: number;
}

/** The ring that fits into a box of about `bytes`: whole pages of every page size in use. */
export function ringBytes(bytes: number): number {
  return Math.max(PAGE_BYTES, Math.floor((bytes - BOX.ringOffset) / PAGE_BYTES) * PAGE_BYTES);
}

/** How long the file of a box is. Behind the ring there is as much room again for large payloads. The core writes them. */
export function boxBytes(ringSize: number): number {
  return BOX.ringOffset + 2 * ringSize;
}

/** The ring size of a box, from the length of its file. The header is not used, because a module may have overwritten it. */
export function ringOfBox(bytes: number): number {
  return (bytes - BOX.ringOffset) / 2;
}

/** The header of a fresh box, to be written at its beginning. */
export function formatHeader(generation: number, ringSize: number): Buffer {
  const header = Buffer.alloc(BOX.headerBytes);
  MAGIC.copy(header);
  header.writeUInt32LE(BOX.version, 8);
  header.writeUInt32LE(generation, BOX.generation);
  header.writeBigUInt64LE(BigInt(ringSize), BOX.ringSize);
  return header;
}

/** Reads the header; `null` when it no longer is one. */
export function readHeader(fd: number): BoxHeader | null {
  const header = Buffer.alloc(BOX.headerBytes);
  if (readSync(fd, header, 0, header.length, 0) !== header.length) return null;
  if (!header.subarray(0, 8).equals(MAGIC) || header.readUInt32LE(8) !== BOX.version) return null;
  return {
    head: Number(header.readBigUInt64LE(BOX.head)),
    tail: Number(header.readBigUInt64LE(BOX.tail)),
    phase: PHASES[header.readUInt32LE(BOX.phase)] ?? 'booting',
    currentSeq: Number(header.readBigUInt64LE(BOX.currentSeq)),
    currentEvent: EXECUTED_KINDS[header.readUInt32LE(BOX.currentEvent)] ?? null,
    cause: readCause(header),
    currentStart: header.readBigUInt64LE(BOX.currentStart),
    droppedLogs: Number(header.readBigUInt64LE(BOX.droppedLogs)),
    refusedSends: Number(header.readBigUInt64LE(BOX.refusedSends)),
    exitCode: header.readUInt32LE(BOX.exitCalled) === 1 ? header.readInt32LE(BOX.exitCode) : null,
    signalFrom: header.readInt32LE(BOX.signalFrom) || null,
    beats: Number(header.readBigUInt64LE(BOX.beats)) || undefined,
    openRequests: Number(header.readBigUInt64LE(BOX.openRequests)) || undefined,
    refusedHttp: Number(header.readBigUInt64LE(BOX.refusedHttp)) || undefined,
    handedOn: {
      position: Number(header.readBigUInt64LE(BOX.taken)),
      sends: Number(header.readBigUInt64LE(BOX.takenSends)),
    },
  };
}

/** The version of the layout that a header names; `null` when there is none. */
export function readVersion(fd: number): number | null {
  const header = Buffer.alloc(12);
  const isHeader = readSync(fd, header, 0, header.length, 0) === header.length && header.subarray(0, 8).equals(MAGIC);
  return isHeader ? header.readUInt32LE(8) : null;
}

function readCause(header: Buffer): Cause | null {
  const event = EXECUTED_KINDS[header.readUInt32LE(BOX.causeEvent)] ?? null;
  return event && { event, messageId: header.readBigUInt64LE(BOX.causeId) };
}

/** Whether a position can follow `from`: a writer stops when the ring is full. */
export function isReachable(position: number, from: number, ringSize: number): boolean {
  return position >= from && position - from <= ringSize;
}

/**
 * Reads what stands in the ring behind the position that the core has taken over.
 *
 * @param ringSize as the core made it, never as the header says
 * @returns how many bytes belong to no record; nothing is read when `head` is impossible: a module has overwritten the header
 */
export function readRing(fd: number, ringSize: number, from: number, head: number, sink: RecordSink): number {
  if (!isReachable(head, from, ringSize)) return 0;
  const length = head - from;
  const bytes = Buffer.alloc(length);
  const first = Math.min(length, ringSize - (from % ringSize));
  readSync(fd, bytes, 0, first, BOX.ringOffset + (from % ringSize));
  if (first < length) readSync(fd, bytes, first, length - first, BOX.ringOffset);
  return readRecords(bytes, from, sink);
}
