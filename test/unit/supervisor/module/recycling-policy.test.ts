import { describe, expect, it } from 'vitest';
import {
  findDue,
  limitOf,
  mayBeSpent,
  nextAgeMs,
  RETRY_MS,
  retryDelayMs,
} from '../../../../src/supervisor/module/recycling-policy.js';

const OFF = { maxMessages: null, maxAgeMs: null };
const host = (generation: number, messages: number, readyMs = 0) => ({ generation, messages, readyMs });

describe('the limit of a host', () => {
  it('is the setting, or up to a tenth less', () => {
    for (let generation = 1; generation <= 1000; generation += 1) {
      expect(limitOf(1000, generation)).toBeGreaterThan(900);
      expect(limitOf(1000, generation)).toBeLessThanOrEqual(1000);
    }
  });

  it('differs between hosts that started together: of eight, no two are nearer than a twentieth of the range', () => {
    for (let first = 1; first <= 100; first += 1) {
      const limits = Array.from({ length: 8 }, (_, at) => limitOf(1000, first + at)).sort((a, b) => a - b);
      for (const [at, limit] of limits.slice(1).entries()) expect(limit - (limits[at] as number)).toBeGreaterThan(5);
    }
  });

  it('without a setting is never reached', () => {
    expect(limitOf(null, 3)).toBe(Number.POSITIVE_INFINITY);
    expect(mayBeSpent(null, 1e12)).toBe(false);
  });

  it.each([1, 2, 9, 200])('of %i messages is reached at the setting at the latest', (maxMessages) => {
    for (let generation = 1; generation <= 100; generation += 1) {
      const due = (messages: number) => findDue([host(generation, messages)], { ...OFF, maxMessages }, 0) !== null;
      expect(due(maxMessages)).toBe(true);
      expect(due(0)).toBe(false);
      // What is asked first on the way of the messages never says no to a host that is due.
      for (let messages = 0; messages <= maxMessages; messages += 1) {
        if (due(messages)) expect(mayBeSpent(maxMessages, messages)).toBe(true);
      }
    }
  });
});

describe('the host that is due', () => {
  it('is none without a setting, and none below it', () => {
    expect(findDue([host(1, 1e9, -1e9)], OFF, 0)).toBeNull();
    expect(findDue([host(1, 899, 0)], { maxMessages: 1000, maxAgeMs: 1000 }, 899)).toBeNull();
    expect(findDue([], { maxMessages: 1, maxAgeMs: 1 }, 1e9)).toBeNull();
  });

  it('says which setting it has reached, and how far it has come', () => {
    const settings = { maxMessages: 1000, maxAgeMs: 5000 };
    expect(findDue([host(1, 1010)], settings, 0)?.wear).toEqual({
      cause: 'messages',
      messages: 1010,
      maxMessages: 1000,
    });
    expect(findDue([host(1, 3, 2000)], settings, 7000)?.wear).toEqual({ cause: 'age', ageMs: 5000, maxAgeMs: 5000 });
  });

  it('is the oldest of several', () => {
    const hosts = [host(7, 1000), host(5, 1), host(6, 1000)];
    expect(findDue(hosts, { ...OFF, maxMessages: 100 }, 0)?.host.generation).toBe(6);
  });

  it('is never one that is not ready', () => {
    expect(findDue([host(1, 0, Number.POSITIVE_INFINITY)], { ...OFF, maxAgeMs: 1 }, 1e9)).toBeNull();
  });
});

it('the next to come of age is the one that reaches its own limit first', () => {
  const settings = { ...OFF, maxAgeMs: 1000 };
  const hosts = [host(1, 0, 500), host(2, 0, 0)];
  expect(nextAgeMs(hosts, settings)).toBe(limitOf(1000, 2));
  expect(nextAgeMs([], settings)).toBeNull();
  expect(nextAgeMs(hosts, OFF)).toBeNull();
});

it('waits longer after each successor that could not start, and never longer than the last', () => {
  expect([1, 2, 3].map(retryDelayMs)).toEqual([1000, 2000, 4000]);
  expect(retryDelayMs(2000)).toBe(RETRY_MS.last);
});
