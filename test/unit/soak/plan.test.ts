import { describe, expect, it } from 'vitest';
import { makeMessage, ORDER, ordersOf, SLOTS } from '../../../bench/soak/message.js';
import { KILL_KINDS, planKills } from '../../../bench/soak/plan.js';

describe('planKills', () => {
  it('is the same for the same seed, and another for another', () => {
    expect(planKills(5, 1000, 20)).toEqual(planKills(5, 1000, 20));
    expect(planKills(5, 1000, 20)).not.toEqual(planKills(6, 1000, 20));
  });

  it('has every kind as often, in an order of chance, for every module', () => {
    const plan = planKills(1, 100_000, 200);
    for (const kind of KILL_KINDS) expect(plan.filter((kill) => kill.kind === kind)).toHaveLength(50);
    expect(plan.slice(0, 4).map(({ kind }) => kind)).not.toEqual(KILL_KINDS);
    expect(new Set(plan.map(({ slot }) => slot)).size).toBe(SLOTS);
  });

  it('spreads them over the first 95% of the messages', () => {
    const numbers = planKills(1, 100_000, 200).map(({ number }) => number);
    expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
    expect(new Set(numbers).size).toBe(200);
    expect(numbers[0]).toBeGreaterThanOrEqual(1);
    expect(numbers[0]).toBeLessThan(1000);
    expect(numbers.at(-1)).toBeGreaterThan(94_000);
    expect(numbers.at(-1)).toBeLessThanOrEqual(95_000);
  });

  it('plans none, and more than there are messages', () => {
    expect(planKills(1, 1000, 0)).toEqual([]);
    expect(planKills(1, 4, 8).every(({ number }) => number >= 1 && number <= 4)).toBe(true);
  });
});

describe('makeMessage', () => {
  it('is the same for the same seed and number', () => {
    expect(makeMessage(1, 9, null)).toEqual(makeMessage(1, 9, null));
    expect(makeMessage(1, 9, null).payload).not.toEqual(makeMessage(1, 10, null).payload);
  });

  it('hangs where it is told to, and nothing before consumes it', () => {
    for (let number = 1; number <= 500; number++) {
      const message = makeMessage(1, number, 2);
      expect(ordersOf(message, 2)).toBe(ORDER.hang);
      expect((ordersOf(message, 0) | ordersOf(message, 1)) & (ORDER.consume | ORDER.hang)).toBe(0);
    }
  });

  it('orders each module to consume and to send now and then', () => {
    const all = Array.from({ length: 2000 }, (_, number) => makeMessage(1, number, null));
    for (let slot = 0; slot < SLOTS; slot++) {
      const share = (order: number) => all.filter((message) => ordersOf(message, slot) & order).length / all.length;
      expect(share(ORDER.consume)).toBeCloseTo(0.05, 1);
      expect(share(ORDER.send)).toBeCloseTo(0.15, 1);
      expect(share(ORDER.consume)).toBeGreaterThan(0);
    }
  });
});
