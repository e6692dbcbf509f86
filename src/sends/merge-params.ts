/** Parameters that have been through the chain. */

import { fromWireParams, type MessageParams, SCALARS, toAddress, toLong, type WireParams } from '../wire/params.js';

/**
 * What the chain made of parameters. What it did not change is as it was, to the bit: the plain values that a caller of a chain
 * has are rounded, and text.
 */
export function mergeParams(before: WireParams, after: MessageParams): WireParams {
  const given = fromWireParams(before);
  const params = { ...before };
  for (const field of SCALARS) if (after[field] !== given[field]) params[field] = toLong(field, after[field]);
  for (const field of ['to', 'from'] as const) {
    const value = after[field];
    if (value === given[field]) continue;
    if (value === null) delete params[field];
    else params[field] = toAddress(field, value);
  }
  return params;
}
