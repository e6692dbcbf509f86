/** Where servers connect, as it was written. Pure. */

import { resolve } from 'node:path';

const WORDS = ['auto', 'off'];

/** Reads what was written: `auto` and `off` in any case. */
export function readGateway(written: string): string {
  const word = written.toLowerCase();
  return WORDS.includes(word) ? word : written;
}

/** Whether it is `auto`, `off` or clearly a path. A word without "/" and "." is refused: it would make a socket of that name. */
export function isGateway(written: string): boolean {
  return WORDS.includes(written) || /[/.]/.test(written);
}

/** @param base - the folder that a relative path is relative to */
export function resolveGateway(written: string, base: string): string {
  return written === 'auto' || written === 'off' ? written : resolve(base, written);
}
