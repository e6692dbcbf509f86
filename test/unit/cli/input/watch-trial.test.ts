import { expect, it } from 'vitest';
import { PATIENCE_MS, QUIET_MS, watchesOn } from '../../../../cli/input/watch-trial.js';

it('a module is watched until it has been quiet for a while', () => {
  expect(watchesOn(0, 0, null)).toBe(true);
  expect(watchesOn(QUIET_MS, QUIET_MS, null)).toBe(false);
});

it('a module with an open request is watched on, up to a limit', () => {
  expect(watchesOn(PATIENCE_MS - 1, 0, null)).toBe(true);
  expect(watchesOn(PATIENCE_MS, 0, null)).toBe(false);
});

it('a module is watched for exactly the time that was asked for', () => {
  expect(watchesOn(2 * PATIENCE_MS - 1, 2 * PATIENCE_MS - 1, 2 * PATIENCE_MS)).toBe(true);
  expect(watchesOn(300, 0, 300)).toBe(false);
  expect(watchesOn(0, 0, 0)).toBe(false);
});
