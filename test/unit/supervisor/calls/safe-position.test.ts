import { beforeEach, describe, expect, it } from 'vitest';
import { SafePosition } from '../../../../src/supervisor/calls/safe-position.js';

let settling: (() => void)[];
let isSafe: boolean;
let safe: SafePosition;
let moved: number[];
beforeEach(() => {
  settling = [];
  moved = [];
  isSafe = false;
  const keeper = {
    settled: () => (isSafe ? null : new Promise<void>((done) => settling.push(done))),
  };
  safe = new SafePosition(keeper, () => moved.push(safe.position));
});

const settle = async () => {
  settling.shift()?.();
  await Promise.resolve();
};

describe('the safe position', () => {
  it('is the read position while nothing is sent, without asking the keeper', () => {
    safe.read(0, 100, false);
    safe.read(100, 200, false);
    expect([safe.position, safe.isHeld, settling.length]).toEqual([200, false, 0]);
  });

  it('is before the sends that are not safe yet, whatever is read behind them', async () => {
    safe.read(0, 100, false);
    safe.read(100, 200, true);
    safe.read(200, 300, false);
    expect([safe.position, safe.isHeld]).toEqual([100, true]);
    await settle();
    expect([safe.position, safe.isHeld, moved]).toEqual([300, false, [300]]);
  });

  it('waits once for all messages that are sent during a wait', async () => {
    safe.read(0, 100, true);
    safe.read(100, 200, false);
    safe.read(200, 300, true);
    safe.read(300, 400, true);
    expect(settling).toHaveLength(1);
    await settle();
    expect([safe.position, settling.length]).toEqual([200, 1]);
    await settle();
    expect([safe.position, moved]).toEqual([400, [200, 400]]);
  });

  it('is the read position when everything is safe at once, or there is no keeper', () => {
    isSafe = true;
    safe.read(0, 100, true);
    expect([safe.position, safe.isHeld]).toEqual([100, false]);
    const taken = new SafePosition(null, () => undefined);
    taken.read(0, 100, true);
    expect([taken.position, taken.isHeld]).toEqual([100, false]);
  });

  it('is not reported once it is closed', async () => {
    safe.read(0, 100, true);
    safe.read(100, 200, true);
    safe.close();
    await settle();
    expect([moved, settling]).toEqual([[], []]);
  });
});
