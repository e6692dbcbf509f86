import { beforeEach, describe, expect, it, vi } from 'vitest';
import { LivenessWatch } from '../../../../src/supervisor/host/liveness-watch.js';
import type { BoxHeader } from '../../../../src/wire/black-box.js';
import { type Clock, PROCESS_START_NS, stopClock } from '../../../helpers/clock.js';

const HANG = 2000;
const BEAT = 1000;
/** When the stack of a call is taken, and the host looked at for the first time. */
const FIRST_LOOK = 1000;
const IDLE: BoxHeader = {
  tail: 0,
  head: 0,
  phase: 'serving',
  currentSeq: 0,
  currentEvent: null,
  cause: null,
  currentStart: 0n,
  droppedLogs: 0,
  refusedSends: 0,
  exitCode: null,
  signalFrom: null,
  handedOn: { position: 0, sends: 0 },
};

let clock: Clock;
let header: BoxHeader | null;
let owed: Set<number>;
let failures: [kind: string, atMs: number][];
let beats: number[];
let looks: number[];
let tracer: number | null;
let spared: number[];
let taken: number[];
let held: number | null;
let watch: LivenessWatch;

function makeWatch(hangMs: number | null): LivenessWatch {
  const made = new LivenessWatch(
    { hangMs, heartbeatMs: BEAT },
    {
      readHeader: () => {
        looks.push(clock.nowMs);
        return header;
      },
      owes: (seq) => owed.has(seq),
      inFlight: () => owed.size,
      beat: () => beats.push(clock.nowMs),
      tracer: () => tracer,
      spared: (by) => spared.push(by),
      takeStack: () => {
        taken.push(clock.nowMs);
        return { heldMs: held, read: async () => null, end: () => undefined };
      },
      failed: ({ kind }) => failures.push([kind, clock.nowMs]),
    },
  );
  made.open();
  return made;
}

/** The host executes a call since now, as its black box says: nanoseconds on the machine's clock. */
function executes(seq: number): void {
  header = { ...IDLE, currentSeq: seq, currentStart: PROCESS_START_NS + BigInt(clock.nowMs) * 1_000_000n };
}

beforeEach(() => {
  clock = stopClock();
  header = IDLE;
  owed = new Set([1, 2]);
  failures = [];
  beats = [];
  looks = [];
  tracer = null;
  spared = [];
  taken = [];
  held = 0;
  watch = makeWatch(HANG);
});

describe('a host in a callback of an http request', () => {
  /** Since now; no call belongs to it. */
  function callsBack(): void {
    header = { ...IDLE, currentEvent: 'http', currentStart: PROCESS_START_NS + BigInt(clock.nowMs) * 1_000_000n };
  }

  it('is hung after the time of hang, although it holds no call', () => {
    owed = new Set();
    clock.advance(BEAT / 2);
    callsBack();
    clock.advance(HANG + 2 * BEAT);
    expect(failures.map(([kind]) => kind)).toEqual(['hung']);
    expect(failures[0]?.[1]).toBeGreaterThanOrEqual(BEAT / 2 + HANG);
  });

  it('is hung after the time of hang while calls wait for it', () => {
    watch.begin();
    callsBack();
    clock.advance(HANG);
    expect(failures).toEqual([['hung', HANG]]);
  });

  it('is not hung as long as each callback is short', () => {
    owed = new Set();
    for (let i = 0; i < 20; i++) {
      callsBack();
      clock.advance(HANG - 100);
      watch.heard();
    }
    expect(failures).toEqual([]);
  });
});

