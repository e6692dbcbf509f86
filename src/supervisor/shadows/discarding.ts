/** Keeps nothing of what a shadow sends: it is safe as it is. */

import type { SendKeeper } from '../types.js';

export const DISCARDING: SendKeeper = {
  keep: () => undefined,
  settled: () => null,
  isSafe: async () => true,
  isFull: () => false,
  onFull: () => undefined,
};
