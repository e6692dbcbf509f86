import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { findOomCounter, readOomKills, readTracer } from '../../../src/supervisor/proc.js';

it('sees no tracer where there is none, nor of a process that is gone', async () => {
  expect(readTracer(process.pid)).toBeNull();
  const child = spawn('true');
  await once(child, 'exit');
  expect(readTracer(child.pid as number)).toBeNull();
});

it('counts the kills for want of memory, of a control group or of the machine, where the kernel does', () => {
  const file = findOomCounter(process.pid);
  expect(file).toMatch(/^\/sys\/fs\/cgroup\/.*memory\.(events|oom_control)$|^\/proc\/vmstat$/);
  const kernelCounts = /^oom_kill /m.test(readFileSync(file, 'utf8'));
  expect(readOomKills(file)).toEqual(kernelCounts ? expect.any(Number) : null);
});

it('looks at the whole machine for a process that is gone, and counts nothing in a file that is not there', () => {
  expect(findOomCounter(2 ** 22 + 1)).toBe('/proc/vmstat');
  expect(readOomKills('/nonexistent')).toBeNull();
});
