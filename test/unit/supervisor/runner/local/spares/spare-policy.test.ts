import { describe, expect, it } from 'vitest';
import {
  CALM_MS,
  PATIENCE_MS,
  RETRY_MS,
  type Shelf,
  type Stir,
  stepShelf,
  UNUSED_MS,
} from '../../../../../../src/supervisor/runner/local/spares/spare-policy.js';

const NOW_MS = 1_000_000;
const step = (shelf: Partial<Shelf> = {}, stir: Partial<Stir> = {}) =>
  stepShelf(
    { users: 1, unusedSinceMs: null, spares: 0, failures: 0, failedMs: 0, ...shelf },
    { nowMs: NOW_MS, count: 1, stirredMs: NOW_MS - CALM_MS, starting: 0, isFilling: false, ...stir },
  );
const wait = (untilMs: number | null) => ({ kind: 'wait', untilMs });

describe('a spare', () => {
  it('is started when one is wanted and no start has begun for a while', () => {
    expect(step()).toEqual({ kind: 'fill' });
    expect(step({}, { stirredMs: NOW_MS - 1 })).toEqual(wait(NOW_MS - 1 + CALM_MS));
  });

  it.each([
    ['there are enough', { spares: 1 }, {}],
    ['none are wanted', {}, { count: 0 }],
    ['another one is being started', {}, { isFilling: true }],
    ['no module was ever ready', { users: 0 }, {}],
  ])('is not started where %s', (_, shelf, stir) => {
    expect(step(shelf, stir)).toEqual(wait(null));
  });

  it('is one of several where several are wanted', () => {
    expect(step({ spares: 2 }, { count: 3 })).toEqual({ kind: 'fill' });
  });

  it('lets starts of modules go first, unless those take longer than usual', () => {
    expect(step({}, { starting: 1 })).toEqual(wait(NOW_MS - CALM_MS + PATIENCE_MS));
    expect(step({}, { starting: 1, stirredMs: NOW_MS - PATIENCE_MS })).toEqual({ kind: 'fill' });
  });

  it('that ended by itself is replaced after longer and longer waits', () => {
    const delays = [1, 2, 3, 7, 100].map((failures) => step({ failures, failedMs: NOW_MS }));
    expect(delays).toEqual(
      [RETRY_MS.first, 2 * RETRY_MS.first, 4 * RETRY_MS.first, RETRY_MS.last, RETRY_MS.last].map((ms) =>
        wait(NOW_MS + ms),
      ),
    );
    expect(step({ failures: 1, failedMs: NOW_MS - RETRY_MS.first })).toEqual({ kind: 'fill' });
  });

  it('of a profile that no module has any more stays for a while, and is not replaced', () => {
    const unused = (agoMs: number) => step({ users: 0, unusedSinceMs: NOW_MS - agoMs, spares: 1 });
    expect(unused(1)).toEqual(wait(NOW_MS - 1 + UNUSED_MS));
    expect(unused(UNUSED_MS)).toEqual({ kind: 'clear' });
    expect(step({ users: 0, unusedSinceMs: NOW_MS })).toEqual(wait(NOW_MS + UNUSED_MS));
  });
});
