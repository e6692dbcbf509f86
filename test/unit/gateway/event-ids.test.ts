import fc from 'fast-check';
import { expect, it } from 'vitest';
import { EventIds } from '../../../src/gateway/event-ids.js';

/** Few enough that they meet again, and with both halves in use. */
const id = fc.tuple(fc.nat({ max: 40 }), fc.nat({ max: 3 })).map(([low, high]) => BigInt(low) + (BigInt(high) << 62n));
const step = fc.tuple(fc.constantFrom('add' as const, 'delete' as const), id);

it('it behaves like a set of bigints, whatever is added and deleted', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
      const [ids, set] = [new EventIds(), new Set<bigint>()];
      for (const [what, which] of steps) {
        if (what === 'add') {
          expect(ids.add(which)).toBe(!set.has(which));
          set.add(which);
        } else {
          ids.delete(which);
          set.delete(which);
        }
        expect(ids.size).toBe(set.size);
      }
      for (const [, which] of steps) expect(ids.has(which)).toBe(set.has(which));
    }),
    { numRuns: 300 },
  );
});

it('it grows, and ids of any kind are told apart', () => {
  const ids = new EventIds();
  const some = Array.from({ length: 2000 }, (_, i) => [BigInt(i), 2n ** 64n - 1n - BigInt(i), BigInt(i) << 32n]).flat();
  for (const one of some) ids.add(one);
  expect(ids.size).toBe(new Set(some).size);
  for (const one of some) ids.delete(one);
  expect(ids.size).toBe(0);
  expect(some.some((one) => ids.has(one))).toBe(false);
});
