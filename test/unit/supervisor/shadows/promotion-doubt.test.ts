import { expect, test } from 'vitest';
import { findPromotionDoubt } from '../../../../src/supervisor/shadows/promotion-doubt.js';
import { ShadowTally } from '../../../../src/supervisor/shadows/shadow-tally.js';

function doubtOf(agreed: number, crash: number, down = 0): string | null {
  const tally = new ShadowTally();
  tally.totals.agreed = agreed;
  tally.totals.defaulted.crash = crash;
  tally.totals.skipped.down = down;
  return findPromotionDoubt(tally.report('filter2', 'filter', 0));
}

test('a shadow that gave no verdict on more than one message of a hundred is doubtful', () => {
  expect(doubtOf(120, 1479)).toMatch(
    /^filter2 gave no verdict on 1479 of 1599 messages since 2\d{3}-.*Z; in the chain/,
  );
  expect(doubtOf(90, 1, 9)).toContain('on 10 of 100 messages');
  expect([doubtOf(99, 1), doubtOf(0, 0)]).toEqual([null, null]);
});
