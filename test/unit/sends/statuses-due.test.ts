import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Entry } from '../../../src/sends/queue/entry.js';
import { StatusesDue } from '../../../src/sends/statuses-due.js';
import type { SendsSupervisor } from '../../../src/sends/types.js';
import { makeEntry } from '../../helpers/entries.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

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
  underway = 0;
  /** How long it takes to tell one, where that is not a moment. */
  readonly slow = new Map<string, number>();
  /** Told instead of done. */
  onDone: (entry: Entry) => void = ({ sentId }) => this.done.push(sentId);
  /** Whether a module that is not down gets this one in time. */
  isGiven: (sentId: string) => boolean = () => true;
  readonly due = new StatusesDue<Entry>({
    supervisor: () => this,
    done: (entry) => this.onDone(entry),
  });

  submit(): void {
    throw new Error('nothing is to be submitted');
  }

  async tellSender(_: object, status: number, { sentId = '' }: { sentId?: string }): Promise<boolean> {
    this.tries += 1;
    const module = sentId.split('-')[1] ?? '';
    const ms = this.slow.get(module);
    if (ms !== undefined) await new Promise((resolve) => setTimeout(resolve, ms));
    const isGiven = !this.down.has(module) && this.isGiven(sentId);
    if (isGiven) this.heard.push(`${sentId}: ${status}`);
    return isGiven;
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

it('a module that was down for a day gets all statuses in order when it is back, and is seldom tried meanwhile', async () => {
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

it('a module that has no time for some of them gets each once, in order', async () => {
  const modules = new Modules();
  // Of those that it has at a time it begins one, and the others are too late.
  modules.isGiven = (sentId) => sentId === `1-a-${modules.done.length}`;
  const ids = modules.add('a', 50).map(({ sentId }) => sentId);
  await vi.advanceTimersByTimeAsync(120_000);
  expect(modules.heard).toEqual(ids.map((id) => `${id}: 128`));
  expect(modules.done).toEqual(ids);
  modules.due.close();
});

it('a module that is slow holds up no other, and has few at a time', async () => {
  const modules = new Modules();
  modules.slow.set('a', 1000);
  modules.add('a', 200);
  await vi.advanceTimersByTimeAsync(0);
  expect(modules.tries).toBeLessThanOrEqual(4);
  modules.add('b', 200);
  await vi.advanceTimersByTimeAsync(0);
  expect(modules.done.filter((id) => id.startsWith('1-b-'))).toHaveLength(200);
  modules.due.close();
});

it('statuses that were given leave the memory, even while others wait all the time', async () => {
  const modules = new Modules();
  let [added, done, alive] = [0, 0, 0];
  const registry = new FinalizationRegistry(() => {
    alive -= 1;
  });
  const add = () => {
    const entry = makeEntry({ module: 'a', sentId: `1-a-${added++}` });
    entry.dueStatus = 0x80;
    registry.register(entry, null);
    alive += 1;
    modules.due.add(entry);
  };
  modules.onDone = () => {
    done += 1;
    modules.heard.length = 0;
    if (added < 20_000) add();
  };
  for (let i = 0; i < 500; i++) add();
  vi.useRealTimers();
  modules.due.work();
  while (done < 19_000) await new Promise((resolve) => setImmediate(resolve));
  // The collector tells in turns of its own.
  for (let i = 0; i < 100 && alive > 5000; i++) {
    collectGarbage();
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(alive).toBeLessThanOrEqual(5000);
  modules.due.close();
});
