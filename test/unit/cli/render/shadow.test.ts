import { expect, it } from 'vitest';
import { renderShadow } from '../../../../cli/render/shadow.js';
import { ShadowTally } from '../../../../src/supervisor/shadows/shadow-tally.js';

const view = { nowMs: Date.now(), width: 120 } as Parameters<typeof renderShadow>[1];

it('says in words why a shadow gave no verdict', () => {
  const tally = new ShadowTally();
  Object.assign(tally.totals.defaulted, { crash: 9, deadline: 3 });
  Object.assign(tally.totals.skipped, { overload: 4, down: 1 });
  const shown = renderShadow(tally.report('filter2', 'filter', 0), view);
  expect(shown).toMatch(/no verdict +12 \(9 by a crash, 3 after its deadline\)/);
  expect(shown).toMatch(/skipped +5 \(4 as too many waited, 1 while it was down\)/);
});
