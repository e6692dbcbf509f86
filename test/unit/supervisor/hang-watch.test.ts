import { beforeEach, describe, expect, it, vi } from 'vitest';
import { HangWatch } from '../../../src/supervisor/hang-watch.js';
import type { BoxHeader } from '../../../src/wire/black-box.js';
import { type Clock, PROCESS_START_NS, stopClock } from '../../helpers/clock.js';

const HANG = 2000;
const IDLE: BoxHeader = {
  head: 0,
  phase: 'serving',
  currentSeq: 0,
  currentStart: 0n,
  droppedLogs: 0,
  refusedSends: 0,
  exitCode: null,
  handedOn: { position: 0, sends: 0 },
};

let clock: Clock;
let header: BoxHeader | null;
let owed: Set<number>;
let hungAt: number[];
let watch: HangWatch;

function makeWatch(hangMs: number | null): HangWatch {
  return new HangWatch(hangMs, {
    readHeader: () => header,
    owes: (seq) => owed.has(seq),
    hung: () => hungAt.push(clock.nowMs),
  });
}

/** The host executes a call since now, as its black box says: nanoseconds on the machine's clock. */
function executes(seq: number): void {
  header = { ...IDLE, currentSeq: seq, currentStart: PROCESS_START_NS + BigInt(clock.nowMs) * 1_000_000n };
}

beforeEach(() => {
  clock = stopClock();
  header = IDLE;
  owed = new Set([1, 2]);
  hungAt = [];
  watch = makeWatch(HANG);
});

describe('a host', () => {
  it('that executes one call for hang hangs', () => {
    watch.begin();
    executes(1);
    clock.advance(HANG - 1);
    expect(hungAt).toEqual([]);
    clock.advance(1);
    expect(hungAt).toEqual([HANG]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is given hang from the begin of each call, however long the batch runs', () => {
    watch.begin();
    executes(1);
    clock.advance(HANG - 100);
    executes(2);
    clock.advance(HANG - 1);
    expect(hungAt).toEqual([]);
    clock.advance(1);
    expect(hungAt).toEqual([2 * HANG - 100]);
  });

  it('that answers does not hang, however slowly', () => {
    watch.begin();
    for (let i = 0; i < 20; i++) {
      clock.advance(HANG - 1);
      watch.progress();
    }
    expect(hungAt).toEqual([]);
  });

  it('that executes nothing and answers nothing hangs too, after a second look', () => {
    watch.begin();
    clock.advance(HANG);
    expect(hungAt).toEqual([]);
    clock.advance(100);
    expect(hungAt).toEqual([HANG + 100]);
  });

  it('that answers at the second look begins anew', () => {
    watch.begin();
    clock.advance(HANG);
    watch.progress();
    clock.advance(HANG + 99);
    expect(hungAt).toEqual([]);
    clock.advance(1);
    expect(hungAt).toEqual([2 * HANG + 100]);
  });

  it('whose answer lay unread while the core was held up does not', () => {
    watch.begin();
    clock.hold(10 * HANG);
    clock.advance(HANG);
    watch.progress();
    clock.advance(HANG - 101);
    expect(hungAt).toEqual([]);
  });

  it.each([
    ['a call that it does not owe', () => executes(99)],
    [
      'nothing readable',
      () => {
        header = null;
      },
    ],
  ])('whose box shows %s is judged by its answers', (_, spoil) => {
    watch.begin();
    spoil();
    clock.advance(HANG - 1);
    watch.progress();
    clock.advance(HANG);
    expect(hungAt).toEqual([]);
    clock.advance(HANG);
    expect(hungAt).toEqual([2 * HANG - 1 + 100]);
  });

  it('that owes nothing is not looked at', () => {
    watch.begin();
    watch.end();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is never looked at when hang is off', () => {
    makeWatch(null).begin();
    expect(vi.getTimerCount()).toBe(0);
  });
});
