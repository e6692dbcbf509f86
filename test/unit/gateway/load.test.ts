import { expect, it } from 'vitest';
import { gatewayLimits } from '../../../src/gateway/limits.js';
import { Load, type Share } from '../../../src/gateway/load.js';

const MIB = 1024 * 1024;

class TestShare implements Share {
  events = 0;
  bytes = 0;
  again = 0;
  roomAgain(): void {
    this.again += 1;
  }
}

function enter(load: Load, count: number): TestShare[] {
  const shares = Array.from({ length: count }, () => new TestShare());
  for (const share of shares) load.enter(share);
  return shares;
}

function fill(load: Load, share: Share, bytes = 1): number {
  let begun = 0;
  for (; load.hasRoom(share); begun++) load.begin(share, bytes);
  return begun;
}

const limits = { ...gatewayLimits(MIB, 1024), window: 50, allEvents: 60 };

it('one connection has its window, and more than its share while there is room', () => {
  const load = new Load(limits);
  const [one, two, three] = enter(load, 3) as [TestShare, TestShare, TestShare];
  expect(fill(load, one)).toBe(50);
  // Ten are left, and its equal share is 20.
  expect(fill(load, two)).toBe(20);
  expect(fill(load, three)).toBe(20);
  expect(fill(load, one)).toBe(0);
});

it('a connection that had to wait for others hears once there is room', () => {
  const load = new Load(limits);
  const [one, two] = enter(load, 2) as [TestShare, TestShare];
  expect(fill(load, one)).toBe(50);
  expect(fill(load, two)).toBe(30);
  for (let i = 0; i < 20; i++) load.end(one, 1);
  expect(two.again).toBe(0);
  load.end(one, 1);
  expect(two.again).toBe(1);
  load.end(one, 1);
  expect(two.again).toBe(1);
});

it('a closed connection has no share', () => {
  const load = new Load(limits);
  const [one, two] = enter(load, 2) as [TestShare, TestShare];
  load.leave(two);
  fill(load, one);
  const [three] = enter(load, 1) as [TestShare];
  expect(fill(load, three)).toBe(30);
});

it('bytes are bounded as events are, and one event is taken whatever its size', () => {
  const load = new Load({ ...limits, progressBytes: 10, allProgressBytes: 12 });
  const [one, two] = enter(load, 2) as [TestShare, TestShare];
  expect(fill(load, one, 100)).toBe(1);
  expect(fill(load, two, 3)).toBe(2);
});

it('the bounds of a core are those of the protocol', () => {
  expect(gatewayLimits(MIB, 1024)).toMatchObject({
    connections: 256,
    helloMs: 10_000,
    frameBytes: 2 * MIB,
    lineBytes: 4 * MIB,
    window: 512,
    allEvents: 4096,
    progressBytes: 8 * MIB,
    unreadBytes: 18 * MIB,
    stalledMs: 30_000,
  });
  expect(gatewayLimits(64 * MIB, 64)).toMatchObject({ connections: 16, progressBytes: 65 * MIB });
});
