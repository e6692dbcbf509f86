import { expect, it, vi } from 'vitest';
import type { ModuleSpec } from '../../../../src/config/types.js';
import { Probation } from '../../../../src/supervisor/module/probation.js';

const before = { name: 'm' } as ModuleSpec;

it('passes when its time is over, unless it has ended before', async () => {
  vi.useFakeTimers();
  const passed = vi.fn();
  const long = new Probation(before, 10_000, passed);
  vi.advanceTimersByTime(9_999);
  expect(passed).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(passed).toHaveBeenCalledOnce();
  long.end({ kind: 'passed' });
  const failed = new Probation(before, 10_000, passed);
  failed.end({ kind: 'went-back', reason: 'it crashed' });
  vi.advanceTimersByTime(60_000);
  vi.useRealTimers();
  expect(passed).toHaveBeenCalledOnce();
  expect([await long.ended, await failed.ended]).toEqual([
    { kind: 'passed' },
    { kind: 'went-back', reason: 'it crashed' },
  ]);
});
