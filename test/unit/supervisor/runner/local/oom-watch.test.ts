import { beforeEach, describe, expect, it } from 'vitest';
import { OomWatch } from '../../../../../src/supervisor/runner/local/oom-watch.js';

let counts: Record<string, number | null>;
let file: string;
let reads: number;
let watch: OomWatch;
beforeEach(() => {
  counts = { group: 3, other: 8 };
  file = 'group';
  reads = 0;
  watch = new OomWatch({
    find: () => file,
    read: (name) => {
      reads += 1;
      return counts[name] ?? null;
    },
  });
});

describe('the count of out-of-memory kills', () => {
  it('that has grown since it was noted shows a kill', () => {
    watch.note(7, 0);
    expect(watch.hasStruck()).toBe(false);
    counts.group = 4;
    expect(watch.hasStruck()).toBe(true);
  });

  it('is read at most once a second', () => {
    for (let nowMs = 0; nowMs < 3000; nowMs += 10) watch.note(7, nowMs);
    expect(reads).toBe(3);
  });

  it('that grew longer ago shows none', () => {
    watch.note(7, 0);
    counts.group = 4;
    watch.note(7, 5000);
    expect(watch.hasStruck()).toBe(false);
  });

  it('is that of the group in which the process was last seen', () => {
    watch.note(7, 0);
    file = 'other';
    watch.note(7, 5000);
    counts.group = 4;
    expect(watch.hasStruck()).toBe(false);
    counts.other = 9;
    expect(watch.hasStruck()).toBe(true);
  });

  it.each([
    ['before', null, 1],
    ['after', 1, null],
  ])('that cannot be read %s shows nothing', (_, before, after) => {
    counts.group = before;
    watch.note(7, 0);
    counts.group = after;
    expect(watch.hasStruck()).toBe(false);
  });

  it('shows nothing before it was noted', () => {
    expect(watch.hasStruck()).toBe(false);
  });
});
