/** The files that a process has mapped, from /proc/PID/maps. */

import type { CrashObject } from '../../wire/crash-note.js';
import { Elf } from '../elf/elf.js';

/** A part of a file in the memory of a process. */
export interface Mapping {
  start: bigint;
  end: bigint;
  isCode: boolean;
  /** Within the file. */
  offset: bigint;
  /** With ` (deleted)` when it no longer is that file. */
  path: string;
}

/** Only what has a path. Pure. */
export function parseMappings(text: string): Mapping[] {
  return text.split('\n').flatMap((line) => {
    const [, start, end, rights, offset, path] =
      /^([0-9a-f]+)-([0-9a-f]+) (\S+) ([0-9a-f]+) \S+ \d+ +([/[].*)$/.exec(line) ?? [];
    if (start === undefined || end === undefined || offset === undefined || path === undefined) return [];
    const isCode = rights?.includes('x') === true;
    return [{ start: BigInt(`0x${start}`), end: BigInt(`0x${end}`), isCode, offset: BigInt(`0x${offset}`), path }];
  });
}

/** Finds the files that addresses are in, each file once. */
export class MappedFiles {
  readonly #mappings: readonly Mapping[];
  readonly #objects = new Map<Mapping, Promise<CrashObject>>();

  constructor(mappings: readonly Mapping[]) {
    this.#mappings = mappings;
  }

  /** @param buildId - of the file in memory, where it is known; else that of the file on the disk counts */
  async find(address: bigint, buildId: string | null): Promise<CrashObject | null> {
    const mapping = this.#mappings.find(({ start, end, isCode }) => isCode && address >= start && address < end);
    if (mapping === undefined) return null;
    const object = this.#objects.get(mapping) ?? this.#read(mapping, buildId);
    this.#objects.set(mapping, object);
    return object;
  }

  async #read(mapping: Mapping, known: string | null): Promise<CrashObject> {
    const { start, end, path } = mapping;
    // The file was mapped as a whole, from its begin on: parts of it follow each other.
    const first = this.#mappings.findLast((one) => one.path === path && one.offset === 0n && one.start <= start);
    const from = (first ?? mapping).start - (first ?? mapping).offset;
    const elf = path.startsWith('/') ? await Elf.open(path) : null;
    const buildId = known ?? elf?.buildId ?? null;
    const base = elf?.isFixed === true ? 0n : from - pageOf(elf?.firstAddress ?? 0n);
    await elf?.close();
    const isDeleted = path.endsWith(' (deleted)');
    return { start, end, base, buildId, path: path.replace(/ \(deleted\)$/, ''), isDeleted };
  }
}

function pageOf(address: bigint): bigint {
  return address & ~0xfffn;
}
