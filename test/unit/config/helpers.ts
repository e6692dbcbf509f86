import { parseConfig } from '../../../src/config/load.js';
import type { CoreConfig } from '../../../src/config/types.js';
import { ConfigError } from '../../../src/errors.js';

/** Runs `act` and returns the ConfigError that it must throw; anything else fails the test. */
export function catchConfigError(act: () => unknown): ConfigError {
  try {
    act();
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error('expected a ConfigError, but nothing was thrown');
}

/** Parses as /etc/m.conf, with no module file anywhere. */
export function parse(text: string): CoreConfig {
  return parseConfig(text, '/etc/m.conf', () => false);
}

/** A generator of numbers from 0 to below 1 that gives the same ones for the same seed (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
