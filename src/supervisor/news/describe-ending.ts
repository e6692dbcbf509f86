/** What became of processes that were ended, in words. */

import { counted } from '../../counted.js';
import { listSome } from '../../list-some.js';
import type { ProcessName } from '../../proc.js';
import type { Ending } from '../runner/runner.js';

/** This many are named; for the others only their number is given. */
const NAMED = 10;

/**
 * Says what came of an ending, as `2 processes were ended: sleep (pid 4711), sh (pid 4712)`; `null` when there was
 * nothing to end.
 *
 * @param which comes behind the number, as `that it left`
 */
export function describeEnding({ ended, left }: Ending, which: string): string | null {
  const parts = [];
  if (ended.length > 0) parts.push(`${count(ended)} ${which} ${verb(ended, 'was', 'were')} ended: ${list(ended)}`);
  if (left.length > 0) parts.push(`${count(left)} ${which} cannot be ended: ${list(left)}; end them by hand`);
  return parts.length === 0 ? null : parts.join('; ');
}

function count({ length }: ProcessName[]): string {
  return counted(length, 'process', 'processes');
}

function verb({ length }: ProcessName[], one: string, many: string): string {
  return length === 1 ? one : many;
}

function list(processes: ProcessName[]): string {
  return listSome(
    processes.map(({ pid, name }) => `${name} (pid ${pid})`),
    NAMED,
  );
}
