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
  const name = basename(path);
  return path === process.execPath || path === NODE || name === SHIM || name === ADDON || dirname(path) === NATIVE;
}

/**
 * Leaves out the frames of the host, except where the innermost frame is one of them: a function that the module called with a
 * bad pointer is of interest, as is a stack on which there is nothing else.
 */
export function dropHost<F extends { object: CrashObject | null }>(frames: F[]): F[] {
  const isHost = (frame: F) => frame.object !== null && isOfHost(frame.object.path);
  const first = frames.findIndex((frame) => frame.object !== null && !isHost(frame) && !isSystem(frame.object.path));
  // Without a frame of the module all of it is the host's.
  if (first < 0) return frames;
  const last = frames.findLastIndex((frame) => frame.object !== null && !isHost(frame));
  return frames.filter((frame, i) => i < first || (i <= last && !isHost(frame)));
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
