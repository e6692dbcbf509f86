/** Turns addresses into functions, files and lines, outside of the event loop: child processes do most of it. */

import { performance } from 'node:perf_hooks';
import type { CrashObject } from '../wire/crash-note.js';
import { Binary } from './binary.js';
import type { StackFrame } from './frame.js';
import { type Found, type LookedUp, lookUp } from './lookup.js';
import { isOfModule, type ModuleFiles } from './module-files.js';
import { offsetOf, plainFrame, type RawFrame } from './raw-frame.js';
import { Turns } from './tools/turns.js';

/** What is known of the module whose stack it is. */
export interface SymbolizeOptions {
  /** Its file; `null`: it is not known. */
  files: ModuleFiles | null;
}

/** A stack with names. */
export interface Symbolized {
  /** Innermost first. There are more than were given where functions were put into others. */
  frames: StackFrame[];
  /** What gave the names; `null`: there are none. */
  by: string | null;
  /** Why there are not more; `null`: all was found that matters. */
  remark: string | null;
}

/** Where it looks, and for how long. */
export interface SymbolizerSettings {
  /** Where programs are looked for; the variable PATH of this process when absent. */
  path?: string;
  /** Where distributions install debug files. */
  debugFolder?: string;
  /** For each run of a program. */
  limitMs?: number;
}

const LIMIT_MS = 10_000;
/** For a whole stack; then names are read from symbol tables alone. */
const TOTAL_MS = 30_000;
/** What is remembered, in addresses. */
const MAX_REMEMBERED = 4096;
/** What was not found is looked for again after this long: somebody may have installed what was missing. */
const FORGET_MS = 60_000;
/** What the names came from where no program gave them. */
const BY_TABLE = 'the symbol table';

/** All stacks of this process take turns, so that one program runs at a time. */
const turns = new Turns();

/** What is remembered of an address. */
interface Remembered extends Found, Pick<LookedUp, 'by' | 'remark'> {
  untilMs: number;
}

/** Remembers what it has found, so that a crash that repeats is looked up once. */
export class Symbolizer {
  readonly #settings: SymbolizerSettings;
  readonly #known = new Map<string, Remembered>();

  constructor(settings: SymbolizerSettings = {}) {
    this.#settings = settings;
  }

  /** Never fails: what cannot be found stays as it is, and the remark says why. */
  symbolize(frames: readonly RawFrame[], { files }: SymbolizeOptions): Promise<Symbolized> {
    return turns.run(() => this.#symbolize(frames, files));
  }

  async #symbolize(frames: readonly RawFrame[], files: ModuleFiles | null): Promise<Symbolized> {
    const known = new Map<RawFrame, Remembered>();
    const untilMs = performance.now() + TOTAL_MS;
    for (const group of groupByObject(frames)) {
      const found = await this.#lookUp(group, files, untilMs);
      for (const frame of group.frames) {
        const one = found.get(addressToLookUp(frame));
        if (one !== undefined) known.set(frame, one);
      }
    }
    const isOwn = ({ object }: RawFrame) => object !== null && isOfModule(object.path, files);
    const ofModule = frames.find(isOwn);
    const blamed = ofModule ?? frames.find(({ object }) => object !== null);
    const all = [...known.values()];
    const hasName = all.some(({ symbol }) => symbol !== null);
    return {
      frames: frames.flatMap((frame) => present(frame, known.get(frame), isOwn(frame))),
      by: all.find(({ by }) => by !== null)?.by ?? (hasName ? BY_TABLE : null),
      remark: blamed === undefined ? null : (known.get(blamed)?.remark ?? null),
    };
  }

  /** @returns by the address that the file has */
  async #lookUp(
    { object, frames }: Group,
    files: ModuleFiles | null,
    lastMs: number,
  ): Promise<Map<bigint, Remembered>> {
    const addresses = [...new Set(frames.map(addressToLookUp))];
    const nowMs = performance.now();
    const keyOf = (address: bigint) => `${object.buildId} ${address}`;
    const result = new Map<bigint, Remembered>();
    for (const address of addresses) {
      const one = object.buildId === null ? undefined : this.#known.get(keyOf(address));
      if (one !== undefined && one.untilMs > nowMs) result.set(address, one);
    }
    const missing = addresses.filter((address) => !result.has(address));
    if (missing.length === 0) return result;
    const { found, by, remark } = await this.#find(object, missing, files, lastMs);
    for (const address of missing) {
      const one = found.get(address) ?? { places: [], symbol: null };
      const isAll = one.places.some(({ source }) => source !== null);
      const untilMs = isAll ? Number.POSITIVE_INFINITY : performance.now() + FORGET_MS;
      const remembered = { ...one, by: one.places.length > 0 ? by : null, remark, untilMs };
      result.set(address, remembered);
      // Without a build id nobody can tell it from another file at its place.
      if (object.buildId !== null) this.#remember(keyOf(address), remembered);
    }
    return result;
  }

  async #find(object: CrashObject, addresses: bigint[], files: ModuleFiles | null, lastMs: number): Promise<LookedUp> {
    const { path = process.env.PATH, debugFolder, limitMs = LIMIT_MS } = this.#settings;
    try {
      const binary = await Binary.find(object, files, debugFolder);
      if (typeof binary === 'string') return { found: new Map(), by: null, remark: binary };
      try {
        const leftMs = Math.max(0, lastMs - performance.now());
        return await lookUp(binary, addresses, { path, limitMs: Math.min(limitMs, leftMs) });
      } finally {
        await binary.close();
      }
    } catch (error) {
      return { found: new Map(), by: null, remark: `${object.path} cannot be read (${(error as Error).message})` };
    }
  }

  #remember(key: string, one: Remembered): void {
    this.#known.delete(key);
    this.#known.set(key, one);
    const [oldest] = this.#known.keys();
    if (this.#known.size > MAX_REMEMBERED && oldest !== undefined) this.#known.delete(oldest);
  }
}

/** The frames in one file. */
interface Group {
  object: CrashObject;
  frames: RawFrame[];
}

function groupByObject(frames: readonly RawFrame[]): Group[] {
  const groups = new Map<string, Group>();
  for (const frame of frames) {
    const { object } = frame;
    if (object === null || !object.path.startsWith('/') || addressToLookUp(frame) < 0n) continue;
    // One file has several mappings.
    const key = `${object.path} ${object.buildId} ${object.base}`;
    const group = groups.get(key) ?? { object, frames: [] };
    group.frames.push(frame);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** A call stands before the address that it returns to, which may belong to another line or even to another function. */
function addressToLookUp(frame: RawFrame): bigint {
  return (offsetOf(frame) ?? 0n) - (frame.isReturn ? 1n : 0n);
}

function present(frame: RawFrame, found: Remembered | undefined, isOwn: boolean): StackFrame[] {
  const plain = plainFrame(frame, isOwn);
  if (found === undefined) return [plain];
  const { places, symbol } = found;
  const behind = symbol === null ? null : symbol.offset + (frame.isReturn ? 1 : 0);
  if (places.length === 0) return [{ ...plain, function: symbol?.name ?? null, functionOffset: behind }];
  return places.map((place, i) => {
    const isInlined = i < places.length - 1;
    return {
      ...plain,
      function: place.function ?? (isInlined ? null : (symbol?.name ?? null)),
      functionOffset: isInlined || place.source !== null ? null : behind,
      source: place.source,
      line: place.line,
      isInlined,
    };
  });
}
