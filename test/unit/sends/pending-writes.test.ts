import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PendingWrites } from '../../../src/sends/store/pending-writes.js';
import { makeEntry } from '../../helpers/entries.js';

const LIMITS = { writes: 100, bytes: 1_000_000 };

/** Whether a promise has resolved. */
async function isSettled(promise: Promise<unknown> | null): Promise<boolean> {
  return promise === null || (await Promise.race([promise.then(() => true), Promise.resolve().then(() => false)]));
}

describe('a batch of writes', () => {
  it('takes everything that is to be written, and later entries go into the next one', async () => {
    const writes = new PendingWrites(LIMITS);
    const [a, b, c] = [makeEntry(), makeEntry(), makeEntry()];
    expect(writes.settled()).toBeNull();
    writes.put(a);
    writes.put(b);
    const first = writes.settled();
    expect(writes.next().map(({ wanted }) => wanted)).toEqual([a, b]);
    writes.put(c);
    const second = writes.settled();
    expect(second).not.toBe(first);
    expect(writes.settled()).toBe(second);
    writes.written();
    expect([await isSettled(first), await isSettled(second)]).toEqual([true, false]);
    expect(writes.next().map(({ wanted }) => wanted)).toEqual([c]);
    writes.written();
    expect(await isSettled(second)).toBe(true);
    expect(writes.settled()).toBeNull();
  });

  it('leaves out an entry that comes and goes before it begins, and whoever waits for that goes on', async () => {
    const writes = new PendingWrites(LIMITS);
    const entry = makeEntry();
    writes.put(entry);
    const settled = writes.settled();
    writes.remove(entry.key);
    expect(writes.isEmpty).toBe(true);
    expect(await isSettled(settled)).toBe(true);
    expect(writes.settled()).toBeNull();
  });

  it('has the removal of an entry that the one before it writes', () => {
    const writes = new PendingWrites(LIMITS);
    const entry = makeEntry();
    writes.put(entry);
    writes.next();
    writes.remove(entry.key);
    writes.written();
    expect(writes.next()).toEqual([{ key: entry.key, wanted: null }]);
    writes.written();
    writes.remove(entry.key);
    expect(writes.isEmpty).toBe(true);
  });

  it('repeats the one before it after a failure, except where something is newer', () => {
    const writes = new PendingWrites(LIMITS);
    const [a, b, c] = [makeEntry(), makeEntry(), makeEntry()];
    writes.put(a);
    writes.put(b);
    writes.next();
    writes.remove(a.key);
    writes.put(c);
    writes.failed();
    expect(writes.puts).toBe(2);
    expect(writes.next()).toEqual([
      { key: b.key, wanted: b },
      { key: a.key, wanted: null },
      { key: c.key, wanted: c },
    ]);
  });

  it('has a limit: many writes go in several', async () => {
    const writes = new PendingWrites({ writes: 2, bytes: 1000 });
    for (const payload of ['', '', 'x'.repeat(1000), 'x']) writes.put(makeEntry({ payload }));
    const settled = writes.settled();
    const sizes: number[] = [];
    while (!writes.isEmpty) {
      expect(await isSettled(settled)).toBe(false);
      sizes.push(writes.next().length);
      writes.written();
    }
    expect(sizes).toEqual([2, 1, 1]);
    expect(await isSettled(settled)).toBe(true);
  });

  it('leaves the store equal to the memory, and reports writes as done only once they are', async () => {
    const step = fc.oneof(
      fc.record({ kind: fc.constantFrom('put', 'remove'), at: fc.nat(7) }),
      fc.constantFrom(
        { kind: 'begin', at: 0 },
        { kind: 'written', at: 0 },
        { kind: 'failed', at: 0 },
        { kind: 'wait', at: 0 },
      ),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const writes = new PendingWrites({ writes: 3, bytes: 1e9 });
        const entries = Array.from({ length: 8 }, () => makeEntry());
        const memory = new Set<number>();
        const disk = new Set<number>();
        let batch: readonly { key: number; wanted: unknown }[] | null = null;
        let waits: { keys: Set<number>; told: boolean }[] = [];
        const apply = () => {
          for (const { key, wanted } of batch ?? []) wanted ? disk.add(key) : disk.delete(key);
        };
        for (const { kind, at } of steps) {
          const entry = entries[at] as (typeof entries)[number];
          if (kind === 'put') {
            writes.put(entry);
            memory.add(entry.key);
          } else if (kind === 'remove') {
            writes.remove(entry.key);
            memory.delete(entry.key);
            // An entry that somebody waits for is written, even when it is put again later.
            for (const wait of waits) wait.keys.delete(entry.key);
          } else if (kind === 'wait') {
            const wait = { keys: new Set(memory), told: false };
            const settled = writes.settled();
            if (settled === null) for (const key of wait.keys) expect(disk).toContain(key);
            else {
              void settled.then(() => {
                wait.told = true;
              });
              waits.push(wait);
            }
          } else if (kind === 'begin' && batch === null && !writes.isEmpty) {
            batch = writes.next();
          } else if (kind === 'written' && batch !== null) {
            apply();
            writes.written();
            batch = null;
          } else if (kind === 'failed' && batch !== null) {
            writes.failed();
            batch = null;
            // They were given up.
            waits = [];
          }
          await Promise.resolve();
          for (const { keys, told } of waits) {
            if (told) for (const key of keys) expect(disk).toContain(key);
          }
        }
        if (batch !== null) {
          apply();
          writes.written();
        }
        while (!writes.isEmpty) {
          batch = writes.next();
          apply();
          writes.written();
        }
        expect(disk).toEqual(memory);
        expect(writes.puts).toBe(0);
        expect(writes.settled()).toBeNull();
      }),
    );
  });
});
