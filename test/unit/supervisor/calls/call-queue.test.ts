import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CallQueue, type QueueSettings } from '../../../../src/supervisor/calls/call-queue.js';
import type { CallAnswer, PendingCall } from '../../../../src/supervisor/calls/pending-call.js';
import type { CallRoute, Shard } from '../../../../src/supervisor/calls/shard.js';
import type { Lane } from '../../../../src/wire/event-kinds.js';
import { conversation as conversationOf, makeEvent, taker } from '../../../helpers/calls.js';

/** A route with as much credit as a test gives it. */
class Route implements CallRoute {
  readonly left = { message: 0, notification: 0 };
  up = true;
  readonly taken: PendingCall[] = [];
  credit(lane: Lane): number {
    return this.left[lane];
  }
  call(pending: PendingCall): void {
    this.taken.push(pending);
    this.left[pending.event.lane] -= 1;
  }
  canWait(): boolean {
    return this.up;
  }
  finished: PendingCall[] = [];
  takeFinished(): void {
    for (const pending of this.finished) pending.settle(PASS, 0);
  }
  told(): void {}
  moved(): void {}
  isReady(): boolean {
    return this.up;
  }
  load(): number {
    return this.taken.length;
  }
}

const settings: QueueSettings = { queue: 3, queueBytes: 100, overload: 'default', onFailure: 'pass', sticky: true };
const PASS: CallAnswer = { verdict: 'pass', default: null, params: null, payload: null };
let route: Route;
let queue: CallQueue;
let shard: Shard;
let answers: [name: string, reason: string | null][];

beforeEach(() => {
  vi.useFakeTimers();
  route = new Route();
  open(settings);
  answers = [];
});
afterEach(() => {
  vi.useRealTimers();
});

/** A queue with one replica. */
function open(settings: QueueSettings): CallQueue {
  queue = new CallQueue(settings, route, Date.now);
  shard = queue.add(0, route);
  return queue;
}

/** Each is a conversation of its own, unless it is said to be of one. */
function offer(name: string, deadlineMs = 1000, conversation = name): void {
  const event = makeEvent({ message: { payload: Buffer.from(name) } });
  const told = taker((answer) => answers.push([name, answer.default]));
  queue.offer(event, Date.now() + deadlineMs, Date.now(), conversationOf(conversation), told);
}
const namesOf = (calls: PendingCall[]) => calls.map(({ event }) => String(event.payload));

