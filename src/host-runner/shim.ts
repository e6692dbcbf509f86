/** The shim's functions, typed; see src/host-runner/native/ for what each does. */

import { join } from 'node:path';
import koffi from 'koffi';
import { PACKAGE_ROOT, SHIM_LIBRARY } from '../paths.js';
import { loadForGood } from './library.js';

/** The native half of this process. Buffers are read or filled during the call only. */
export interface Shim {
  followParent(pipeFd: number): number;
  markProcess(mark: bigint): number;
  takeSignals(coreFd: number): void;
  watchExit(): number;
  /** `0`, or a negative errno. */
  watchCrashes(): number;
  /** Threads that loaded libraries start get stacks for signal handlers. */
  coverThreads(): void;
  /** Processes that the module starts inherit what a plain process would hand on. */
  shareStdio(): void;
  /** `null`, or the reason for which nothing is hidden. */
  hideNode(counts: Uint32Array, shared: Buffer): string | null;
  guardStack(bytes: number): number;
  spareThreads(): number;
  maskSignals(): void;
  unmaskSignals(): void;
  flushLines(): void;
  limitCore(on: number): number;
  setEnvironment(packed: Buffer, length: number, count: number): number;
  openBox(fd: number): number;
  wakeFd(): number;
  clearWake(): void;
  /** Shows the core that this thread comes round. */
  beat(): void;
  setPhase(phase: number): void;
  setMaxMessage(bytes: number): void;
  setLogRate(lines: number): void;
  setAbi(layout: Buffer, length: number): number;
  setConfig(packed: Buffer, length: number, count: number): number;
  init(symbol: bigint, name: string): number;
  callbacks(): number;
  description(out: Buffer, capacity: number): number;
  /** Looks at a frame of the core, and says what it is: see {@link ACCEPTED}. */
  accept(frame: Buffer, length: number, batch: Uint32Array): number;
  /** Makes the next calls of a lane of an accepted frame; returns how many. */
  run(frame: Buffer, length: number, batch: Uint32Array, lane: number, micros: number): number;
  drain(out: Buffer, capacity: number): number;
  /** Says in arguments and name of the process whose it is. */
  label(module: string, generation: number): void;
  /** From now on the module's http requests are refused. */
  refuseHttp(): void;
  httpWantsWorker(): number;
  httpWorkerComes(): void;
  httpWorkerLost(why: string): void;
  httpPending(): number;
  httpRun(micros: number): number;
  httpClose(): void;
  cleanup(): void;
  exit(code: number): void;
  layout(out: Uint32Array, capacity: number): number;
}

/** The phases that the JavaScript side sets; the shim sets the others itself. */
export const PHASE = { loading: 1, serving: 3, initByDefault: 5 } as const;

/** What a frame of the core may be. */
export const ACCEPTED = { batch: 0, other: 1, damaged: -1 } as const;

/** A `struct mm_batch` of batch.h as 32-bit numbers: its size, and where it counts the calls that are not made yet. */
export const BATCH = { words: 8, left: { message: 2, notification: 3 } } as const;

const MIB = 1024 * 1024;
/** The most that koffi allows. Memory is taken as it is touched. */
const STACK_BYTES = 16 * MIB;
/** The part that the module never gets. koffi's own guard is one page, and a large frame steps over it. */
export const STACK_GUARD_BYTES = 8 * MIB;

/**
 * Loads the shim so that modules loaded later find its exports. The first call into koffi of this process: the stack
 * on which C code runs can only be set before the first library is loaded.
 */
export function loadShim(): Shim {
  koffi.config({ sync_stack_size: STACK_BYTES });
  const library = loadLibrary();
  return {
    followParent: library.func('int32_t mm_follow_parent(int32_t)'),
    markProcess: library.func('int32_t mm_mark_process(uint64_t)'),
    takeSignals: library.func('void mm_take_signals(int32_t)'),
    watchExit: library.func('int32_t mm_watch_exit()'),
    watchCrashes: library.func('int32_t mm_watch_crashes()'),
    coverThreads: library.func('void mm_cover_loaded()'),
    shareStdio: library.func('void mm_share_stdio()'),
    hideNode: library.func('str mm_hide_node(uint32_t *, uint8_t *)'),
    guardStack: library.func('int32_t mm_guard_stack(uint32_t)'),
    spareThreads: library.func('uint32_t mm_spare_threads()'),
    maskSignals: library.func('void mm_mask_signals()'),
    unmaskSignals: library.func('void mm_unmask_signals()'),
    flushLines: library.func('void mm_flush_lines()'),
    limitCore: library.func('int32_t mm_limit_core(int32_t)'),
    setEnvironment: library.func('int32_t mm_set_environment(uint8_t *, uint32_t, uint32_t)'),
    openBox: library.func('int32_t mm_open_box(int32_t)'),
    wakeFd: library.func('int32_t mm_wake_fd()'),
    clearWake: library.func('void mm_clear_wake()'),
    beat: library.func('void mm_beat()'),
    setPhase: library.func('void mm_set_phase(uint32_t)'),
    setMaxMessage: library.func('void mm_set_max_message(uint32_t)'),
    setLogRate: library.func('void mm_set_log_rate(uint32_t)'),
    setAbi: library.func('int32_t mm_set_abi(uint8_t *, uint32_t)'),
    setConfig: library.func('int32_t mm_set_config(uint8_t *, uint32_t, uint32_t)'),
    init: library.func('int32_t mm_init(void *, str)'),
    callbacks: library.func('uint32_t mm_callbacks()'),
    description: library.func('uint32_t mm_description(uint8_t *, uint32_t)'),
    accept: library.func('int32_t mm_accept(uint8_t *, uint32_t, uint32_t *)'),
    run: library.func('uint32_t mm_run(uint8_t *, uint32_t, uint32_t *, uint32_t, uint32_t)'),
    drain: library.func('int32_t mm_drain(uint8_t *, uint32_t)'),
    label: library.func('void mm_label(str, uint32_t)'),
    refuseHttp: library.func('void mm_refuse_http()'),
    httpWantsWorker: library.func('int32_t mm_http_wants_worker()'),
    httpWorkerComes: library.func('void mm_http_worker_comes()'),
    httpWorkerLost: library.func('void mm_http_worker_lost(str)'),
    httpPending: library.func('int32_t mm_http_pending()'),
    httpRun: library.func('uint32_t mm_http_run(uint32_t)'),
    httpClose: library.func('void mm_http_close()'),
    cleanup: library.func('void mm_cleanup()'),
    exit: library.func('void mm_exit(int32_t)'),
    layout: library.func('uint32_t mm_layout(uint32_t *, uint32_t)'),
  };
}

/** A package that was built elsewhere may not fit this machine; these are the host's last words then. */
function loadLibrary(): ReturnType<typeof loadForGood> {
  try {
    return loadForGood(SHIM_LIBRARY, { global: true });
  } catch (error) {
    const remedy = `build it here: node ${join(PACKAGE_ROOT, 'scripts/install.mjs')}`;
    process.stderr.write(`${SHIM_LIBRARY} does not fit this machine (${(error as Error).message}); ${remedy}\n`);
    process.exit(1);
  }
}
