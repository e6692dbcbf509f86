import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fullness } from '../../../src/sends/queue/fullness.js';

/** Adds messages of a module until it is full. @returns how many it got in */
function fill(fullness: Fullness, module: string, bytes = 1): number {
  for (let count = 1; ; count++) if (fullness.add(module, bytes)) return count;
}

describe('the room for messages of modules', () => {
  it('leaves a fifth of it to others when one module fills it', () => {
    const fullness = new Fullness({ messages: 1000, bytes: 1e9 });
    expect(fill(fullness, 'a')).toBe(800);
    expect(fullness.isFull('a')).toBe(true);
    expect(fullness.isFull('b')).toBe(false);
    expect(fill(fullness, 'b')).toBe(160);
    expect(fullness.messages).toBeLessThan(1000);
  });

  it('is bounded by bytes in the same way', () => {
    const fullness = new Fullness({ messages: 1e9, bytes: 1_000_000 });
    expect(fill(fullness, 'a', 1000)).toBe(800);
  });

  it('opens again only when clearly fewer messages wait', () => {
    const fullness = new Fullness({ messages: 1000, bytes: 1e9 });
    fill(fullness, 'a');
    let removed = 0;
    while (fullness.isFull('a')) {
      fullness.remove('a', 1);
      removed += 1;
      fullness.review();
    }
    // Half of all is free.
    expect(removed).toBe(301);
  });

  it('says when a module is full because of other modules, or because of smaller limits', () => {
    const fullness = new Fullness({ messages: 1000, bytes: 1e9 });
    for (let i = 0; i < 300; i++) fullness.add('a', 1);
    expect(fullness.review()).toEqual([]);
    fullness.limitTo({ messages: 330, bytes: 1e9 });
    expect(fullness.review()).toEqual(['a']);
    fullness.limitTo({ messages: 1000, bytes: 1e9 });
    expect(fullness.review()).toEqual(['a']);
    expect(fullness.isFull('a')).toBe(false);
  });

  it('takes one message of a module in any case, and one with more bytes than there may be', () => {
    const fullness = new Fullness({ messages: 1, bytes: 10 });
    expect(fullness.isFull('a')).toBe(false);
    expect(fullness.add('a', 100)).toBe(true);
    fullness.remove('a', 100);
    expect(fullness.review()).toEqual(['a']);
    expect(fullness.isFull('a')).toBe(false);
  });

  it('holds no more than the limit and one message of each module, whatever they do', () => {
    const step = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.boolean(), fc.integer({ min: 0, max: 50 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400 }), (steps) => {
        const fullness = new Fullness({ messages: 60, bytes: 1000 });
        const held = new Map<string, number[]>();
        for (const [module, isAdd, bytes] of steps) {
          const own = held.get(module) ?? [];
          held.set(module, own);
          if (isAdd && !fullness.isFull(module)) {
            own.push(bytes);
            fullness.add(module, bytes);
          } else if (!isAdd && own.length > 0) {
            fullness.remove(module, own.pop() as number);
          }
          fullness.review();
          const sizes = [...held.values()].flat();
          expect(fullness.messages).toBe(sizes.length);
          expect(fullness.bytes).toBe(sizes.reduce((sum, size) => sum + size, 0));
          expect(fullness.messages).toBeLessThanOrEqual(60 + 4);
          expect(fullness.bytes).toBeLessThanOrEqual(1000 + 4 * 50);
        }
      }),
    );
  });
});
