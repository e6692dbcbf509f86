/** Options that `try` and `run --in-process` share, written as they are typed: for a command that does the same again. Pure. */

import type { AbiName } from '../../src/config/types.js';
import type { Speakers } from './prompt.js';

/** Who talks, unless others are given. */
export const SPEAKERS: Speakers = { from: 'alice', to: 'bob' };

/** What was given. */
export interface GivenOptions extends Speakers {
  conf: readonly [string, string][];
  abi: AbiName | null;
  name?: string | undefined;
  /** For how long requests that are open are waited for, in milliseconds. */
  wait?: number | undefined;
  /** Numbers of the messages by the names of their options. */
  numbers?: Readonly<Record<string, bigint | undefined>>;
}

/** The words of a command line. */
export function givenOptions({ conf, abi, from, to, name, wait, numbers = {} }: GivenOptions): string[] {
  return [
    ...conf.flatMap(([key, value]) => ['--conf', `${key}=${value}`]),
    ...(name === undefined ? [] : ['--name', name]),
    ...(abi === null ? [] : ['--abi', abi]),
    ...(from === SPEAKERS.from ? [] : ['--from', from]),
    ...(to === SPEAKERS.to ? [] : ['--to', to]),
    ...Object.entries(numbers).flatMap(([option, value]) => (value === undefined ? [] : [`--${option}`, `${value}`])),
    ...(wait === undefined ? [] : ['--wait', `${wait}`]),
  ];
}
