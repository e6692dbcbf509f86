import { closeSync, fstatSync, ftruncateSync, openSync, readSync, statfsSync, unlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { PayloadArea } from '../../../../../../src/supervisor/runner/local/black-box/payload-area.js';
import { seeded } from '../../../../../helpers/random.js';

const LENGTHS = [1, 63, 64, 65, 8192, 20_000, 70_000];
const OFFSET = 4096;
const SIZE = 256 * 1024;
const PAGES = 64 * 1024;
let fd: number;
let area: PayloadArea;
beforeEach(() => {
  const path = `/dev/shm/mesibo-modules-test-${process.pid}-payloads`;
  fd = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  ftruncateSync(fd, OFFSET + SIZE);
  area = new PayloadArea({ fd, offset: OFFSET, size: SIZE, directory: '/dev/shm', reserveBytes: 0 });
});
afterEach(() => {
  area.close();
  try {
    closeSync(fd);
  } catch {
    // A test has closed it.
  }
});

function put(length: number, fill: number): number {
  const bytes = Buffer.alloc(length + 7, fill);
  return area.put(bytes, 3, length);
}

function read(place: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  expect(readSync(fd, bytes, 0, length, OFFSET + place)).toBe(length);
  return bytes;
}

const usedBytes = () => fstatSync(fd).blocks * 512;

it('keeps what was put, whatever is freed in whatever order', () => {
  for (let seed = 1; seed <= 50; seed++) {
    const next = seeded(seed);
    const held: { place: number; length: number; fill: number }[] = [];
    let refused = 0;
    for (let i = 0; i < 300; i++) {
      const length = LENGTHS[next(LENGTHS.length)] as number;
      const place = put(length, i & 0xff);
      if (place < 0) refused += 1;
      else held.push({ place, length, fill: i & 0xff });
      // Most often the first one leaves first.
      while (held.length > 0 && (place < 0 || next(3) === 0)) {
        const [one] = held.splice(next(4) === 0 ? next(held.length) : 0, 1);
        if (one === undefined) throw new Error('there is one');
        const bytes = read(one.place, one.length);
        if (!bytes.equals(Buffer.alloc(one.length, one.fill))) expect(bytes, `seed ${seed}, ${i}`).toBe(one);
        area.free(one.place);
        if (place >= 0) break;
      }
    }
    for (const { place, length, fill } of held) {
      expect(read(place, length).equals(Buffer.alloc(length, fill)), `seed ${seed}`).toBe(true);
      area.free(place);
    }
    expect(refused, `seed ${seed}`).toBeGreaterThan(0);
    expect(put(SIZE, 1), `seed ${seed}: everything is free again`).toBe(0);
    area.free(0);
  }
});

describe('a payload finds no place', () => {
  it('that is larger than the whole area', () => {
    expect(put(SIZE + 1, 1)).toBeLessThan(0);
    expect(put(SIZE, 1)).toBe(0);
  });

  it('until another one has left', () => {
    expect(put(SIZE / 2, 1)).toBe(0);
    expect(put(SIZE / 2, 2)).toBe(SIZE / 2);
    expect(put(1, 3)).toBeLessThan(0);
    area.free(SIZE / 2);
    // The first one is still there: a payload that leaves out of order makes room once those before it have left.
    area.free(0);
    expect(put(1, 3)).toBe(0);
  });

  it('when its memory is needed for new boxes', () => {
    const { bavail, bsize } = statfsSync('/dev/shm');
    const reserveBytes = bavail * bsize;
    const modest = new PayloadArea({ fd, offset: OFFSET, size: SIZE, directory: '/dev/shm', reserveBytes });
    expect(modest.put(Buffer.alloc(200_000), 0, 200_000)).toBeLessThan(0);
    expect(usedBytes()).toBe(0);
    modest.close();
  });

  it('when the free memory is unknown', () => {
    const lost = new PayloadArea({ fd, offset: OFFSET, size: SIZE, directory: '/nowhere', reserveBytes: 1 });
    expect(lost.put(Buffer.alloc(100), 0, 100)).toBeLessThan(0);
  });

  it('when the file cannot be written', () => {
    closeSync(fd);
    expect(put(100, 1)).toBeLessThan(0);
  });
});

describe('memory that was not used for a second', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('is given back, and taken again for the next payload', () => {
    const place = put(100_000, 5);
    vi.advanceTimersByTime(10_000);
    expect(usedBytes()).toBeGreaterThanOrEqual(100_000);
    area.free(place);
    vi.advanceTimersByTime(2000);
    expect(usedBytes()).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
    expect(read(put(100_000, 6), 100_000).equals(Buffer.alloc(100_000, 6))).toBe(true);
  });

  it('is given back behind payloads that are still there or are yet to come', () => {
    const first = put(10_000, 1);
    const others = [put(100_000, 2), put(100_000, 3)];
    for (const place of others) area.free(place);
    vi.advanceTimersByTime(2000);
    expect(usedBytes()).toBeLessThanOrEqual(PAGES);
    expect(read(first, 10_000).equals(Buffer.alloc(10_000, 1))).toBe(true);
    area.free(first);
    for (let i = 0; i < 5; i++) {
      area.free(put(10_000, i));
      vi.advanceTimersByTime(1000);
      expect(usedBytes()).toBeGreaterThan(0);
      expect(usedBytes()).toBeLessThanOrEqual(PAGES);
    }
  });

  it('is no longer checked once the box is closed', () => {
    put(100_000, 5);
    area.close();
    expect(vi.getTimerCount()).toBe(0);
  });
});
