/**
 * The notes of a module file. `mesibo/module-note.h` writes one for each source; it says which ABI the source was compiled for.
 * The content of the file is not trusted: a damaged note is reported and left out.
 *
 * @see elf(5), "Notes (Nhdr)".
 */

import type { AbiName } from '../../config/types.js';
import type { ElfFile } from './elf-file.js';

/** What one note says. */
export interface AbiMark {
  /** `null`: this version does not know the ABI of that number. */
  abi: AbiName | null;
  /** As it is in the file. */
  number: number;
  /** Of the header. */
  version: number;
  /** The source chose the ABI; otherwise it got the default of the header. */
  isChosen: boolean;
}

/** All that the notes of a file say. */
export interface AbiMarks {
  /** Each only once, in the order of the file; empty when the file was built without our header. */
  marks: AbiMark[];
  /** Why notes may be missing or wrong; `null`: they are sound. */
  damage: string | null;
}

/** Where notes are in a file: a segment PT_NOTE. */
export interface NoteSegment {
  offset: number;
  size: number;
  align: number;
}

const NUMBERS: Record<number, AbiName> = { 1: 'table', 2019: 'exports-2019', 2020: 'exports-2020' };
const OWNER = Buffer.from('mesibo\0', 'latin1');
const TYPE = 1;
const HEAD_SIZE = 12;
/** A later header may say more behind these three words. */
const WORDS_SIZE = 12;
/** In bytes. Sound files have a few hundred. */
const MAX_NOTES = 1024 * 1024;

/** Reads the notes in these segments. */
export function readMarks(file: ElfFile, segments: readonly NoteSegment[]): AbiMarks {
  const found: AbiMarks = { marks: [], damage: null };
  let room = MAX_NOTES;
  for (const { offset, size, align } of segments) {
    room -= size;
    if (offset + size > file.size) found.damage = 'its notes lie outside of the file';
    else if (room < 0) found.damage = 'its notes are too long';
    else readSegment(file.read(offset, size, 'notes'), align === 8 ? 8 : 4, found);
  }
  return found;
}

function readSegment(bytes: Buffer, align: number, found: AbiMarks): void {
  let at = 0;
  let seen = 0;
  while (at + HEAD_SIZE <= bytes.length) {
    const [nameSize, size] = [bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4)];
    const start = alignUp(at + HEAD_SIZE + nameSize, align);
    if (start + size > bytes.length) break;
    const name = bytes.subarray(at + HEAD_SIZE, at + HEAD_SIZE + nameSize);
    if (name.equals(OWNER)) {
      seen += 1;
      const text = bytes.subarray(start, start + size);
      if (bytes.readUInt32LE(at + 8) === TYPE && !addMark(text, found)) found.damage = 'its note is too short';
    }
    at = alignUp(start + size, align);
  }
  // Others may lay out their notes as they like.
  if (countOwners(bytes) > seen) found.damage = 'its note does not fit into the notes of the file';
}

/** @returns whether the note has all that it should */
function addMark(text: Buffer, { marks }: AbiMarks): boolean {
  if (text.length < WORDS_SIZE) return false;
  const number = text.readUInt32LE(0);
  const mark = {
    abi: NUMBERS[number] ?? null,
    number,
    version: text.readUInt32LE(4),
    isChosen: text.readUInt32LE(8) !== 0,
  };
  if (!marks.some((known) => known.number === number && known.isChosen === mark.isChosen)) marks.push(mark);
  return true;
}

function countOwners(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(OWNER); at >= 0; at = bytes.indexOf(OWNER, at + OWNER.length)) count += 1;
  return count;
}

function alignUp(at: number, align: number): number {
  return Math.ceil(at / align) * align;
}
