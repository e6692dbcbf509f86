/** Options that `try` and `run --in-process` share, written as they are typed: for a command that does the same again. Pure. */

import type { AbiName } from '../../src/config/types.js';
import type { Speakers } from './prompt.js';

/** Who talks, unless others are given. */
export const SPEAKERS: Speakers = { from: 'alice', to: 'bob' };

/** What was given. */
export interface GivenOptions extends Speakers {
  conf: readonly [string, string][];
  abi: AbiName | null;
}

/** The words of a command line. */
export function givenOptions({ conf, abi, from, to }: GivenOptions): string[] {
  return [
    ...conf.flatMap(([key, value]) => ['--conf', `${key}=${value}`]),
    ...(abi === null ? [] : ['--abi', abi]),
    ...(from === SPEAKERS.from ? [] : ['--from', from]),
    ...(to === SPEAKERS.to ? [] : ['--to', to]),
  ];
}
