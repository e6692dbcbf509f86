/** What a process uses of memory and CPU, as the kernel says. */

import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { endianness } from 'node:os';

/** What a process uses. */
export interface ProcessUsage {
  /** What it has in memory (RSS), shared pages included. */
  memoryBytes: number;
  /** CPU time of all its threads since it began, in user mode and in the kernel. What its own children used is not in it. */
  cpuSeconds: number;
  /** When it began, as the kernel counts: two processes of one pid differ in it. */
  start: string;
}

/** How the kernel counts. */
export interface KernelUnits {
  pageBytes: number;
  ticksPerSecond: number;
}

/** See getauxval(3): the size of a page, and ticks a second. */
const AT_PAGESZ = 6n;
const AT_CLKTCK = 17n;
const USUAL: KernelUnits = { pageBytes: 4096, ticksPerSecond: 100 };

let ownUnits: KernelUnits | null = null;
/** Its line has some 300 bytes, and 52 fields at most. */
const line = Buffer.allocUnsafe(2048);

/**
 * Looks at a process that may be gone. It takes some ten microseconds, a third of what readFileSync takes, and does not wait for a
 * process that is stuck.
 *
 * @returns `null`: there is none, or it may not be looked at
 */
export function readUsage(pid: number): ProcessUsage | null {
  try {
    ownUnits ??= readUnits();
    return parseUsage(readLine(`/proc/${pid}/stat`), ownUnits);
  } catch {
    return null;
  }
}

/** What a process has of memory now. */
export interface MemoryUse {
  /** In memory (RSS), shared pages included. */
  residentBytes: number;
  /** Mapped for itself alone, used or not, stacks included. */
  dataBytes: number;
}

/** As {@link readUsage}, of memory alone. */
export function readMemory(pid: number): MemoryUse | null {
  try {
    ownUnits ??= readUnits();
    return parseMemory(readLine(`/proc/${pid}/statm`), ownUnits);
  } catch {
    return null;
  }
}

/** Reads /proc/PID/statm: pure. `null`: the process has no memory any more. @see proc(5) */
export function parseMemory(statm: string, { pageBytes }: Pick<KernelUnits, 'pageBytes'>): MemoryUse | null {
  const [, resident, , , , data] = statm.trim().split(' ').map(Number);
  if (!resident || data === undefined) return null;
  return { residentBytes: resident * pageBytes, dataBytes: data * pageBytes };
}

function readLine(path: string): string {
  const fd = openSync(path, 'r');
  try {
    return line.toString('latin1', 0, readSync(fd, line, 0, line.length, 0));
  } finally {
    closeSync(fd);
  }
}

/** Reads /proc/PID/stat: pure. `null`: it is not such a text. @see proc(5) */
export function parseUsage(stat: string, { pageBytes, ticksPerSecond }: KernelUnits): ProcessUsage | null {
  // The name is in parentheses, and may have any in it. Behind it come the fields from the third on.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [user, system, start, pages] = [fields[11], fields[12], fields[19], fields[21]];
  if (start === undefined || pages === undefined) return null;
  const memoryBytes = Math.max(0, Number(pages)) * pageBytes;
  return { memoryBytes, cpuSeconds: (Number(user) + Number(system)) / ticksPerSecond, start };
}

/** Reads /proc/self/auxv, pairs of words, of a process with 64 bits: pure. */
export function parseUnits(auxv: Buffer): KernelUnits {
  const units = { ...USUAL };
  const isLittle = endianness() === 'LE';
  const word = (at: number) => (isLittle ? auxv.readBigUInt64LE(at) : auxv.readBigUInt64BE(at));
  for (let at = 0; at + 16 <= auxv.length; at += 16) {
    if (word(at) === AT_PAGESZ) units.pageBytes = Number(word(at + 8));
    if (word(at) === AT_CLKTCK) units.ticksPerSecond = Number(word(at + 8));
  }
  return units;
}

function readUnits(): KernelUnits {
  try {
    return parseUnits(readFileSync('/proc/self/auxv'));
  } catch {
    return USUAL;
  }
}
