/** Finds the functions that addresses are in, by the symbol tables of an ELF file. */

import type { Elf, Section } from './elf.js';

/** A function of a file. */
export interface FoundSymbol {
  /** As the linker has it. At most {@link NAME_BYTES} of it. */
  name: string;
  /** How far behind its begin the address is. */
  offset: number;
}

/** What is kept of a name, in bytes. */
export const NAME_BYTES = 4096;

const SYMBOL_BYTES = 24;
/** Read at once; about a thousand symbols take less than a millisecond. */
const PIECE_BYTES = 1024 * SYMBOL_BYTES;
/** A larger table is read up to here. */
const MAX_SYMBOLS = 4_000_000;
/** A label of assembly, which has no size, reaches this far. */
const MAX_UNSIZED_BYTES = 0x1_0000n;
const STT_NOTYPE = 0;
const STT_FUNC = 2;
const STT_GNU_IFUNC = 10;
const SHF_EXECINSTR = 4;

/** The best that was found for an address until now. */
interface Candidate {
  value: bigint;
  isSized: boolean;
  isGlobal: boolean;
  nameAt: number;
}

/**
 * Looks in `.symtab` first, which has the functions of the file alone as well, then in `.dynsym`.
 *
 * @param addresses - as the file has them
 * @returns what was found, by address
 */
export async function findSymbols(elf: Elf, addresses: readonly bigint[]): Promise<Map<bigint, FoundSymbol>> {
  const found = new Map<bigint, FoundSymbol>();
  for (const name of ['.symtab', '.dynsym']) {
    const table = elf.section(name);
    const texts = table === null ? undefined : elf.sections[table.link];
    const missing = addresses.filter((address) => !found.has(address));
    if (table === null || texts === undefined || missing.length === 0) continue;
    for (const [address, { value, nameAt }] of await scan(elf, table, missing)) {
      if (nameAt >= texts.size) continue;
      const text = await elf.reader.text(texts.offset + nameAt, NAME_BYTES);
      if (text !== '') found.set(address, { name: text, offset: Number(address - value) });
    }
  }
  return found;
}

async function scan(elf: Elf, table: Section, addresses: readonly bigint[]): Promise<Map<bigint, Candidate>> {
  const sorted = [...new Set(addresses)].sort((a, b) => (a < b ? -1 : 1));
  const isCode = elf.sections.map(({ flags }) => (flags & SHF_EXECINSTR) !== 0);
  const best = new Map<bigint, Candidate>();
  const end = Math.min(table.size, MAX_SYMBOLS * SYMBOL_BYTES);
  for (let at = 0; at < end; at += PIECE_BYTES) {
    const piece = await elf.reader.read(table.offset + at, Math.min(PIECE_BYTES, end - at));
    if (piece.length === 0) break;
    for (let i = 0; i + SYMBOL_BYTES <= piece.length; i += SYMBOL_BYTES) consider(piece, i, isCode, sorted, best);
  }
  return best;
}

function consider(
  table: Buffer,
  at: number,
  isCode: readonly boolean[],
  sorted: readonly bigint[],
  best: Map<bigint, Candidate>,
): void {
  const type = table.readUInt8(at + 4) & 0xf;
  const section = table.readUInt16LE(at + 6);
  // A label of assembly has no type.
  const isFunction = type === STT_FUNC || type === STT_GNU_IFUNC || (type === STT_NOTYPE && isCode[section] === true);
  if (!isFunction || section === 0) return;
  const value = table.readBigUInt64LE(at + 8);
  const size = table.readBigUInt64LE(at + 16);
  const isSized = size > 0n;
  const end = value + (isSized ? size : MAX_UNSIZED_BYTES);
  const candidate = { value, isSized, isGlobal: table.readUInt8(at + 4) >= 0x10, nameAt: table.readUInt32LE(at) };
  for (let i = firstFrom(sorted, value); i < sorted.length; i++) {
    const address = sorted[i] as bigint;
    if (address >= end) break;
    const known = best.get(address);
    if (known === undefined || isBetter(candidate, known)) best.set(address, candidate);
  }
}

/** One that says where it ends is believed more. Of two names for one function the one that others see is taken. */
function isBetter(one: Candidate, known: Candidate): boolean {
  if (one.isSized !== known.isSized) return one.isSized;
  if (one.value !== known.value) return one.value > known.value;
  return one.isGlobal && !known.isGlobal;
}

/** The index of the first that is not below. */
function firstFrom(sorted: readonly bigint[], value: bigint): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] as bigint) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
