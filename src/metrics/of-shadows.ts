/** The metrics of shadows: pure. */

import type { ModuleFigures } from '../supervisor/types.js';
import { manyOfModules, ofModules } from './samples.js';
import type { Labels, MetricDefinition } from './types.js';

type Shadow = NonNullable<ModuleFigures['shadow']>;
type Counted = Shadow['totals'];

/** What came of a message, and where that is counted. */
const RESULTS: readonly (readonly [result: string, read: (totals: Counted) => number])[] = [
  ['agreed', ({ agreed }) => agreed],
  ['verdict', ({ otherVerdict }) => otherVerdict],
  ['changes', ({ otherChanges }) => otherChanges],
  ['no_verdict', ({ defaulted }) => defaulted.crash + defaulted.hang + defaulted.deadline + defaulted.quarantine],
  ['skipped', ({ skipped }) => skipped.overload + skipped.down],
  ['no_primary_verdict', ({ primaryDefaulted }) => primaryDefaulted],
];

/** The same objects each time, by the module that is shadowed. There are few such modules. */
const kept = new Map<string, Labels[]>();
const MOST_KEPT = 1_000;

function labelsOf(of: string): Labels[] {
  const known = kept.get(of);
  if (known) return known;
  if (kept.size >= MOST_KEPT) kept.clear();
  const labels = RESULTS.map(([result]) => ({ shadow_of: of, result }));
  kept.set(of, labels);
  return labels;
}

export const SHADOW_METRICS: readonly MetricDefinition[] = [
  manyOfModules(
    'counter',
    {
      name: 'shadow_messages_total',
      help: 'Messages that the module that is shadowed was offered. result: agreed; verdict or changes: both gave a verdict and differ in that; no_verdict: the shadow gave none; skipped: the shadow was not offered it; no_primary_verdict: the other module gave none',
      labels: ['shadow_of', 'result'],
    },
    ({ shadow }) =>
      shadow === null
        ? []
        : labelsOf(shadow.of).map((labels, i) => [labels, RESULTS[i]?.[1](shadow.totals) ?? 0] as const),
  ),
  ofModules(
    'counter',
    { name: 'shadow_sends_total', help: 'Messages that a shadow sent, which went nowhere' },
    ({ shadow }) => shadow?.totals.sends ?? null,
  ),
  ofModules(
    'counter',
    { name: 'shadow_refused_http_total', help: 'Http requests of a shadow that were refused' },
    ({ shadow }) => shadow?.totals.refusedHttp ?? null,
  ),
];
