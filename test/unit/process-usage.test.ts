import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { expect, it } from 'vitest';
import { parseUnits, parseUsage, readUsage } from '../../src/process-usage.js';

const UNITS = { pageBytes: 4096, ticksPerSecond: 100 };

it('a name may have spaces and parentheses in it', () => {
  const fields = Array.from({ length: 50 }, (_, i) => String(i + 3));
  for (const name of ['node', 'a b', '(x) 1 2', ')', 'a)\n(b']) {
    const text = `77 (${name}) ${fields.join(' ')}\n`;
    expect(parseUsage(text, UNITS)).toEqual({ memoryBytes: 24 * 4096, cpuSeconds: (14 + 15) / 100, start: '22' });
  }
});

it('another text gives no process', () => {
  for (const text of ['', '77 (node) R 1 2 3', 'nonsense']) expect(parseUsage(text, UNITS)).toBeNull();
});

it('units are as the kernel says, or the usual ones', () => {
  const auxv = (pairs: [bigint, bigint][]) => {
    const words = new BigUint64Array(pairs.flat());
    return Buffer.from(words.buffer);
  };
  expect(
    parseUnits(
      auxv([
        [3n, 5n],
        [6n, 65_536n],
        [17n, 250n],
        [0n, 0n],
      ]),
    ),
  ).toEqual({ pageBytes: 65_536, ticksPerSecond: 250 });
  expect(parseUnits(Buffer.alloc(7))).toEqual(UNITS);
  const real = spawnSync('getconf', ['PAGESIZE'], { encoding: 'utf8' });
  if (real.error === undefined)
    expect(parseUnits(auxv([[6n, BigInt(real.stdout.trim())]])).pageBytes).toBe(Number(real.stdout));
});

it('this process has the usage that Node reports', () => {
  const before = process.cpuUsage();
  const usage = readUsage(process.pid);
  const after = process.cpuUsage();
  const seconds = ({ user, system }: NodeJS.CpuUsage) => (user + system) / 1e6;
  // The kernel counts in hundredths of a second.
  expect(usage?.cpuSeconds).toBeGreaterThanOrEqual(seconds(before) - 0.03);
  expect(usage?.cpuSeconds).toBeLessThanOrEqual(seconds(after) + 0.03);
  const rss = process.memoryUsage.rss();
  expect(usage?.memoryBytes).toBeGreaterThan(rss / 2);
  expect(usage?.memoryBytes).toBeLessThan(rss * 2);
});

it('a process that is gone uses nothing', async () => {
  const child = spawn('sleep', ['1000'], { stdio: 'ignore' });
  await once(child, 'spawn');
  const pid = child.pid as number;
  expect(readUsage(pid)).toMatchObject({ start: expect.stringMatching(/^\d+$/) });
  child.kill('SIGKILL');
  await once(child, 'exit');
  expect(readUsage(pid)).toBeNull();
});
