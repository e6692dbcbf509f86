/** What stands in an ELF file about itself: 64-bit, little-endian, of any machine. */

import { Reader } from './reader.js';

/** A part of a file, by its name. */
export interface Section {
  name: string;
  type: number;
  flags: number;
  address: bigint;
  offset: number;
  size: number;
  /** The index of the section that it refers to. */
  link: number;
  entryBytes: number;
}

/** @see https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html */
const HEADER_BYTES = 64;
const SECTION_BYTES = 64;
const SEGMENT_BYTES = 56;
const MAX_SECTIONS = 8192;
const MAX_SEGMENTS = 512;
const MAX_NAMES_BYTES = 1024 * 1024;
const MAX_NOTES_BYTES = 64 * 1024;
const PT_LOAD = 1;
const PT_NOTE = 4;
const SHT_NOTE = 7;
const SHT_NOBITS = 8;
const NT_GNU_BUILD_ID = 3;
const ET_EXEC = 2;

/** An open ELF file. */
export class Elf {
  readonly path: string;
  readonly reader: Reader;
  readonly sections: readonly Section[];
  /** In hexadecimal; `null`: it has none. */
  readonly buildId: string | null;
  /** What the first byte of the file that is loaded has as its address. Rounded down to a page by the loader. */
  readonly firstAddress: bigint;
  /** Whether it is loaded where its addresses say, and nowhere else. */
  readonly isFixed: boolean;

  private constructor(
    path: string,
    reader: Reader,
    parts: Pick<Elf, 'sections' | 'buildId' | 'firstAddress' | 'isFixed'>,
  ) {
    this.path = path;
    this.reader = reader;
    this.sections = parts.sections;
    this.buildId = parts.buildId;
    this.firstAddress = parts.firstAddress;
    this.isFixed = parts.isFixed;
  }

  /** `null`: there is no such file, or none that can be read. */
  static async open(path: string): Promise<Elf | null> {
    const reader = await Reader.open(path);
    if (reader === null) return null;
    const elf = await read(path, reader).catch(() => null);
    if (elf === null) await reader.close();
    return elf === null ? null : new Elf(path, reader, elf);
  }

  /** The section with this name that has bytes in the file; `null`: there is none. */
  section(name: string): Section | null {
    return this.sections.find((section) => section.name === name && section.type !== SHT_NOBITS) ?? null;
  }

  /** Whether it says itself which line an address belongs to. */
  get hasLines(): boolean {
    return this.section('.debug_line') !== null || this.section('.zdebug_line') !== null;
  }

  close(): Promise<void> {
    return this.reader.close();
  }
}

async function read(path: string, reader: Reader) {
  const header = await reader.read(0, HEADER_BYTES);
  // The magic, 64 bits, little-endian.
  if (header.length < HEADER_BYTES || header.readUInt32BE(0) !== 0x7f454c46 || header[4] !== 2 || header[5] !== 1) {
    throw new Error(`${path} is no ELF file of 64 bits`);
  }
  const segments = await readSegments(reader, header);
  const sections = await readSections(reader, header);
  return {
    sections,
    buildId: await readBuildId(reader, segments, sections),
    firstAddress: segments.find(({ type }) => type === PT_LOAD)?.address ?? 0n,
    isFixed: header.readUInt16LE(16) === ET_EXEC,
  };
}

interface Segment {
  type: number;
  offset: number;
  address: bigint;
  size: number;
}

async function readSegments(reader: Reader, header: Buffer): Promise<Segment[]> {
  const bytes = Math.min(header.readUInt16LE(56), MAX_SEGMENTS) * SEGMENT_BYTES;
  const table = await reader.read(Number(header.readBigUInt64LE(32)), bytes);
  return rows(table, SEGMENT_BYTES).map((row) => ({
    type: row.readUInt32LE(0),
    offset: Number(row.readBigUInt64LE(8)),
    address: row.readBigUInt64LE(16),
    size: Number(row.readBigUInt64LE(32)),
  }));
}

async function readSections(reader: Reader, header: Buffer): Promise<Section[]> {
  const bytes = Math.min(header.readUInt16LE(60), MAX_SECTIONS) * SECTION_BYTES;
  const table = await reader.read(Number(header.readBigUInt64LE(40)), bytes);
  const found = rows(table, SECTION_BYTES);
  const namesRow = found[header.readUInt16LE(62)];
  const namesSize = namesRow === undefined ? 0 : Number(namesRow.readBigUInt64LE(32));
  const names =
    namesRow === undefined
      ? Buffer.alloc(0)
      : await reader.read(Number(namesRow.readBigUInt64LE(24)), Math.min(namesSize, MAX_NAMES_BYTES));
  return found.map((row) => ({
    name: textAt(names, row.readUInt32LE(0)),
    type: row.readUInt32LE(4),
    flags: Number(row.readBigUInt64LE(8)),
    address: row.readBigUInt64LE(16),
    offset: Number(row.readBigUInt64LE(24)),
    size: Number(row.readBigUInt64LE(32)),
    link: row.readUInt32LE(40),
    entryBytes: Number(row.readBigUInt64LE(56)),
  }));
}

function rows(table: Buffer, bytes: number): Buffer[] {
  const count = Math.floor(table.length / bytes);
  return Array.from({ length: count }, (_, i) => table.subarray(i * bytes, (i + 1) * bytes));
}

const MAX_NAME_BYTES = 64;

function textAt(names: Buffer, at: number): string {
  const end = names.indexOf(0, at);
  return names.toString('latin1', at, Math.min(end < 0 ? names.length : end, at + MAX_NAME_BYTES));
}

async function readBuildId(reader: Reader, segments: Segment[], sections: Section[]): Promise<string | null> {
  // A separate debug file has the notes only as a section: its segments describe the other file.
  const places = [
    ...sections.filter(({ type }) => type === SHT_NOTE),
    ...segments.filter(({ type }) => type === PT_NOTE),
  ];
  for (const { offset, size } of places) {
    const found = findBuildId(await reader.read(offset, Math.min(size, MAX_NOTES_BYTES)));
    if (found !== null) return found;
  }
  return null;
}

/** Notes are in a row: two lengths, a type, a name and a text, each padded to 4 bytes. */
function findBuildId(notes: Buffer): string | null {
  for (let at = 0; at + 12 <= notes.length; ) {
    const [nameBytes, bytes, type] = [notes.readUInt32LE(at), notes.readUInt32LE(at + 4), notes.readUInt32LE(at + 8)];
    const name = at + 12;
    const text = name + pad(nameBytes);
    if (type === NT_GNU_BUILD_ID && notes.toString('latin1', name, name + nameBytes) === 'GNU\0') {
      const id = notes.subarray(text, text + bytes);
      return id.length === bytes && bytes > 0 ? id.toString('hex', 0, Math.min(bytes, MAX_ID_BYTES)) : null;
    }
    at = text + pad(bytes);
  }
  return null;
}

/** As many as a crash note has of it. */
const MAX_ID_BYTES = 32;

function pad(bytes: number): number {
  return Math.ceil(bytes / 4) * 4;
}