describe('a host that holds calls', () => {
  it('and executes one for the time of hang is hung', () => {
    watch.begin();
    executes(1);
    clock.advance(HANG - 1);
    expect(failures).toEqual([]);
    clock.advance(1);
    expect(failures).toEqual([['hung', HANG]]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('and has less time than hang is hung after that, and is not held up for its stack', () => {
    watch.limitCallbacks(750);
    watch.begin();
    executes(1);
    clock.advance(750);
    expect([failures, taken]).toEqual([[['hung', 750]], []]);
  });

  it('and has less time than hang, but enough, has its stack taken', () => {
    watch.close();
    watch = makeWatch(60_000);
    watch.limitCallbacks(6000);
    watch.begin();
    executes(1);
    clock.advance(6000);
    expect([failures, taken]).toEqual([[['hung', 6000]], [3000]]);
  });

  it('and has the time of hang again, keeps it also while a call runs', () => {
    watch.limitCallbacks(750);
    watch.begin();
    executes(1);
    clock.advance(700);
    watch.limitCallbacks(HANG);
    clock.advance(HANG - 701);
    expect(failures).toEqual([]);
    clock.advance(1);
    expect(failures).toEqual([['hung', HANG]]);
  });

  it('has the time of hang from the begin of each call, however long the batch runs', () => {
    watch.begin();
    executes(1);
    clock.advance(HANG - 100);
    executes(2);
    clock.advance(HANG - 1);
    expect(failures).toEqual([]);
    clock.advance(1);
    expect(failures).toEqual([['hung', 2 * HANG - 100]]);
  });

  it('and answers is not hung, however slow it is', () => {
    watch.begin();
    for (let i = 0; i < 20; i++) {
      clock.advance(HANG - 1);
      watch.heard();
    }
    expect(failures).toEqual([]);
  });

  it('and executes nothing and answers nothing is unreachable, after a second look', () => {
    watch.begin();
    clock.advance(HANG);
    expect(failures).toEqual([]);
    clock.advance(100);
    expect(failures).toEqual([['unreachable', HANG + 100]]);
  });

  it('and answers at the second look has its whole time again', () => {
    watch.begin();
    clock.advance(HANG);
    watch.heard();
    clock.advance(HANG + 99);
    expect(failures).toEqual([]);
    clock.advance(1);
    expect(failures).toEqual([['unreachable', 2 * HANG + 100]]);
  });

  it('whose answer lay unread while the core was held up is not given up', () => {
    watch.begin();
    clock.hold(10 * HANG);
    clock.advance(FIRST_LOOK);
    watch.heard();
    clock.advance(HANG - 101);
    expect(failures).toEqual([]);
  });

  it('and was held up together with the core, in the middle of a call, may still end it', () => {
    watch.begin();
    executes(1);
    clock.hold(10 * HANG);
    clock.advance(FIRST_LOOK);
    expect(failures).toEqual([]);
    executes(2);
    clock.advance(HANG - 1);
    expect(failures).toEqual([]);
    clock.advance(1);
    expect(failures).toEqual([['hung', 11 * HANG + FIRST_LOOK]]);
  });

  it('and still executes it at the second look is hung, however late that look is', () => {
    watch.begin();
    executes(1);
    clock.hold(10 * HANG);
    clock.advance(FIRST_LOOK);
    clock.hold(10 * HANG);
    clock.advance(100);
    expect(failures).toEqual([['hung', 20 * HANG + FIRST_LOOK + 100]]);
  });

  it('has the stack of each call taken before its time is over, once', () => {
    watch.begin();
    executes(1);
    clock.advance(FIRST_LOOK - 1);
    expect(taken).toEqual([]);
    clock.advance(1);
    expect(taken).toEqual([FIRST_LOOK]);
    expect(watch.stack).not.toBeNull();
    clock.advance(HANG - FIRST_LOOK);
    expect(failures).toEqual([['hung', HANG]]);
    expect(taken).toEqual([FIRST_LOOK]);
    expect(watch.stack).not.toBeNull();
  });

  it('is given back what it lost while its stack was taken', () => {
    watch.begin();
    executes(1);
    held = 70;
    clock.advance(HANG + 69);
    expect(failures).toEqual([]);
    clock.advance(1);
    expect(failures).toEqual([['hung', HANG + 70]]);
  });

  it('is killed in time although its stack is still being taken', () => {
    watch.begin();
    executes(1);
    held = null;
    clock.advance(HANG);
    expect(failures).toEqual([['hung', HANG]]);
  });

  it('has no stack of an earlier call, and is not held up for each slow one', () => {
    watch.begin();
    for (let seq = 1; seq <= 2; seq++) {
      executes(seq);
      clock.advance(HANG - 100);
    }
    expect(taken).toEqual([FIRST_LOOK]);
    clock.advance(100);
    expect(failures).toEqual([['hung', 2 * HANG - 100]]);
    expect(watch.stack).toBeNull();
  });

  it('is not taken for silent while it is held up', () => {
    watch.begin();
    executes(1);
    held = null;
    clock.advance(HANG - 1);
    // The call has ended, and the host could not say so yet.
    header = IDLE;
    clock.advance(1);
    expect(failures).toEqual([]);
    held = 900;
    watch.heard();
    clock.advance(HANG - 200);
    expect(failures).toEqual([]);
  });

  it('has its stack left alone by us while a debugger looks at it', () => {
    watch.begin();
    executes(1);
    tracer = 42;
    clock.advance(HANG);
    expect(taken).toEqual([]);
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
    watch.heard();
    clock.advance(HANG);
    expect(failures).toEqual([]);
    clock.advance(HANG);
    expect(failures).toEqual([['unreachable', 2 * HANG - 1 + 100]]);
  });

  it('may execute one for ever when hang is off', () => {
    watch.close();
    watch = makeWatch(null);
    watch.begin();
    executes(1);
    clock.advance(100 * HANG);
    expect(failures).toEqual([]);
  });

  it('and is silent without executing any is unreachable also when hang is off', () => {
    watch.close();
    watch = makeWatch(null);
    watch.begin();
    clock.advance(10 * BEAT + 100);
    expect(failures).toEqual([['unreachable', 10 * BEAT + 100]]);
  });

  it('is not asked for a sign of life', () => {
    watch.begin();
    executes(1);
    clock.advance(HANG - 1);
    expect(beats).toEqual([]);
  });
});

describe('an idle host', () => {
  beforeEach(() => {
    owed.clear();
  });

  it('is asked for a sign of life at each heartbeat', () => {
    for (let i = 1; i <= 5; i++) {
      clock.advance(BEAT);
      watch.heard();
    }
    expect(beats).toEqual([1, 2, 3, 4, 5].map((i) => i * BEAT));
    expect(failures).toEqual([]);
  });

  it('is asked once, and unreachable when ten heartbeats go by, after a second look', () => {
    clock.advance(11 * BEAT);
    expect(failures).toEqual([]);
    clock.advance(100);
    expect(beats).toEqual([BEAT]);
    expect(failures).toEqual([['unreachable', 11 * BEAT + 100]]);
  });

  it('that is given a call is judged by that call, whatever answer it owed', () => {
    clock.advance(10 * BEAT);
    owed.add(1);
    watch.begin();
    executes(1);
    clock.advance(HANG - 1);
    expect(failures).toEqual([]);
    clock.advance(1);
    expect(failures).toEqual([['hung', 10 * BEAT + HANG]]);
  });

  it('is watched by a new heartbeat from then on', () => {
    owed.clear();
    watch.beatEvery(BEAT / 10);
    clock.advance(BEAT / 10);
    expect(beats).toEqual([BEAT / 10]);
    watch.heard();
    watch.beatEvery(10 * BEAT);
    clock.advance(5 * BEAT);
    expect([beats.length, failures]).toEqual([2, []]);
  });

  it('that has answered its last call is asked again a heartbeat later', () => {
    owed.add(1);
    watch.begin();
    clock.advance(500);
    owed.clear();
    watch.idle();
    clock.advance(BEAT);
    expect(beats).toEqual([500 + BEAT]);
  });

  it('that is being ended is not watched', () => {
    watch.close();
    watch.idle();
    watch.begin();
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('an idle host that counts its beats', () => {
  /** It does so `late` after each full second, for so many of them. */
  function lives(seconds: number, late = 300): void {
    for (let i = 0; i < seconds; i++) {
      clock.advance(late);
      header = { ...IDLE, beats: (header?.beats ?? 0) + 1 };
      clock.advance(BEAT - late);
    }
  }

  beforeEach(() => {
    owed.clear();
    lives(2);
    beats = [];
  });

  it('is not asked', () => {
    lives(20);
    expect([beats, failures]).toEqual([[], []]);
  });

  it('is not asked for a beat that comes a little late', () => {
    lives(1, 100);
    clock.advance(BEAT);
    lives(3, 900);
    expect([beats, failures]).toEqual([[], []]);
  });

  it('is asked when its beats stay away, and unreachable eleven heartbeats after the last one at the latest', () => {
    const stuckMs = clock.nowMs;
    clock.advance(3 * BEAT);
    expect(beats).toEqual([stuckMs + 2 * BEAT]);
    clock.advance(7 * BEAT);
    expect(failures).toEqual([]);
    clock.advance(BEAT);
    expect(failures).toEqual([['unreachable', stuckMs + 10 * BEAT + 100]]);
    expect(beats).toHaveLength(1);
  });

  it('and beats again has its whole time again', () => {
    clock.advance(9 * BEAT);
    lives(5);
    expect(failures).toEqual([]);
  });

  it('and answers has its whole time again', () => {
    clock.advance(9 * BEAT);
    watch.heard();
    clock.advance(9 * BEAT);
    expect(failures).toEqual([]);
  });

  it('is not given up for the time in which the core was held up', () => {
    clock.hold(100 * BEAT);
    clock.advance(5 * BEAT);
    expect(failures).toEqual([]);
    expect(beats).toHaveLength(1);
  });

  it('is watched together with all others', () => {
    owed.add(1);
    watch.begin();
    clock.advance(345);
    owed.clear();
    watch.idle();
    looks = [];
    const fullSecond = clock.nowMs - 345 + BEAT;
    lives(3);
    expect(looks).toEqual([fullSecond, fullSecond + BEAT, fullSecond + 2 * BEAT]);
  });
});

describe('a traced host', () => {
  it('is spared with one line in the log, and has its whole time once the debugger has left', () => {
    tracer = 77;
    watch.begin();
    executes(1);
    clock.advance(10 * HANG);
    expect(failures).toEqual([]);
    expect(spared).toEqual([77]);
    tracer = null;
    clock.advance(HANG - 1000);
    expect(failures).toEqual([]);
    clock.advance(1000);
    expect(failures).toEqual([['hung', 11 * HANG]]);
  });

  it('is logged again for another debugger', () => {
    tracer = 77;
    watch.begin();
    executes(1);
    clock.advance(2 * HANG);
    tracer = 78;
    clock.advance(2 * HANG);
    expect(spared).toEqual([77, 78]);
  });
});
