import { expect, it } from 'vitest';
import { Fullness } from '../../../src/sends/queue/fullness.js';
import { ServerShares } from '../../../src/sends/queue/server-shares.js';

const LIMITS = { messages: 1600, bytes: 16_000_000 };

class Room {
  readonly fullness = new Fullness(LIMITS);
  readonly shares = new ServerShares(this.fullness);

  add(server: string | null, bytes = 1): void {
    this.fullness.add('m', bytes);
    this.shares.add({ server, bytes });
  }
  remove(server: string | null, bytes = 1): void {
    this.fullness.remove('m', bytes);
    this.shares.remove({ server, bytes });
  }
  /** @returns how many it got in before it has to acknowledge */
  fill(server: string, bytes = 1): number {
    let count = 0;
    for (; this.shares.allowanceOf(server) > 0; count++) this.add(server, bytes);
    return count;
  }
}

it('a single server may have a quarter of all waiting messages, and each of several servers less', () => {
  const room = new Room();
  expect(room.fill('a')).toBe(400);
  expect(room.fill('b')).toBe(300);
  expect(room.fill('c')).toBe(225);
  expect(room.shares.allowanceOf('d')).toBeGreaterThan(1);
});

it('bytes count likewise', () => {
  expect(new Room().fill('a', 100_000)).toBe(40);
});

it('fewer events may be in progress as more messages wait, and always one when none waits', () => {
  const room = new Room();
  expect(room.shares.allowanceOf('a')).toBeCloseTo(1600 / 3 / 16);
  for (let i = 0; i < 300; i++) room.add('a');
  expect(room.shares.allowanceOf('a')).toBeCloseTo((1300 / 3 - 300) / 16);
  for (let i = 0; i < 99; i++) room.add('a');
  expect(room.shares.allowanceOf('a')).toBe(1);
  room.add('a');
  expect(room.shares.allowanceOf('a')).toBe(0);
  room.remove('a');
  expect(room.shares.allowanceOf('a')).toBe(1);
});

it('messages for any server count for no server, and leave each server a sixteenth', () => {
  const room = new Room();
  for (let i = 0; i < 1600; i++) room.add(null);
  expect(room.fill('a')).toBe(100);
});

it('a change of size counts, and a message that has left does not', () => {
  const room = new Room();
  room.add('a', 1);
  room.shares.resize({ server: 'a', bytes: 0 }, 15_999_999);
  expect(room.shares.allowanceOf('a')).toBe(0);
  room.shares.remove({ server: 'a', bytes: 16_000_000 });
  expect(room.shares.allowanceOf('a')).toBeGreaterThan(1);
});
