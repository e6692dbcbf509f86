/**
 * What the kernel says about processes: the only place that reads /proc for it, except process-usage.ts, which is used often.
 */

import { closeSync, openSync, read, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readOrEmpty } from './or-empty.js';
import { within } from './within.js';

/** Most environments are smaller. */
const ENVIRONMENT_BYTES = 32 * 1024;
const READ_LIMIT_MS = 1_000;

/** A process that traces another, and where it stands. */
export interface Tracer {
  pid: number;
  /** Its process group and its session. */
  group: number;
  session: number;
  /** Its parent, the parent of that, and so on. */
  ancestors: readonly number[];
}

/** The process that traces another, as a debugger does; `null`: none does, or the traced one is gone. */
export function readTracer(pid: number): Tracer | null {
  const thread = readNumber(`/proc/${pid}/status`, /^TracerPid:\s*(\d+)/m);
  if (thread === 0) return null;
  // What traces is a thread; of one that is gone by now nothing is known.
  const tracer = readNumber(`/proc/${thread}/status`, /^Tgid:\s*(\d+)/m) || thread;
  const { group, session } = readStat(tracer) ?? { group: 0, session: 0 };
  return { pid: tracer, group, session, ancestors: readAncestors(tracer) };
}

/** The parent of a process, the parent of that, and so on. */
export function readAncestors(pid: number): number[] {
  const ancestors: number[] = [];
  for (let at = readParent(pid); at !== null && at > 0 && !ancestors.includes(at); at = readParent(at)) {
    ancestors.push(at);
  }
  return ancestors;
}

function readNumber(path: string, pattern: RegExp): number {
  return Number(pattern.exec(readOrEmpty(path))?.[1] ?? 0);
}

/**
 * The file in which the kernel counts its out-of-memory kills in the control group of a process. If it cannot be read: the one
 * for the whole machine.
 */
export function findOomCounter(pid: number): string {
  const groups = readOrEmpty(`/proc/${pid}/cgroup`);
  const first = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(groups)?.[1];
  const second = /^0::(.*)$/m.exec(groups)?.[1];
  const files = [
    ...(first === undefined ? [] : [join('/sys/fs/cgroup/memory', first, 'memory.oom_control')]),
    ...(second === undefined ? [] : [join('/sys/fs/cgroup', second, 'memory.events')]),
  ];
  return files.find((file) => readOomKills(file) !== null) ?? '/proc/vmstat';
}

/** How many processes the kernel has killed because memory ran out, by one of its files; `null`: it does not say. */
export function readOomKills(file: string): number | null {
  const kills = /^oom_kill (\d+)$/m.exec(readOrEmpty(file))?.[1];
  return kills === undefined ? null : Number(kills);
}

/** A process, as an operator knows it. */
export interface ProcessName {
  pid: number;
  /** The command, as `ps -o comm` shows it. */
  name: string;
}

/** Every process that can be seen from here; none when this process has no descriptor left to look. */
export function listProcesses(): number[] {
  try {
    const names = readdirSync('/proc');
    return names.filter((name) => /^\d+$/.test(name)).map(Number);
  } catch {
    return [];
  }
}

/** The children of a process, zombies included. One that ends meanwhile may hide others: look again at its end. */
export function readChildren(pid: number): number[] {
  try {
    const threads = readdirSync(`/proc/${pid}/task`);
    const lists = threads.map((thread) => readFileSync(`/proc/${pid}/task/${thread}/children`, 'utf8'));
    return lists.join(' ').split(/\s+/).filter(Boolean).map(Number);
  } catch {
    // A thread that ended meanwhile, or a kernel without these lists (CONFIG_PROC_CHILDREN).
    return listProcesses().filter((other) => readStat(other)?.parent === pid);
  }
}

/** A process and everything below it, of which the process itself comes first. */
export function readTree(pid: number): number[] {
  return [pid, ...readChildren(pid).flatMap(readTree)];
}

/** The name of a process that runs; `null` for a zombie, and where there is none. */
export function readRunning(pid: number): ProcessName | null {
  const stat = readStat(pid);
  return stat === null || /[ZX]/.test(stat.state) ? null : { pid, name: stat.name };
}

