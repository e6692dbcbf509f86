/** Takes the stacks of a process that runs, from outside: by eu-stack, else by gdb, else by what the kernel says. */

import type { StackFrame } from './frame.js';
import { dropHost } from './host-frames.js';
import { isOfModule, type ModuleFiles } from './module-files.js';
import type { RawFrame } from './raw-frame.js';
import type { Symbolizer } from './symbolizer.js';
import type { TakenAddress, TakenAddresses } from './taken/addresses.js';
import { euStackArgs, parseEuStack } from './taken/eu-stack.js';
import { gdbArgs, parseGdb } from './taken/gdb.js';
import { MappedFiles, parseMappings } from './taken/mappings.js';
import { takeFromKernel } from './taken/proc-stack.js';
import { readProc } from './taken/read-proc.js';
import { findTool } from './tools/find-tool.js';
import { runTool } from './tools/run-tool.js';
import { Turns } from './tools/turns.js';

/** The stack of one thread. */
export interface TakenThread {
  id: number;
  /** As the process has named it: untrusted text. */
  name: string;
  /** Whether it is the first one, which calls the module. */
  isMain: boolean;
  /** Innermost first. */
  frames: StackFrame[];
}

/** The stacks of a process at one moment. */
export interface TakenStack {
  /** The main thread first. */
  threads: TakenThread[];
  /** What read them. */
  by: string;
  /** Why there is not more; `null`: it is all there. */
  remark: string | null;
}

/** The same before names were looked up. */
export interface RawStack {
  threads: (Omit<TakenThread, 'frames'> & { frames: RawFrame[] })[];
  by: string;
  remark: string | null;
}

/** How it is taken. */
export interface TakeOptions {
  /** Ends it before its time; what was read until then counts. */
  signal: AbortSignal;
  /** A program that holds the process up has begun. */
  begun: (pid: number) => void;
  /** Where programs are looked for, as in the variable PATH. */
  path?: string;
}

/** A process is not held up for longer. */
const LIMIT_MS = 10_000;
const KERNEL = 'the kernel';

/** One process is held up at a time. */
const turns = new Turns();

const PROGRAMS = [
  { name: 'eu-stack', args: euStackArgs, parse: parseEuStack },
  { name: 'gdb', args: gdbArgs, parse: parseGdb },
] as const;

/** `null`: nothing could be seen. Never fails. */
export function takeStack(pid: number, options: TakeOptions): Promise<RawStack | null> {
  return turns.run(() => take(pid, options)).catch(() => null);
}

/** Looks up the names. Of the other threads only those in the module are left. */
export async function nameStack(
  stack: RawStack,
  files: ModuleFiles | null,
  symbolizer: Symbolizer,
): Promise<TakenStack> {
  const threads: TakenThread[] = [];
  let remark = stack.remark;
  for (const { frames, ...thread } of stack.threads) {
    const isInModule = frames.some(({ object }) => object !== null && isOfModule(object.path, files));
    if (!thread.isMain && !isInModule) continue;
    const named = await symbolizer.symbolize(frames, { files });
    threads.push({ ...thread, frames: named.frames });
    if (thread.isMain) remark ??= named.remark;
  }
  return { threads, by: stack.by, remark };
}

async function take(pid: number, options: TakeOptions): Promise<RawStack | null> {
  if (options.signal.aborted || pid <= 0) return null;
  // At the same time, because the process may be killed soon, and without its files addresses say nothing.
  const reading = readProc(`/proc/${pid}/maps`, LIMIT_MS);
  const { threads, by, remark: said } = await readAddresses(pid, options);
  if (threads.length === 0) return null;
  const maps = parseMappings(await reading);
  const remark = said ?? (maps.length === 0 ? 'the files that it had mapped could not be read in time' : null);
  const files = new MappedFiles(maps);
  const raw = await Promise.all(threads.map((thread) => describe(pid, thread, files)));
  const isMain = ({ isMain }: { isMain: boolean }) => isMain;
  const ordered = [...raw.filter(isMain), ...raw.filter((thread) => !isMain(thread))];
  return { threads: ordered, by, remark };
}

interface Read {
  threads: TakenAddresses[];
  by: string;
  remark: string | null;
}

async function readAddresses(pid: number, { path, signal, begun }: TakeOptions): Promise<Read> {
  const problems: string[] = [];
  const status = await readProc(`/proc/${pid}/status`);
  // A process has one tracer. The module may have made the core that one.
  const isTraced = /^TracerPid:\s+[1-9]/m.test(status);
  if (isTraced) problems.push('another process traces it');
  for (const { name, args, parse } of isTraced ? [] : PROGRAMS) {
    const file = await findTool(name, path);
    if (file === null) continue;
    const run = { file, args: args(pid), limitMs: LIMIT_MS, signal, begun, isPatient: false };
    const { lines, problem, wasEnded } = await runTool(run);
    if (wasEnded && !signal.aborted) resume(pid);
    const threads = parse(lines);
    if (threads.some(({ addresses }) => addresses.length > 0)) return { threads, by: name, remark: null };
    problems.push(`${name} saw nothing${problem === null ? '' : `: ${problem}`}`);
    if (signal.aborted) return { threads: [], by: name, remark: null };
  }
  const { threads, remark } = await takeFromKernel(pid);
  const why = problems.length > 0 ? problems.join('; ') : 'install elfutils or gdb to see its whole stack';
  return { threads, by: KERNEL, remark: remark === null ? why : `${remark}; ${why}` };
}

/** A program that was ended while it stopped the process may leave it stopped. */
function resume(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT');
  } catch {
    // It has ended, or is another user's.
  }
}

async function describe(pid: number, { id, addresses }: TakenAddresses, files: MappedFiles) {
  const name = (await readProc(`/proc/${pid}/task/${id}/comm`)).replace(/\n$/, '');
  const frames = await Promise.all(addresses.map((taken) => toFrame(taken, files)));
  return { id, name, isMain: id === pid, frames: dropHost(frames) };
}

async function toFrame({ address, isReturn, buildId }: TakenAddress, files: MappedFiles): Promise<RawFrame> {
  return { address, isReturn, object: await files.find(address, buildId) };
}
