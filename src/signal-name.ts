/** Signals by name. */

import { constants } from 'node:os';

/** Some have two names. The first one is that of today. */
const NAMES = new Map(
  Object.entries(constants.signals)
    .reverse()
    .map(([name, number]) => [number, name as NodeJS.Signals]),
);

/** `SIGSEGV`; `null`: the number has no name. */
export function signalNameOf(number: number): NodeJS.Signals | null {
  return NAMES.get(number) ?? null;
}
