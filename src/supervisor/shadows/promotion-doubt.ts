/** What speaks against a promotion, and does not prevent it: pure. */

import type { ShadowReport } from '../types.js';

/** Above this share of messages without a verdict it is worth a warning. */
const LARGE_SHARE = 0.01;

/** That a shadow gave no verdict on many messages, in a line; `null`: it did on nearly all. */
export function findPromotionDoubt({
  name,
  since,
  totals,
  compared,
}: Pick<ShadowReport, 'name' | 'since' | 'totals' | 'compared'>): string | null {
  const { defaulted, skipped, primaryDefaulted } = totals;
  const without = [...Object.values(defaulted), ...Object.values(skipped)].reduce((sum, count) => sum + count, 0);
  const all = without + compared + primaryDefaulted;
  if (without <= all * LARGE_SHARE) return null;
  return `${name} gave no verdict on ${without} of ${all} messages since ${since}; in the chain such messages get the default verdict`;
}
