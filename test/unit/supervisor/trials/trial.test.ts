import { describe, expect, it } from 'vitest';
import {
  chooseAbi,
  describeFound,
  describeNone,
  failTry,
  isConclusive,
  NO_TRIAL,
  nextAbi,
  type Offer,
  parseOffer,
  type Trial,
} from '../../../../src/supervisor/trials/trial.js';

const sha256 = 'a1'.repeat(32);
const offer: Offer = { abis: ['table', 'exports-2020', 'exports-2019'], sha256, reason: 'it imports nothing' };
const other: Offer = { ...offer, sha256: 'b2'.repeat(32) };

/** The trial after hosts that all made the same offer and failed. */
function afterFailures(count: number): Trial {
  let trial: Trial = NO_TRIAL;
  for (let i = 0; i < count; i++) trial = failTry(chooseAbi(trial, offer, null), `failure ${i + 1}`, false);
  return trial;
}

describe('a trial', () => {
  it('goes through the candidates in their order', () => {
    expect(chooseAbi(NO_TRIAL, offer, null).abi).toBe('table');
    expect([1, 2].map((count) => nextAbi(afterFailures(count)))).toEqual(['exports-2020', 'exports-2019']);
    expect([1, 2].map((count) => chooseAbi(afterFailures(count), offer, null).abi)).toEqual([
      'exports-2020',
      'exports-2019',
    ]);
    expect(nextAbi(afterFailures(3))).toBeNull();
  });

  it('begins anew for another file', () => {
    const trial = chooseAbi(afterFailures(2), other, null);
    expect(trial).toEqual({ kind: 'trying', offer: other, abi: 'table', failed: [] });
  });

  it('begins anew when no ABI is left to try', () => {
    expect(chooseAbi(afterFailures(3), offer, null)).toMatchObject({ abi: 'table', failed: [] });
  });

  it('uses a remembered ABI at once, also in the middle, and ends with it', () => {
    for (const before of [NO_TRIAL, afterFailures(1)]) {
      const trial = chooseAbi(before, offer, 'exports-2019');
      expect(trial).toEqual({ kind: 'remembered', offer, abi: 'exports-2019' });
      const failed = failTry(trial, 'it refused', false);
      expect(nextAbi(failed)).toBeNull();
      expect(describeNone(failed)).toBeNull();
    }
  });

  it('does not use an ABI that is remembered but not offered', () => {
    const narrower: Offer = { ...offer, abis: ['exports-2020', 'exports-2019'] };
    expect(chooseAbi(NO_TRIAL, narrower, 'table')).toMatchObject({ kind: 'trying', abi: 'exports-2020' });
  });

  it('that never began has nothing next and nothing failed', () => {
    expect(nextAbi(NO_TRIAL)).toBeNull();
    expect(failTry(NO_TRIAL, 'why', false)).toBe(NO_TRIAL);
    expect(describeNone(NO_TRIAL)).toBeNull();
  });
});

describe('the result of a trial', () => {
  it('is certain when every ABI before it was refused or crashed', () => {
    expect(isConclusive(chooseAbi(NO_TRIAL, offer, null))).toBe(true);
    expect(isConclusive(chooseAbi(afterFailures(2), offer, null))).toBe(true);
  });

  it('is not certain when one was only too slow, or when it was known before', () => {
    const slow = failTry(chooseAbi(NO_TRIAL, offer, null), 'its init did not return in time', true);
    expect(isConclusive(chooseAbi(slow, offer, null))).toBe(false);
    expect(isConclusive(chooseAbi(NO_TRIAL, offer, 'exports-2019'))).toBe(false);
    expect(isConclusive(NO_TRIAL)).toBe(false);
  });
});

describe('in words', () => {
  it('the found ABI comes with those that were tried', () => {
    expect(describeFound(chooseAbi(afterFailures(1), offer, null))).toBe(
      'found by a trial of table, exports-2020 (it imports nothing)',
    );
    expect(describeFound(chooseAbi(NO_TRIAL, offer, 'table'))).toBe(
      "found by a trial of table (it imports nothing); remembered by the file's sha256",
    );
  });

  it('a module without an ABI gets each failure and the remedy', () => {
    expect(describeNone(afterFailures(2))).toBeNull();
    expect(describeNone(afterFailures(3))).toBe(
      'it starts with none of the ABIs that it may have been built for (it imports nothing); table: failure 1; ' +
        'exports-2020: failure 2; exports-2019: failure 3; ' +
        'set "abi = ..." to the one that it was built for, and correct what it reports',
    );
  });
});

describe('an offer', () => {
  it('is taken as it is', () => {
    expect(parseOffer(offer)).toEqual(offer);
    expect(parseOffer({ abis: ['exports-2019', 'table'], sha256 })).toEqual({
      abis: ['exports-2019', 'table'],
      sha256,
      reason: '',
    });
  });

  it.each([
    [{}],
    [{ abis: [], sha256 }],
    [{ abis: ['table'], sha256 }],
    [{ abis: ['table', 'table'], sha256 }],
    [{ abis: ['table', 'exports-2020', 'table'], sha256 }],
    [{ abis: ['table', 'exports-2021'], sha256 }],
    [{ abis: ['table', 'exports-2020'] }],
    [{ abis: ['table', 'exports-2020'], sha256: sha256.toUpperCase() }],
    [{ abis: ['table', 'exports-2020'], sha256: `${sha256}00` }],
  ])('is refused when it is impossible (%#)', (candidates) => {
    expect(parseOffer(candidates)).toBeNull();
  });
});
