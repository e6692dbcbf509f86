/** Node's own symbols: hidden before the module is loaded, so that it is linked as in a plain process. */

import type { Shim } from './shim.js';

const COUNTS = 8;

/** What the shim is asked for here. */
export type HidesSymbols = Pick<Shim, 'hideNode'>;

/**
 * Hides what the executable exports for Node alone. All addons must be loaded by now: none can be loaded afterwards that
 * calls libuv or V8.
 *
 * @returns the reason for which nothing is hidden; `null`: it is done
 */
export function hideNodeSymbols(shim: HidesSymbols): string | null {
  return shim.hideNode(new Uint32Array(COUNTS));
}

/** What the operator is told where they are not hidden. */
export function describeFallback(reason: string): string {
  return (
    `Node's own symbols cannot be hidden from the module (${reason}); it is loaded with deep binding instead, with which ` +
    'C++ streams, environ and libraries with a malloc of their own fail; run the core with a Node.js of nodejs.org'
  );
}
