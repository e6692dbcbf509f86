/**
 * Reads what matters of an ELF shared object from disk, without loading it: dlopen says "No such file" about a file for
 * another machine, and crashes on a truncated one. Nothing in the file is trusted: each offset is checked against the
 * file, and each walk is bounded.
 *
 * @see elf(5) and the System V ABI, chapters 4 and 5, for the numbers.
 */

import { ElfFile, MAX_TABLE_BYTES } from './elf-file.js';
import { type AbiMarks, readMarks } from './elf-notes.js';

/** What an ELF shared object says of itself. */
export interface ElfFacts {
  /** The file that was read. */
  path: string;
  /** As `x86-64` or `AArch64`. */
  machine: string;
  /** Dynamic symbols that it needs from others. */
  imports: string[];
  /** Those of them that may stay missing. */
  weakImports: string[];
  /** Dynamic symbols that it offers. */
  exports: string[];
  /** Libraries that it asks for (DT_NEEDED). */
  needed: string[];
  /** What its notes say of the ABI. */
  notes: AbiMarks;
}

const MACHINES: Record<number, string> = {
  2: 'SPARC',
  3: 'x86',
  8: 'MIPS',
  20: 'PowerPC',
  21: 'PowerPC64',
  22: 'S/390',
  40: 'ARM',
  43: 'SPARC64',
  62: 'x86-64',
  183: 'AArch64',
  243: 'RISC-V',
  258: 'LoongArch',
};
const HOST_MACHINES: Partial<Record<string, number>> = { x64: 62, arm64: 183 };

const HEADER_SIZE = 64;
const PROGRAM_HEADER_SIZE = 56;
const SYMBOL_SIZE = 24;
const STB_LOCAL = 0;
const STB_WEAK = 2;
const PT_LOAD = 1;
const PT_DYNAMIC = 2;
const PT_NOTE = 4;
const ET_DYN = 3;
const FILE_TYPES: Record<number, string> = { 1: 'an object file (.o)', 2: 'a program', 4: 'a core dump' };
const DT = { NEEDED: 1, HASH: 4, STRTAB: 5, SYMTAB: 6, RELA: 7, STRSZ: 10, GNU_HASH: 0x6ffffef5, FLAGS_1: 0x6ffffffb };
const DT_VERSIONS = [0x6ffffff0, 0x6ffffffc, 0x6ffffffe];
const DF_1_PIE = 0x08000000;
/** Sound files have about ten. */
const MAX_SEGMENTS = 1024;

const SHARED = 'link the module with -shared';

/**
 * Reads a shared object's dynamic symbols and checks that this machine could load it.
 *
 * @param path - absolute path of the file
 * @param arch - `process.arch` of the machine that would load it
 * @throws {@link ModuleLoadError} for anything that is not a whole ELF shared object for this machine; the message names
 * the file, the cause and the remedy in one line.
 */
export function readElf(path: string, arch: string = process.arch): ElfFacts {
  const file = new ElfFile(path);
  try {
    const machine = checkHeader(file, arch);
    const segments = readSegments(file);
    const notes = readMarks(
      file,
      segments.filter(({ type }) => type === PT_NOTE),
    );
    return { path, machine, ...readDynamic(file, segments), notes };
  } finally {
    file.close();
  }
}

interface Segment {
  type: number;
  offset: number;
  address: number;
  size: number;
  align: number;
}

/** Checks class, byte order, machine and type, and returns the machine's name. */
function checkHeader(file: ElfFile, arch: string): string {
  const start = file.read(0, Math.min(HEADER_SIZE, file.size), 'header');
  if (start.toString('latin1', 0, 4) !== '\x7fELF') {
    file.fail('MODULE_NOT_ELF', 'it is not an ELF file', 'name the compiled .so file in "path"');
  }
  file.require(0, HEADER_SIZE, 'header');
  const wanted = HOST_MACHINES[arch];
  const host = `this host is ${wanted === undefined ? arch : MACHINES[wanted]}`;
  const bits = start.readUInt8(4);
  const order = start.readUInt8(5);
  if ((bits !== 1 && bits !== 2) || (order !== 1 && order !== 2)) file.damaged('its header makes no sense');
  const number = order === 1 ? start.readUInt16LE(18) : start.readUInt16BE(18);
  const machine = MACHINES[number] ?? `machine ${number}`;
  if (bits === 1 || order === 2 || number !== wanted) {
    const kind = `${bits === 1 ? '32-bit ' : ''}${order === 2 ? 'big-endian ' : ''}${machine}`;
    file.fail('MODULE_WRONG_ARCHITECTURE', `it was built for ${kind}, and ${host}`, 'build the module on this host');
  }
  const type = start.readUInt16LE(16);
  if (type !== ET_DYN) {
    file.fail('MODULE_NOT_ELF', `it is ${FILE_TYPES[type] ?? `ELF type ${type}`}, not a shared object`, SHARED);
  }
  return machine;
}

