/** All that a soak promises, held against what was seen: pure. */

import { checkAnswers } from './check-answers.js';
import { checkSends } from './check-sends.js';
import type { Evidence, Violation } from './evidence.js';

/** The least share of verdicts that are the modules' own. */
const OWN_SHARE = 0.99;

/** Every promise that was broken; none, if the run was good. */
export function check(evidence: Evidence): Violation[] {
  return [...checkAnswers(evidence), ...checkSends(evidence), ...checkShare(evidence)];
}

function checkShare({ answers }: Evidence): Violation[] {
  let own = 0;
  let all = 0;
  for (const { outcome } of answers) {
    all += outcome.trace.length;
    own += outcome.trace.filter((entry) => entry.default === null).length;
  }
  if (own >= OWN_SHARE * all) return [];
  return [{ kind: 'defaults', text: `${all - own} of ${all} verdicts are default ones` }];
}