describe('a queue', () => {
  it('hands over in order, as far as there is credit', () => {
    for (const name of ['a', 'b', 'c']) offer(name);
    expect(route.taken).toEqual([]);
    route.left.message = 2;
    queue.dispatch();
    expect(namesOf(route.taken)).toEqual(['a', 'b']);
    expect(queue.length).toBe(1);
    for (const pending of route.taken) pending.settle(PASS, 0);
    expect(answers).toEqual([
      ['a', null],
      ['b', null],
    ]);
  });

  it('gives the default at the deadline, and never hands over a call that has it', () => {
    offer('a', 100);
    offer('b', 300);
    vi.advanceTimersByTime(101);
    expect(answers).toEqual([['a', 'deadline']]);
    route.left.message = 5;
    queue.dispatch();
    expect(namesOf(route.taken)).toEqual(['b']);
    // A call that was handed over has its deadline too, and then no second verdict.
    vi.advanceTimersByTime(300);
    expect(answers.at(-1)).toEqual(['b', 'deadline']);
    expect(route.taken[0]?.settle(PASS, 0)).toBe(false);
    expect(answers).toHaveLength(2);
  });

  it('looks at the deadline for results that are finished but not reported', () => {
    route.left.message = 2;
    offer('a', 100);
    offer('b', 100);
    route.finished = route.taken.slice(0, 1);
    vi.advanceTimersByTime(101);
    expect(answers).toEqual([
      ['a', null],
      ['b', 'deadline'],
    ]);
  });

  it('is full at its limit', () => {
    for (const name of ['a', 'b', 'c', 'd']) offer(name);
    expect(answers).toEqual([['d', 'overload']]);
  });

  it('gives the default at once when no host will come, or the time is over', () => {
    offer('late', 0);
    route.up = false;
    offer('down');
    expect(answers).toEqual([
      ['late', 'deadline'],
      ['down', 'down'],
    ]);
  });

  it('gives the default to all waiting calls when no host will come any more', () => {
    offer('a');
    offer('b');
    route.up = false;
    queue.bypass();
    expect(answers.map(([name]) => name)).toEqual(['a', 'b']);
    expect(queue.length).toBe(0);
  });

  it('takes back calls that were not begun, before later ones', () => {
    route.left.message = 2;
    for (const name of ['a', 'b', 'c']) offer(name);
    route.taken[0]?.settle(PASS, 0);
    queue.putBack(shard, route.taken.splice(0));
    route.left.message = 2;
    queue.dispatch();
    expect(namesOf(route.taken)).toEqual(['b', 'c']);
  });

  it('gives the default to calls beyond its memory, but takes one of any size', () => {
    offer('x'.repeat(1000));
    offer('y');
    expect(answers).toEqual([['y', 'overload']]);
    route.left.message = 1;
    queue.dispatch();
    offer('z'.repeat(60));
    offer('z'.repeat(40));
    offer('w');
    expect(queue.length).toBe(2);
    expect(answers.slice(1)).toEqual([['w', 'overload']]);
  });

  it('has its memory free again after deadlines, hand-overs and returns', () => {
    offer('x'.repeat(100), 50);
    vi.advanceTimersByTime(51);
    route.left.message = 1;
    offer('y'.repeat(100));
    queue.putBack(shard, route.taken.splice(0));
    offer('z');
    expect(answers.map(([, reason]) => reason)).toEqual(['deadline', 'overload']);
    route.left.message = 2;
    queue.dispatch();
    offer('z'.repeat(100));
    expect(namesOf(route.taken)).toEqual(['y'.repeat(100), 'z'.repeat(100)]);
  });

  it('makes callers wait until their deadline when overload = wait', () => {
    open({ ...settings, overload: 'wait' });
    for (let i = 0; i < 10; i++) offer(`${i}`, 100 + i);
    expect([queue.length, answers]).toEqual([10, []]);
    route.left.message = 4;
    queue.dispatch();
    expect(namesOf(route.taken)).toEqual(['0', '1', '2', '3']);
    for (const pending of route.taken) pending.settle(PASS, 0);
    vi.advanceTimersByTime(200);
    expect(answers.slice(4)).toEqual(['4', '5', '6', '7', '8', '9'].map((name) => [name, 'deadline']));
  });

  it('serves messages before notifications, which have their own places', () => {
    const told = taker((answer) => answers.push(['call', answer.default]));
    for (let i = 0; i < 5; i++)
      queue.offer(makeEvent({ call: {} }), Date.now() + 1000, Date.now(), conversationOf(`c${i}`), told);
    offer('a');
    expect(answers).toEqual([
      ['call', 'overload'],
      ['call', 'overload'],
    ]);
    route.left.message = 1;
    route.left.notification = 1;
    queue.dispatch();
    expect(route.taken.map(({ event }) => event.lane)).toEqual(['message', 'notification']);
    expect(queue.length).toBe(2);
    queue.putBack(shard, route.taken.splice(0));
    expect(queue.length).toBe(4);
  });

  it('consumes by default when on_failure = consume', () => {
    const consuming = open({ ...settings, queue: 0, onFailure: 'consume' });
    let answer: CallAnswer | undefined;
    const told = taker((given) => {
      answer = given;
    });
    consuming.offer(makeEvent({ call: {} }), Date.now() + 10, Date.now(), conversationOf('c'), told);
    expect(answer).toMatchObject({ verdict: 'consumed', default: 'overload' });
  });

  it('lets no call of a conversation overtake earlier ones, whatever its default is for', () => {
    route.left.message = 1;
    offer('1', 1000, 'us');
    offer('2', 1000, 'us');
    route.up = false;
    offer('down', 1000, 'us');
    offer('other', 1000, 'them');
    expect(answers).toEqual([['other', 'down']]);
    queue.bypass();
    offer('late', 0, 'us');
    expect(answers).toEqual([['other', 'down']]);
    route.taken[0]?.settle(PASS, 0);
    expect(answers.slice(1)).toEqual([
      ['1', null],
      ['2', 'down'],
      ['down', 'down'],
      ['late', 'deadline'],
    ]);
    offer('after', 1000, 'us');
    expect(answers.at(-1)).toEqual(['after', 'down']);
  });

  it('lets later calls go when an earlier one gets its default at its deadline', () => {
    route.left.message = 1;
    offer('1', 300, 'us');
    route.up = false;
    offer('2', 300, 'us');
    vi.advanceTimersByTime(301);
    expect(answers).toEqual([
      ['1', 'deadline'],
      ['2', 'down'],
    ]);
  });

  it('lets calls that are not for the module pass, behind those that are in it', () => {
    const follower = { passed: () => answers.push(['passed', null]) };
    expect(queue.follow(conversationOf('us'), follower)).toBe(false);
    route.left.message = 1;
    offer('1', 1000, 'us');
    expect([queue.follow(conversationOf('them'), follower), queue.follow(conversationOf('us'), follower)]).toEqual([
      false,
      true,
    ]);
    expect(answers).toEqual([]);
    route.taken[0]?.settle(PASS, 0);
    expect(answers.map(([name]) => name)).toEqual(['1', 'passed']);
    expect(queue.follow(conversationOf('us'), follower)).toBe(false);
  });

  it('holds back a limited number: a flood of one conversation loses its order, and the memory stays bounded', () => {
    open({ ...settings, queueBytes: 1e6 });
    for (let i = 0; i < 3 + 1000; i++) offer(`${i}`, 1000, 'us');
    expect(answers).toEqual([]);
    offer('one more', 1000, 'us');
    expect(answers).toEqual([['one more', 'overload']]);
    vi.advanceTimersByTime(1001);
    expect(answers.slice(1).map(([name]) => name)).toEqual(Array.from({ length: 1003 }, (_, i) => `${i}`));
  });

  it('holds back a limited number of bytes', () => {
    open({ ...settings, queue: 1, queueBytes: 100 });
    for (const name of ['a', 'b', 'c']) offer(name.repeat(60), 1000, 'us');
    expect(answers).toEqual([['c'.repeat(60), 'overload']]);
  });

  it('leaves no timer behind, but for one look', () => {
    route.left.message = 1;
    offer('a');
    route.taken[0]?.settle(PASS, 0);
    vi.advanceTimersByTime(1001);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('whether the module was given a call', () => {
  let given: [name: string, wasGiven: boolean][];
  beforeEach(() => {
    given = [];
  });
  function offerFor(name: string, deadlineMs = 1000): void {
    const event = makeEvent({ message: { payload: Buffer.from(name) } });
    const told = { answered: () => undefined, given: (wasGiven: boolean) => given.push([name, wasGiven]) };
    queue.offer(event, Date.now() + deadlineMs, Date.now(), conversationOf(name), told);
  }

  it('is known at once for a call that no host had: it was not', () => {
    offerFor('waits');
    vi.advanceTimersByTime(1001);
    expect(given).toEqual([['waits', false]]);
    route.up = false;
    offerFor('down');
    offerFor('late', 0);
    expect(given.slice(1)).toEqual([
      ['down', false],
      ['late', false],
    ]);
  });

  it('is unknown for a call that a host has at its deadline, and is reported once it is known', () => {
    route.left.message = 3;
    for (const name of ['overran', 'expired', 'unseen']) offerFor(name);
    const [overran, expired, unseen] = route.taken as [PendingCall, PendingCall, PendingCall];
    for (const [i, pending] of route.taken.entries()) pending.seq = i + 1;
    vi.advanceTimersByTime(1001);
    expect([given, route.taken.every(({ settled }) => settled)]).toEqual([[], true]);
    overran.tellGiven(true);
    expired.tellGiven(false);
    expired.tellGiven(true);
    queue.putBack(shard, [unseen]);
    expect(given).toEqual([
      ['overran', true],
      ['expired', false],
      ['unseen', false],
    ]);
  });

  it('is open again when its host dies without having begun it', () => {
    route.left.message = 1;
    offerFor('one');
    const [one] = route.taken as [PendingCall];
    one.seq = 1;
    queue.putBack(shard, [one]);
    expect(given).toEqual([]);
    vi.advanceTimersByTime(1001);
    expect(given).toEqual([['one', false]]);
  });
});
