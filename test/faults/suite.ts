/** Plays rows of the table, some at the same time, and asserts that a file's cores leave nothing behind. */

import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { faulty, play, Scene } from './scene.js';
import type { FaultRow } from './table.js';

/** Declares one test for each row, and one for what is left when they are over. */
export function playAll(title: string, rows: FaultRow[]): void {
  let before: string[] = [];

  // The first core opens things that stay open for good, such as those of the threads of ZeroMQ.
  beforeAll(async () => {
    const scene = await Scene.start(faulty('segv', 'message'));
    await scene.send(['p', 'f', 'p']);
    await scene.close();
    before = await settledDescriptors();
  });

  describe.concurrent(title, () => {
    it.each(rows.map((row) => [`${row.title} (${row.fault}, at ${row.at})`, row] as const))('%s', async (_, row) => {
      await play(row);
    });
  });

  // The pipes of a host close a turn after its exit.
  it('leaves nothing behind', async () => {
    await expect.poll(descriptors, { timeout: 10_000 }).toEqual(before);
    await expect.poll(children, { timeout: 10_000 }).toEqual([]);
  });
}

/** What this process has open once ZeroMQ has closed its sockets, which it does in its own time. */
async function settledDescriptors(): Promise<string[]> {
  let last: string[] = [];
  await vi.waitUntil(
    () => {
      const now = descriptors();
      const rests = now.join() === last.join();
      last = now;
      return rests;
    },
    { timeout: 10_000, interval: 250 },
  );
  return last;
}

/** What this process has open, by kind, without the numbers. */
function descriptors(): string[] {
  return readdirSync('/proc/self/fd')
    .flatMap((fd) => {
      try {
        return [readlinkSync(`/proc/self/fd/${fd}`).replace(/\d+/g, 'N')];
      } catch {
        return []; // the directory itself
      }
    })
    .sort();
}

/** The processes that this one has started and that are not gone, zombies included. */
function children(): string[] {
  return readdirSync('/proc/self/task').flatMap((task) =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  );
}
