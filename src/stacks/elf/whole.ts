/** Whether a shared object is there from its beginning to its end: a file that is being written is not yet. */

import { Reader } from './reader.js';

const HEADER_BYTES = 64;
const SECTION_BYTES = 64;
const SEGMENT_BYTES = 56;
/** An entry of the dynamic section. */
const DYNAMIC_BYTES = 16;
const MAX_SEGMENTS = 512;
const ET_DYN = 3;
const PT_LOAD = 1;
const PT_DYNAMIC = 2;

/** What a file is found to be. */
export type Wholeness =
  | { kind: 'whole' }
  /** `missing`: in words. */
  | { kind: 'incomplete'; missing: string }
  /** It says nothing of the file: the core may be short of something. */
  | { kind: 'unreadable' };

/**
 * Looks at the headers of a shared object. Whoever writes one may make room first and fill it later, so it also looks for what a
 * whole file has at its end.
 */
export async function lookIfWhole(path: string): Promise<Wholeness> {
  const reader = await Reader.open(path);
  if (reader === null) return { kind: 'unreadable' };
  try {
    const missing = await find(reader);
    return missing === null ? { kind: 'whole' } : { kind: 'incomplete', missing };
  } catch {
    return { kind: 'unreadable' };
  } finally {
    await reader.close();
  }
}

async function find(reader: Reader): Promise<string | null> {
  const header = await reader.read(0, HEADER_BYTES);
  // The magic, 64 bits, little-endian.
  const isElf = header.length === HEADER_BYTES && header.readUInt32BE(0) === 0x7f454c46;
  if (!isElf || header[4] !== 2 || header[5] !== 1 || header.readUInt16LE(16) !== ET_DYN)
    return 'it is no shared object of 64 bits';
  return (await findInSegments(reader, header)) ?? (await findInSections(reader, header));
}

async function findInSegments(reader: Reader, header: Buffer): Promise<string | null> {
  const count = Math.min(header.readUInt16LE(56), MAX_SEGMENTS);
  const table = await reader.read(Number(header.readBigUInt64LE(32)), count * SEGMENT_BYTES);
  let hasDynamic = false;
  for (let at = 0; at + SEGMENT_BYTES <= table.length; at += SEGMENT_BYTES) {
    const type = table.readUInt32LE(at);
    if (type !== PT_LOAD && type !== PT_DYNAMIC) continue;
    const offset = Number(table.readBigUInt64LE(at + 8));
    if (offset + Number(table.readBigUInt64LE(at + 32)) > reader.size) return 'its end is missing';
    if (type === PT_DYNAMIC) hasDynamic = !isBlank(await reader.read(offset, DYNAMIC_BYTES));
  }
  return hasDynamic ? null : 'a part of it is missing';
}

/** They describe the file and are written last. A file may have none. */
async function findInSections(reader: Reader, header: Buffer): Promise<string | null> {
  const offset = Number(header.readBigUInt64LE(40));
  if (offset === 0) return null;
  const end = offset + header.readUInt16LE(60) * SECTION_BYTES;
  if (end > reader.size) return 'its end is missing';
  const names = await reader.read(offset + header.readUInt16LE(62) * SECTION_BYTES, SECTION_BYTES);
  return isBlank(names) ? 'its end is missing' : null;
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}
