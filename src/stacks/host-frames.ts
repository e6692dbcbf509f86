/** Which frames belong to the host: Node.js, what it calls native code with, and the shim. Pure, but for one look at start. */

import { realpathSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import { SHIM_LIBRARY } from '../paths.js';
import type { CrashObject } from '../wire/crash-note.js';

const NODE = realpathOf(process.execPath);
/** The shim has a copy of its own for each host that hides names. */
const SHIM = basename(SHIM_LIBRARY);
const ADDON = 'koffi.node';
const NATIVE = dirname(SHIM_LIBRARY);

/** Whether a file is part of every host. */
export function isOfHost(path: string): boolean {
  return path === process.execPath || path === NODE || basename(path) === ADDON || isShim(path);
}

function isShim(path: string): boolean {
  return basename(path) === SHIM || dirname(path) === NATIVE;
}

/**
 * Leaves out the frames of the host, and everything below them: the stack ends with the callback of the module, or with the
 * begin of its thread. What the module called stays, even if it is a function of the host.
 */
export function dropHost<F extends { object: CrashObject | null }>(frames: F[]): F[] {
  const isHost = (frame: F) => frame.object !== null && isOfHost(frame.object.path);
  const isModule = (frame: F) => frame.object !== null && !isHost(frame) && !isSystem(frame.object.path);
  const first = frames.findIndex(isModule);
  // Without a frame of the module all of it is the host's.
  if (first < 0) return frames;
  const last = frames.findLastIndex(isModule);
  // Its threads begin in the shim too, but no Node.js is below that.
  const node = frames.findIndex((frame, i) => i > last && isHost(frame) && !isShim(frame.object?.path ?? ''));
  const end = node < 0 ? frames.length : frames.findIndex((frame, i) => i > last && isHost(frame));
  return frames.slice(0, end).filter((frame, i) => i < first || !isHost(frame));
}

/** Names of the C and C++ runtime, which every process has. */
const RUNTIME =
  /^(?:ld-linux[\w-]*|ld-musl[\w-]*|lib(?:c|m|dl|pthread|rt|gcc_s|stdc\+\+|atomic|c\+\+|c\+\+abi|unwind))[.-]/;

/** Whether a file is part of the C or C++ runtime. */
export function isSystem(path: string): boolean {
  return path === '[vdso]' || RUNTIME.test(basename(path));
}

function realpathOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
