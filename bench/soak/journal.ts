/** Reads the journal of a module: what it did, even if its process died. */

import { readFileSync } from 'node:fs';

/** What a record tells; the order of a call's records is begun, (hanging | intended, sent), decided. */
export type RecordKind = 'begun' | 'intended' | 'sent' | 'hanging' | 'decided';

/** One step of one call. */
export interface JournalRecord {
  kind: RecordKind;
  /** Of the process that wrote it. */
  pid: number;
  /** Of the message. */
  number: number;
  /** Of the payload at this moment. */
  hash: number;
  refid: bigint;
  /** `decided`: the verdict, 0 or 1; `sent`: what `send_message` returned, 0 or -1; else 0. */
  value: number;
}

/** The records of one module by message, in the order in which they were written; messages as they were begun. */
export type Journal = Map<number, JournalRecord[]>;

const RECORD_BYTES = 64;
const KINDS: readonly (RecordKind | undefined)[] = [undefined, 'begun', 'intended', 'sent', 'hanging', 'decided'];

/**
 * Reads a journal.
 *
 * @throws {Error} when it holds anything but whole records: it is no evidence then
 */
export function readJournal(path: string): Journal {
  return parseJournal(readFileSync(path));
}

/** Reads the bytes of a journal; see {@link readJournal}. */
export function parseJournal(bytes: Buffer): Journal {
  if (bytes.length % RECORD_BYTES !== 0) throw new Error(`a journal of ${bytes.length} bytes holds part of a record`);
  const journal: Journal = new Map();
  for (let at = 0; at < bytes.length; at += RECORD_BYTES) {
    const record = parseRecord(bytes, at);
    const call = journal.get(record.number);
    if (call) call.push(record);
    else journal.set(record.number, [record]);
  }
  return journal;
}

/** @see test/fixtures/journal.c for the layout */
function parseRecord(bytes: Buffer, at: number): JournalRecord {
  const kind = KINDS[bytes.readUInt32LE(at)];
  if (kind === undefined) throw new Error(`a journal has a record of kind ${bytes.readUInt32LE(at)} at byte ${at}`);
  return {
    kind,
    pid: bytes.readUInt32LE(at + 4),
    number: bytes.readUInt32LE(at + 8),
    hash: bytes.readUInt32LE(at + 12),
    refid: bytes.readBigUInt64LE(at + 16),
    value: bytes.readInt32LE(at + 24),
  };
}