function readSegments(file: ElfFile): Segment[] {
  const header = file.read(0, HEADER_SIZE, 'header');
  const count = header.readUInt16LE(56);
  if (count === 0) file.fail('MODULE_NOT_ELF', 'it has no program headers', SHARED);
  if (count > MAX_SEGMENTS || header.readUInt16LE(54) !== PROGRAM_HEADER_SIZE)
    file.damaged('its header makes no sense');
  const table = file.read(u64(header, 32), count * PROGRAM_HEADER_SIZE, 'program header table');
  const segments: Segment[] = [];
  for (let at = 0; at < table.length; at += PROGRAM_HEADER_SIZE) {
    const type = table.readUInt32LE(at);
    if (type !== PT_LOAD && type !== PT_DYNAMIC && type !== PT_NOTE) continue;
    const [offset, address, size] = [u64(table, at + 8), u64(table, at + 16), u64(table, at + 32)];
    const segment = { type, offset, address, size, align: u64(table, at + 48) };
    // The kernel silently maps a segment that ends behind the file. Touching it there raises SIGBUS.
    if (type === PT_LOAD && segment.size > 0) file.require(segment.offset, segment.size, 'loaded part');
    segments.push(segment);
  }
  return segments;
}

function readDynamic(
  file: ElfFile,
  segments: Segment[],
): Pick<ElfFacts, 'imports' | 'weakImports' | 'exports' | 'needed'> {
  const dynamic = segments.find((segment) => segment.type === PT_DYNAMIC);
  if (!dynamic || dynamic.size === 0) file.fail('MODULE_NOT_ELF', 'it has no dynamic section', SHARED);
  const memory = new Memory(file, segments);
  const needed: number[] = [];
  const tags = new Map<number, number>();
  const entries = memory.read(dynamic.address, dynamic.size - (dynamic.size % 16), 'dynamic section');
  for (let at = 0; at < entries.length; at += 16) {
    const tag = u64(entries, at);
    if (tag === 0) break;
    if (tag === DT.NEEDED) needed.push(u64(entries, at + 8));
    else tags.set(tag, u64(entries, at + 8));
  }
  if (((tags.get(DT.FLAGS_1) ?? 0) & DF_1_PIE) !== 0) {
    file.fail('MODULE_NOT_ELF', 'it is a program, not a shared object', SHARED);
  }
  const [strtab, symtab] = [tags.get(DT.STRTAB), tags.get(DT.SYMTAB)];
  if (strtab === undefined || symtab === undefined) file.damaged('it has no dynamic symbols');
  const names = new Names(file, memory.read(strtab, tags.get(DT.STRSZ) ?? 0, 'string table'));
  const count = countSymbols(memory, tags, symtab);
  const symbols = memory.read(symtab, count * SYMBOL_SIZE, 'symbol table');
  return { ...splitSymbols(symbols, names), needed: needed.map((at) => names.at(at)) };
}

/**
 * How many dynamic symbols there are. Only the hash tables know. DT_GNU_HASH lists only the exported symbols at the end:
 * the imports come before them. The chain of the highest bucket leads to the end of the list.
 */
