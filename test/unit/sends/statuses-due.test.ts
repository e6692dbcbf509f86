import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Entry } from '../../../src/sends/queue/entry.js';
import { StatusesDue } from '../../../src/sends/statuses-due.js';
import type { SendsSupervisor } from '../../../src/sends/types.js';
import type { Decision } from '../../../src/supervisor/types.js';
import { makeEntry } from '../../helpers/entries.js';

const DAY_MS = 24 * 3_600_000;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Modules that are down or not. */
class Modules implements SendsSupervisor {
  readonly down = new Set<string>();
  readonly heard: string[] = [];
  readonly done: string[] = [];
  tries = 0;
  readonly due = new StatusesDue({
    supervisor: () => this,
    done: ({ sentId }) => this.done.push(sentId),
  });

  submit(): void {
    throw new Error('nothing is to be submitted');
  }

  async onMessageStatus(_: object, status: number, { sentId = '' }: { sentId?: string }): Promise<Decision> {
    this.tries += 1;
    const module = sentId.split('-')[1] ?? '';
    const isDown = this.down.has(module);
    if (!isDown) this.heard.push(`${sentId}: ${status}`);
    const entry = { module, verdict: 'pass', default: isDown ? 'down' : null, micros: 0 } as const;
    return { verdict: 'pass', by: null, trace: [entry] };
  }

  add(module: string, count: number): Entry[] {
    const entries = Array.from({ length: count }, (_, i) => makeEntry({ module, sentId: `1-${module}-${i}` }));
    for (const entry of entries) {
      entry.dueStatus = 0x80;
      this.due.add(entry);
    }
    this.due.work();
    return entries;
  }
}

it('a module that is down for a day has all of them when it is back, in order, and is seldom tried meanwhile', async () => {
  const modules = new Modules();
  modules.down.add('a');
  const ids = modules.add('a', 500).map(({ sentId }) => sentId);
  await vi.advanceTimersByTimeAsync(DAY_MS);
  expect(modules.heard).toEqual([]);
  expect(modules.done).toEqual([]);
  // One each five seconds.
  expect(modules.tries).toBeLessThan(DAY_MS / 5000 + 100);
  modules.down.clear();
  await vi.advanceTimersByTimeAsync(5000);
  expect(modules.heard).toEqual(ids.map((id) => `${id}: 128`));
  expect(modules.done).toEqual(ids);
  modules.due.close();
});

it('a module that is down holds up no other', async () => {
  const modules = new Modules();
  modules.down.add('a');
  modules.add('a', 200);
  await vi.advanceTimersByTimeAsync(0);
  modules.add('b', 200);
  await vi.advanceTimersByTimeAsync(0);
  expect(modules.done).toHaveLength(200);
  expect(modules.done.every((id) => id.startsWith('1-b-'))).toBe(true);
  modules.due.close();
});

it('nothing is tried any more once it is closed', async () => {
  const modules = new Modules();
  modules.down.add('a');
  modules.add('a', 3);
  await vi.advanceTimersByTimeAsync(0);
  modules.due.close();
  const { tries } = modules;
  await vi.advanceTimersByTimeAsync(DAY_MS);
  expect(modules.tries).toBe(tries);
});
