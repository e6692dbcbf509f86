/** Whether two modules answered the same: pure. */

import type { CallEvent } from '../../wire/call-event.js';
import { SCALARS, type WireParams } from '../../wire/params.js';
import type { CallAnswer } from '../calls/pending-call.js';
import type { Difference } from '../types.js';

const NOTHING: readonly Difference[] = [];

/** Fields of `params`, in the order in which they are shown. */
export const FIELDS = [...SCALARS, 'to', 'from'] as const;

export type Field = (typeof FIELDS)[number];

/** In what two answers to an event differ: in the verdict, and in the message that they leave. */
export function differencesOf(event: CallEvent, one: CallAnswer, other: CallAnswer): readonly Difference[] {
  const isChanged = one.params !== null || one.payload !== null || other.params !== null || other.payload !== null;
  if (!isChanged) return one.verdict === other.verdict ? NOTHING : ['verdict'];
  const found: Difference[] = one.verdict === other.verdict ? [] : ['verdict'];
  if (hasOtherParams(event, one, other)) found.push('params');
  if (hasOtherPayload(event, one, other)) found.push('payload');
  return found;
}

/** The fields in which two sets of parameters differ, all 64 bits of each number. */
export function otherFields(one: WireParams, other: WireParams): Field[] {
  return FIELDS.filter((field) => {
    if (field === 'to' || field === 'from') return !isSameAddress(one[field], other[field]);
    return (one[field]?.low ?? 0) !== (other[field]?.low ?? 0) || (one[field]?.high ?? 0) !== (other[field]?.high ?? 0);
  });
}

function hasOtherParams(event: CallEvent, one: CallAnswer, other: CallAnswer): boolean {
  if (one.params === null && other.params === null) return false;
  return otherFields(one.params ?? event.params, other.params ?? event.params).length > 0;
}

function hasOtherPayload({ payload }: CallEvent, one: CallAnswer, other: CallAnswer): boolean {
  if (one.payload === null && other.payload === null) return false;
  return Buffer.compare(one.payload ?? payload, other.payload ?? payload) !== 0;
}

/** No address and an empty one are different: a module sees NULL or a text. */
function isSameAddress(one: Uint8Array | null | undefined, other: Uint8Array | null | undefined): boolean {
  if (one == null || other == null) return (one ?? null) === (other ?? null);
  return Buffer.compare(one, other) === 0;
}
