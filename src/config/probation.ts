/** What follows from `probation`, with other settings of the module. */

import type { ModuleSpec } from './types.js';
import { formatDuration } from './units.js';

/** This part of `deadline` is for the callback, and the rest for the way back. */
const PART_OF_DEADLINE = 0.75;
/** Below this a module may be slow now and then, and is not taken for one that hangs. */
const LEAST_CALLBACK_MS = 500;

/**
 * How long a callback may run on probation. It ends before messages that wait behind it reach their deadline, so that the kept
 * host can answer them.
 */
export function callbackLimit({ hangMs, deadlineMs }: Pick<ModuleSpec, 'hangMs' | 'deadlineMs'>): number {
  return Math.min(
    hangMs ?? Number.POSITIVE_INFINITY,
    Math.max(LEAST_CALLBACK_MS, Math.floor(PART_OF_DEADLINE * deadlineMs)),
  );
}

/** What is doubtful about the probation of a module, with the remedy; `null`: nothing. It may be meant, so it is a warning. */
export function findProbationDoubt(spec: Pick<ModuleSpec, 'probationMs' | 'hangMs' | 'deadlineMs'>): string | null {
  const limitMs = callbackLimit(spec);
  if (spec.probationMs === null || spec.probationMs > limitMs) return null;
  const [probation, limit] = [formatDuration(spec.probationMs), formatDuration(limitMs)];
  return `found probation = ${probation}, but a callback that hangs is noticed only after ${limit}; make the probation longer`;
}