function countSymbols(memory: Memory, tags: Map<number, number>, symtab: number): number {
  const hash = tags.get(DT.HASH);
  if (hash !== undefined) return memory.read(hash, 8, 'hash table').readUInt32LE(4);
  const gnu = tags.get(DT.GNU_HASH);
  if (gnu !== undefined) {
    const header = memory.read(gnu, 16, 'hash table');
    const [buckets, first, filters] = [header.readUInt32LE(0), header.readUInt32LE(4), header.readUInt32LE(8)];
    const bucketsAt = gnu + 16 + filters * 8;
    const table = memory.read(bucketsAt, buckets * 4, 'hash table');
    let last = 0;
    for (let at = 0; at < table.length; at += 4) last = Math.max(last, table.readUInt32LE(at));
    if (last >= first && last > 0) {
      const chain = bucketsAt + buckets * 4 - first * 4;
      return last + 1 + memory.countUntil(chain + last * 4, (word) => (word & 1) === 1);
    }
    if (first > 1) return first;
  }
  // When nothing is exported, GNU ld leaves the number out. The symbols end where the next table begins.
  const tables = [DT.STRTAB, DT.GNU_HASH, DT.RELA, ...DT_VERSIONS].map((tag) => tags.get(tag) ?? 0);
  const next = Math.min(...tables.filter((address) => address > symtab));
  return Number.isFinite(next) ? Math.floor((next - symtab) / SYMBOL_SIZE) : 0;
}

function splitSymbols(symbols: Buffer, names: Names): Pick<ElfFacts, 'imports' | 'weakImports' | 'exports'> {
  const imports = new Set<string>();
  const weakImports = new Set<string>();
  const exports = new Set<string>();
  // The first symbol is always the null symbol.
  for (let at = SYMBOL_SIZE; at < symbols.length; at += SYMBOL_SIZE) {
    const name = names.at(symbols.readUInt32LE(at));
    const binding = symbols.readUInt8(at + 4) >> 4;
    const visibility = symbols.readUInt8(at + 5) & 3;
    if (name === '' || binding === STB_LOCAL) continue;
    const isImport = symbols.readUInt16LE(at + 6) === 0;
    if (isImport && binding === STB_WEAK) weakImports.add(name);
    if (isImport) imports.add(name);
    else if (visibility === 0 || visibility === 3) exports.add(name);
  }
  return { imports: [...imports], weakImports: [...weakImports], exports: [...exports] };
}

/** The file as the loader would map it: read by virtual address, through the PT_LOAD segments. */
class Memory {
  readonly #file: ElfFile;
  readonly #loads: Segment[];

  constructor(file: ElfFile, segments: Segment[]) {
    this.#file = file;
    this.#loads = segments.filter((segment) => segment.type === PT_LOAD);
  }

  read(address: number, length: number, what: string): Buffer {
    if (length > this.#room(address)) this.#file.damaged(`its ${what} lies outside of what is loaded`);
    return this.#file.read(this.#offset(address), length, what);
  }

  /** How many 32-bit words from `address` come before the first that fits. */
  countUntil(address: number, fits: (word: number) => boolean): number {
    for (let count = 0; count < MAX_TABLE_BYTES / SYMBOL_SIZE; ) {
      const length = Math.min(this.#room(address + count * 4), 4096) & ~3;
      const words = this.read(address + count * 4, Math.max(length, 4), 'hash table');
      for (let at = 0; at < words.length; at += 4, count++) if (fits(words.readUInt32LE(at))) return count;
    }
    return this.#file.damaged('its hash table has no end');
  }

  #find(address: number): Segment | undefined {
    return this.#loads.find((load) => address >= load.address && address < load.address + load.size);
  }

  #offset(address: number): number {
    const load = this.#find(address);
    return load ? load.offset + (address - load.address) : 0;
  }

  /** How many bytes of the file follow `address` in its segment. */
  #room(address: number): number {
    const load = this.#find(address);
    return load ? load.address + load.size - address : -1;
  }
}

/** A string table. Its entries may overlap, so the total length of what is read from it is bounded. */
class Names {
  readonly #file: ElfFile;
  readonly #bytes: Buffer;
  #taken = 0;

  constructor(file: ElfFile, bytes: Buffer) {
    this.#file = file;
    this.#bytes = bytes;
  }

  at(offset: number): string {
    const end = this.#bytes.indexOf(0, offset);
    if (offset >= this.#bytes.length || end < 0) this.#file.damaged('a name lies outside of its string table');
    this.#taken += end - offset;
    if (this.#taken > MAX_TABLE_BYTES) this.#file.damaged('its names are too long');
    return this.#bytes.toString('utf8', offset, end);
  }
}

/** Beyond 2^53 the number is rounded. No check depends on it: rounded or not, it lies behind the end of every file. */
function u64(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64LE(at));
}
