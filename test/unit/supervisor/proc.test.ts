import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readOomKills, readTracer } from '../../../src/supervisor/proc.js';

it('sees no tracer where there is none, nor of a process that is gone', async () => {
  expect(readTracer(process.pid)).toBeNull();
  const child = spawn('true');
  await once(child, 'exit');
  expect(readTracer(child.pid as number)).toBeNull();
});

it('counts the kills for want of memory, where the kernel does', () => {
  const kernelCounts = /^oom_kill /m.test(readFileSync('/proc/vmstat', 'utf8'));
  expect(readOomKills()).toEqual(kernelCounts ? expect.any(Number) : null);
});
