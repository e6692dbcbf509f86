/**
 * What a message makes the core allocate, in bytes: it is what collections cost later, and it is the same on every
 * machine, as times are not. Lower a bound when the hot path becomes leaner; raise it only for a good reason.
 */

import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const PROGRAM = fileURLToPath(new URL('count-bytes.mjs', import.meta.url));
/** Room for all that a run allocates, in MiB: only then nothing is collected. */
const ROOM = 256;

/** Measured in November 2026: up to 4,400 and 2,360; and some more. */
const BOUNDS = [
  { window: 1, messages: 2000, bytes: 5_300 },
  { window: 64, messages: 8000, bytes: 2_700 },
];

/** @param waste - bytes that the caller allocates for each message besides */
async function countBytes(window: number, messages: number, waste = 0, match: object | null = null): Promise<number> {
  const flags = ['--expose-gc', `--min-semi-space-size=${ROOM}`, `--max-semi-space-size=${ROOM}`];
  const args = [...flags, PROGRAM, window, messages, waste, JSON.stringify(match)].map(String);
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return Number(stdout);
}

it.each(BOUNDS)('a message allocates at most $bytes bytes, $window in flight', async ({ window, messages, bytes }) => {
  const measured = await countBytes(window, messages);
  expect(measured).toBeGreaterThan(0);
  expect(measured).toBeLessThan(bytes);
});

it('counts other allocations, too', async () => {
  const waste = 2000;
  const added = (await countBytes(64, 3000, waste)) - (await countBytes(64, 3000));
  expect(added).toBeGreaterThan(waste * 0.75);
  expect(added).toBeLessThan(waste * 1.25);
});

it('a filter allocates next to nothing for a message', async () => {
  const match = {
    events: ['message'],
    from: ['alice*', '!bot-*', '!*@spam.example'],
    to: ['*@example.com'],
    group: ['0'],
    flags: ['!0x8'],
    text: ['!*[Hh]elp*', '!*refund*'],
  };
  const added = (await countBytes(64, 8000, 0, match)) - (await countBytes(64, 8000));
  // Some 40, and what two runs differ by.
  expect(added).toBeLessThan(100);
});
