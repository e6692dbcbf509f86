import { closeSync, openSync } from 'node:fs';
import { expect, it } from 'vitest';
import { findDescriptorProblem, readDescriptorUse } from '../../src/descriptors.js';

it.each<[inUse: number, limit: number, problem: RegExp | null]>([
  [30, 1024, null],
  [1000, 1024, null],
  [1001, 1024, /^this process is out of file descriptors \(1001 of 1024 in use, .*\): raise LimitNOFILE or ulimit -n/],
  [128, 128, /\(128 of 128 in use/],
  // The limit was lowered since.
  [60, 40, /\(60 of 40 in use/],
  [5000, Number.POSITIVE_INFINITY, null],
])('%i descriptors of %d: %s', (inUse, limit, problem) => {
  const found = findDescriptorProblem({ inUse, limit });
  if (problem === null) expect(found).toBeNull();
  else expect(found).toMatch(problem);
});

it('this process is seen to take descriptors and to give them back', () => {
  const before = readDescriptorUse();
  const taken = Array.from({ length: 50 }, () => openSync('/dev/null', 'r'));
  const during = readDescriptorUse();
  for (const fd of taken) closeSync(fd);
  expect(before.limit).toBeGreaterThan(before.inUse);
  expect(during.limit).toBe(before.limit);
  // Others of this process may take and give some meanwhile.
  expect(during.inUse - before.inUse).toBeGreaterThan(40);
  expect(during.inUse - readDescriptorUse().inUse).toBeGreaterThan(40);
});
