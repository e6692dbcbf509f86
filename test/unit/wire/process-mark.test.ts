import { expect, it } from 'vitest';
import { markOfHost, markOfRun, runOfMark } from '../../../src/wire/process-mark.js';

const UNLIMITED = 2n ** 64n - 1n;

it('gives the run of a host, and distinguishes hosts', () => {
  const run = 'ffffffffffffffff';
  const mark = markOfHost(run, 'ffffffffffffffffffffffffffffffff');
  expect(mark).toBeLessThan(UNLIMITED);
  expect(runOfMark(mark)).toBe(markOfRun(run));
  expect(markOfHost(run, 'fffffffe00000000')).not.toBe(mark);
  expect(markOfRun('1fffffffffffffff')).not.toBe(markOfRun(run));
});

it('is never found on an unmarked process', () => {
  for (const run of ['0000000000000000', '8000000000000000']) {
    expect(markOfRun(run)).toBeGreaterThan(0n);
    expect(runOfMark(UNLIMITED)).not.toBe(markOfRun(run));
  }
});
