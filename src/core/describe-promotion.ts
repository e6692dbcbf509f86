/** What a promotion did, in words: pure. */

import type { PromotionReport } from '../supervisor/types.js';

/** In one line. */
export function describePromotion({ module, shadow, toChange }: PromotionReport): string {
  const what = `module ${module} runs what ${shadow} ran, and ${shadow} shadows it with what ${module} ran`;
  if (toChange.length === 0) return `promoted: ${what}`;
  const keys = toChange.map(({ key }) => key).join(', ');
  return `promoted: ${what}; the configuration does not say so yet: change ${keys} in module ${module} { }`;
}
