/** Node's own symbols: hidden before the module is loaded, so that it is linked as in a plain process. */

import type { Shim } from './shim.js';

/** As native/hide.h has them. */
const COUNTS = 8;
const SHARED_BYTES = 512;

/** What the shim is asked for here. */
export type HidesSymbols = Pick<Shim, 'hideNode'>;

/** How close the module's process is to a plain one. */
export interface Hiding {
  /** Why nothing is hidden; `null`: it is. */
  reason: string | null;
  /** Libraries that Node shares with the module, separated by commas; a Node.js of nodejs.org has none. */
  shared: string;
}

/**
 * Hides what the executable exports only for Node. All addons must be loaded by now: later, no addon that calls libuv or V8 can
 * be loaded.
 */
export function hideNodeSymbols(shim: HidesSymbols): Hiding {
  const shared = Buffer.alloc(SHARED_BYTES);
  const reason = shim.hideNode(new Uint32Array(COUNTS), shared);
  return { reason, shared: shared.toString('latin1', 0, shared.indexOf(0)) };
}

/** The message for the operator if nothing can be hidden. */
export function describeFallback(reason: string): string {
  return (
    `Node's own symbols cannot be hidden from the module (${reason}); it is loaded with deep binding instead, with which ` +
    'C++ streams, environ and libraries with a malloc of their own fail; run the core with a Node.js of nodejs.org'
  );
}

/** The message for the operator if Node is built with shared libraries. */
export function describeShared(shared: string): string {
  return (
    `this Node.js needs ${shared}; a module that brings another copy of one of these is bound to Node's; ` +
    'if it does, run the core with a Node.js of nodejs.org'
  );
}
