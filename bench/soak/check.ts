/** Compares all promises of a soak with what was seen: pure. */

import { checkAnswers } from './check-answers.js';
import { checkOrder } from './check-order.js';
import { checkSends } from './check-sends.js';
import type { Evidence, Violation } from './evidence.js';

/** At least this share of verdicts must come from the modules themselves. */
const OWN_SHARE = 0.99;

/** Every promise that was broken; none, if the run was good. */
export function check(evidence: Evidence): Violation[] {
  return [...checkAnswers(evidence), ...checkOrder(evidence), ...checkSends(evidence), ...checkShare(evidence)];
}

function checkShare({ answers }: Evidence): Violation[] {
  let own = 0;
  let all = 0;
  for (const { outcome } of answers) {
    // A module that an order has stopped is down.
    const trace = outcome.trace.filter((entry) => entry.default !== 'down');
    all += trace.length;
    own += trace.filter((entry) => entry.default === null).length;
  }
  if (own >= OWN_SHARE * all) return [];
  return [{ kind: 'defaults', text: `${all - own} of ${all} verdicts are default ones` }];
}
