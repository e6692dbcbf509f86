import { closeSync, fstatSync, ftruncateSync, openSync, readSync, unlinkSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { PayloadArea } from '../../../../../../src/supervisor/runner/local/black-box/payload-area.js';
import { seeded } from '../../../../../helpers/random.js';

const LENGTHS = [1, 63, 64, 65, 8192, 20_000, 70_000];
const OFFSET = 4096;
const SIZE = 256 * 1024;
let fd: number;
let area: PayloadArea;
beforeEach(() => {
  const path = `/dev/shm/mesibo-modules-test-${process.pid}-payloads`;
  fd = openSync(path, 'wx+', 0o600);
  unlinkSync(path);
  ftruncateSync(fd, OFFSET + SIZE);
  area = new PayloadArea(fd, OFFSET, SIZE);
});
afterEach(() => {
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
  it('that is larger than all there is', () => {
    expect(put(SIZE + 1, 1)).toBeLessThan(0);
    expect(put(SIZE, 1)).toBe(0);
  });

  it('until another one has left', () => {
    expect(put(SIZE / 2, 1)).toBe(0);
    expect(put(SIZE / 2, 2)).toBe(SIZE / 2);
    expect(put(1, 3)).toBeLessThan(0);
    area.free(SIZE / 2);
    // The first one is still there: what leaves out of order makes room once those before it have left.
    area.free(0);
    expect(put(1, 3)).toBe(0);
  });

  it('where the file cannot be written', () => {
    closeSync(fd);
    expect(put(100, 1)).toBeLessThan(0);
  });
});

it('gives its memory back after some time without payloads, and has it again', () => {
  const place = put(100_000, 5);
  area.trim();
  area.trim();
  expect(usedBytes()).toBeGreaterThanOrEqual(100_000);
  area.free(place);
  area.trim();
  expect(usedBytes()).toBe(0);
  expect(read(put(100_000, 6), 100_000).equals(Buffer.alloc(100_000, 6))).toBe(true);
});

it('keeps its memory while payloads come', () => {
  for (let i = 0; i < 5; i++) {
    area.free(put(100_000, i));
    area.trim();
    expect(usedBytes()).toBeGreaterThanOrEqual(100_000);
  }
});