/** Whether any process has a pid now; one that this process may not signal counts, and a zombie too. */
export function isThere(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Which process a pid is of: that pid may be another's later. */
export interface ProcessMark {
  pid: number;
  /** When it began, as the kernel counts; `null`: that cannot be read. */
  start: string | null;
}

/** Marks a process, to ask later whether it is still there. */
export function markProcess(pid: number): ProcessMark {
  return { pid, start: readLife(pid)?.start ?? null };
}

/** Whether a process has ended, as far as that can be seen: one that this process may not look at counts as there. */
export function hasEnded({ pid, start }: ProcessMark): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
  const life = readLife(pid);
  if (life === null) return false;
  return life.isOver || (start !== null && life.start !== start);
}

/** `isOver`: nobody has waited for it yet. Its first thread alone may have ended as well. */
function readLife(pid: number): { start: string; isOver: boolean } | null {
  const [, rest] = /^\d+ \(.*\) (.*)$/s.exec(readOrEmpty(`/proc/${pid}/stat`)) ?? [];
  // Behind the name: the state, 16 others, the number of threads, one more, and the start.
  const [state = '', threads, start] = [0, 17, 19].map((i) => rest?.split(' ')[i]);
  return start === undefined ? null : { start, isOver: /[ZX]/.test(state) && Number(threads) <= 1 };
}

/** Whether a process can do something now: it is neither gone nor held up by a signal or a tracer. */
export function isAwake(pid: number): boolean {
  const stat = readStat(pid);
  return stat !== null && !/[ZXTt]/.test(stat.state);
}

/** Whether a file that a process has mapped was replaced or removed since; memory files do not count. */
export function hasReplacedFiles(pid: number): boolean {
  return /^\S+ \S+ \S+ \S+ [1-9]\d* +\/(?!memfd:|dev\/).* \(deleted\)$/m.test(readOrEmpty(`/proc/${pid}/maps`));
}

/** The process that another is a child of; `null` where there is none. */
export function readParent(pid: number): number | null {
  return readStat(pid)?.parent ?? null;
}

/** The soft limit of file locks of a process, which the kernel does not apply; `null`: none, or the process is gone. */
export function readLockLimit(pid: number): bigint | null {
  const limit = /^Max file locks +(\d+)/m.exec(readOrEmpty(`/proc/${pid}/limits`))?.[1];
  return limit === undefined ? null : BigInt(limit);
}

/**
 * Whether a process was started with a variable of one of these values in its environment. Not for a zombie, which has
 * none left, nor for a process of another user.
 */
export async function hasVariable(pid: number, name: string, values: readonly string[]): Promise<boolean> {
  const entries = (await readEnvironment(pid)).toString('latin1').split('\0');
  return values.some((value) => entries.includes(`${name}=${value}`));
}

/** Reads in the background: the process may be stuck in the kernel in a way that holds up its readers as well. */
async function readEnvironment(pid: number): Promise<Buffer> {
  let fd: number;
  try {
    fd = openSync(`/proc/${pid}/environ`, 'r');
  } catch {
    return Buffer.alloc(0);
  }
  const reading = readAll(fd).finally(() => closeSync(fd));
  return within(READ_LIMIT_MS, reading, Buffer.alloc(0));
}

async function readAll(fd: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (;;) {
    const part = Buffer.allocUnsafe(ENVIRONMENT_BYTES);
    const length = await new Promise<number>((resolve) => {
      read(fd, part, 0, part.length, null, (error, count) => resolve(error ? 0 : count));
    });
    if (length === 0 && parts.length === 0) return Buffer.alloc(0);
    parts.push(part.subarray(0, length));
    if (length < part.length) return Buffer.concat(parts);
  }
}

/** What the kernel says of a process in /proc/PID/stat. */
export interface Stat {
  name: string;
  state: string;
  parent: number;
  group: number;
  session: number;
}

function readStat(pid: number): Stat | null {
  return parseStat(readOrEmpty(`/proc/${pid}/stat`));
}

/** What stands in /proc/PID/stat; the name, in parentheses, may contain anything. `null`: not such a text. */
export function parseStat(text: string): Stat | null {
  const [, name, state, parent, group, session] = /^\d+ \((.*)\) (\S) (\d+) (-?\d+) (-?\d+)/s.exec(text) ?? [];
  if (name === undefined || state === undefined) return null;
  return { name, state, parent: Number(parent), group: Number(group), session: Number(session) };
}
