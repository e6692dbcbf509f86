import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CallQueue, type CallRoute } from '../../../src/supervisor/call-queue.js';
import type { CallAnswer, PendingCall } from '../../../src/supervisor/pending-call.js';

/** A route with as much credit as a test gives it. */
class Route implements CallRoute {
  credit = 0;
  up = true;
  readonly taken: PendingCall[] = [];
  call(pending: PendingCall): void {
    this.taken.push(pending);
    this.credit -= 1;
  }
  canWait(): boolean {
    return this.up;
  }
}

const PASS: CallAnswer = { verdict: 'pass', default: null, params: null, payload: null };
let route: Route;
let queue: CallQueue;
let answers: [name: string, reason: string | null][];

beforeEach(() => {
  vi.useFakeTimers();
  route = new Route();
  queue = new CallQueue({ queue: 3, onFailure: 'pass' }, route, Date.now);
  answers = [];
});
afterEach(() => {
  vi.useRealTimers();
});

function offer(name: string, deadlineMs = 1000): void {
  const event = { message: { payload: Buffer.from(name) } };
  queue.offer(event, Date.now() + deadlineMs, (answer) => answers.push([name, answer.default]));
}
const namesOf = (calls: PendingCall[]) => calls.map(({ event }) => String(event.message?.payload));

describe('a queue', () => {
  it('hands over in order, as far as there is credit', () => {
    for (const name of ['a', 'b', 'c']) offer(name);
    expect(route.taken).toEqual([]);
    route.credit = 2;
    queue.dispatch();
    expect(namesOf(route.taken)).toEqual(['a', 'b']);
    expect(queue.length).toBe(1);
    for (const pending of route.taken) pending.settle(PASS);
    expect(answers).toEqual([
      ['a', null],
      ['b', null],
    ]);
  });

  it('gives the default at the deadline, and never hands over what has it', () => {
    offer('a', 100);
    offer('b', 300);
    vi.advanceTimersByTime(101);
    expect(answers).toEqual([['a', 'deadline']]);
    route.credit = 5;
    queue.dispatch();
    expect(namesOf(route.taken)).toEqual(['b']);
    // A call that was handed over has its deadline too, and then no second verdict.
    vi.advanceTimersByTime(300);
    expect(answers.at(-1)).toEqual(['b', 'deadline']);
    expect(route.taken[0]?.settle(PASS)).toBe(false);
    expect(answers).toHaveLength(2);
  });

  it('is full at its limit', () => {
    for (const name of ['a', 'b', 'c', 'd']) offer(name);
    expect(answers).toEqual([['d', 'overload']]);
  });

  it('gives the default at once when nothing will come, or the time is over', () => {
    offer('late', 0);
    route.up = false;
    offer('down');
    expect(answers).toEqual([
      ['late', 'deadline'],
      ['down', 'down'],
    ]);
  });

  it('gives the default to all that wait when that becomes hopeless', () => {
    offer('a');
    offer('b');
    route.up = false;
    queue.bypass();
    expect(answers.map(([name]) => name)).toEqual(['a', 'b']);
    expect(queue.length).toBe(0);
  });

  it('takes back what was not begun, before what came later', () => {
    route.credit = 2;
    for (const name of ['a', 'b', 'c']) offer(name);
    route.taken[0]?.settle(PASS);
    queue.putBack(route.taken.splice(0));
    route.credit = 2;
    queue.dispatch();
    expect(namesOf(route.taken)).toEqual(['b', 'c']);
  });

  it('consumes by default when told so', () => {
    const consuming = new CallQueue({ queue: 0, onFailure: 'consume' }, route, Date.now);
    let answer: CallAnswer | undefined;
    consuming.offer({ call: {} }, Date.now() + 10, (given) => {
      answer = given;
    });
    expect(answer).toMatchObject({ verdict: 'consumed', default: 'overload' });
  });

  it('leaves no timer behind', () => {
    route.credit = 1;
    offer('a');
    route.taken[0]?.settle(PASS);
    expect(vi.getTimerCount()).toBe(0);
  });
});
