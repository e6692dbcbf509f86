import { describe, expect, it } from 'vitest';
import { OomWatch } from '../../../src/supervisor/oom-watch.js';

describe('the count of kills for want of memory', () => {
  it('that has grown since it was noted tells of one', () => {
    let kills = 3;
    const watch = new OomWatch(() => kills);
    watch.note(0);
    expect(watch.hasStruck(10)).toBe(false);
    kills = 4;
    expect(watch.hasStruck(20)).toBe(true);
    expect(watch.hasStruck(30)).toBe(false);
  });

  it('is read at most once a second', () => {
    let reads = 0;
    const watch = new OomWatch(() => ++reads);
    for (let nowMs = 0; nowMs < 3000; nowMs += 10) watch.note(nowMs);
    expect(reads).toBe(3);
  });

  it('that grew longer ago does not', () => {
    let kills = 0;
    const watch = new OomWatch(() => kills);
    watch.note(0);
    kills = 1;
    watch.note(5000);
    expect(watch.hasStruck(5001)).toBe(false);
  });

  it.each([
    ['before', null, 1],
    ['after', 1, null],
  ])('that cannot be read %s tells nothing', (_, before, after) => {
    let kills: number | null = before;
    const watch = new OomWatch(() => kills);
    watch.note(0);
    kills = after;
    expect(watch.hasStruck(10)).toBe(false);
  });
});
