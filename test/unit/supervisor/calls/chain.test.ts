import Long from 'long';
import { describe, expect, it } from 'vitest';
import type { ChainMember } from '../../../../src/supervisor/calls/chain.js';
import type { Conversation } from '../../../../src/supervisor/calls/conversation.js';
import type { AnswerTaker, CallAnswer, Follower } from '../../../../src/supervisor/calls/pending-call.js';
import type { CallEvent } from '../../../../src/wire/call-event.js';
import { type ChainOutcome, conversation, makeEvent, partsOf, runChain, TestJourney } from '../../../helpers/calls.js';
import { stopClock } from '../../../helpers/clock.js';

const PASS: CallAnswer = { verdict: 'pass', default: null, params: null, payload: null };
const CONSUMED: CallAnswer = { ...PASS, verdict: 'consumed' };

class Scripted implements ChainMember {
  readonly spec = { deadlineMs: 1000 };
  readonly seen: CallEvent[] = [];
  readonly deadlines: number[] = [];
  constructor(
    readonly name: string,
    private readonly answer: CallAnswer,
    private readonly callbacks: string[] = ['on_message', 'on_message_status'],
  ) {}
  wants(callback: string): boolean {
    return this.callbacks.includes(callback);
  }
  /** What its filter leaves out. */
  left = (_: CallEvent): boolean => false;
  admits(event: CallEvent): boolean {
    return !this.left(event);
  }
  offer(event: CallEvent, deadlineMs: number, _nowMs: number, _conversation: Conversation, taker: AnswerTaker): void {
    this.seen.push(event);
    this.deadlines.push(deadlineMs);
    taker.answered(this.answer, performance.now());
  }
  /** Those who wait for the calls that are still here; `null`: there are none. */
  followers: Follower[] | null = null;
  follow(_conversation: Conversation, follower: Follower): boolean {
    return this.followers !== null && this.followers.push(follower) > 0;
  }
}

function pass(members: ChainMember[], event: CallEvent, chainDeadlineMs: number, skip?: string): Promise<ChainOutcome> {
  const endMs = performance.now() + chainDeadlineMs;
  return new Promise((done) =>
    runChain(members, { event, conversation: conversation('c'), endMs, ...(skip ? { skip } : {}) }, done),
  );
}

const message = makeEvent({ message: { params: { to: Buffer.from('b') }, payload: Buffer.from('hello') } });
const run = (members: ChainMember[], event = message) => pass(members, event, 5000);

describe('a chain', () => {
  it('without members passes', async () => {
    expect(await run([])).toEqual({ verdict: 'pass', by: null, trace: [], event: message });
  });

  it('goes in order, skips modules without the callback, and ends at the first that consumes', async () => {
    const members = [
      new Scripted('a', PASS),
      new Scripted('b', PASS, []),
      new Scripted('c', CONSUMED),
      new Scripted('d', PASS),
    ];
    const { verdict, by, trace } = await run(members);
    expect({ verdict, by }).toEqual({ verdict: 'consumed', by: 'c' });
    expect(trace.map((entry) => [entry.module, entry.verdict, entry.default])).toEqual([
      ['a', 'pass', null],
      ['c', 'consumed', null],
    ]);
    expect(members.map(({ seen }) => seen.length)).toEqual([1, 0, 1, 0]);
  });

  it('does not offer an event to a module that is left out, but waits there for earlier events', async () => {
    const [a, b, c] = [new Scripted('a', PASS), new Scripted('b', PASS, []), new Scripted('c', PASS)];
    a.followers = [];
    b.followers = [];
    const underway = pass([a, b, c], message, 5000, 'a');
    expect([a.followers, b.followers, c.seen].map(({ length }) => length)).toEqual([1, 0, 0]);
    a.followers[0]?.passed(0);
    expect([b.followers, c.seen].map(({ length }) => length)).toEqual([1, 0]);
    b.followers[0]?.passed(0);
    expect((await underway).trace.map(({ module }) => module)).toEqual(['c']);
    expect([...a.seen, ...b.seen]).toEqual([]);
  });

  it('asks a filter with the event as the members before left it, and does not offer what the filter leaves out', async () => {
    const changing = new Scripted('a', { ...PASS, payload: Buffer.from('HELLO') });
    const [b, c] = [new Scripted('b', PASS), new Scripted('c', PASS)];
    b.left = ({ payload }) => String(payload) === 'HELLO';
    c.left = ({ payload }) => String(payload) === 'hello';
    const { trace } = await run([changing, b, c]);
    expect(trace.map(({ module }) => module)).toEqual(['a', 'c']);
    expect(b.seen).toEqual([]);
  });

  it('lets what a filter leaves out wait there for earlier events, and asks no filter about a callback that is not there', async () => {
    const [a, b] = [new Scripted('a', PASS), new Scripted('b', PASS, [])];
    a.left = () => true;
    a.followers = [];
    b.left = () => {
      throw new Error('asked');
    };
    const underway = pass([a, b], message, 5000);
    expect(a.followers).toHaveLength(1);
    a.followers[0]?.passed(0);
    expect((await underway).trace).toEqual([]);
  });

  it('asks no filter on a route of its own, which leads to the sender of a message', () => {
    const sender = new Scripted('a', PASS);
    sender.left = () => true;
    const journey = new TestJourney(message, conversation('c'), performance.now() + 5000);
    journey.ownRoute = [sender];
    journey.begin([sender], performance.now());
    expect(sender.seen).toEqual([message]);
  });

  it('names a default that consumed', async () => {
    const { by, trace } = await run([new Scripted('a', { ...CONSUMED, default: 'crash' })]);
    expect(by).toBe('a');
    expect(trace[0]).toMatchObject({ verdict: 'consumed', default: 'crash' });
  });

  it('hands on the changes of each member: parameters, payload, both, nothing', async () => {
    const changed = { to: Buffer.from('c'), expiry: Long.fromNumber(7, true) };
    const members = [
      new Scripted('a', { ...PASS, payload: Buffer.from('HELLO') }),
      new Scripted('b', { ...PASS, params: changed }),
      new Scripted('c', PASS),
    ];
    const { event } = await run(members);
    expect(members[1]?.seen.map(partsOf)).toMatchObject([
      { message: { params: { to: Buffer.from('b') }, payload: Buffer.from('HELLO') } },
    ]);
    expect(partsOf(event)).toMatchObject({ message: { params: changed, payload: Buffer.from('HELLO') } });
    expect(message.payload).toEqual(Buffer.from('hello'));
  });

  it('hands on the parameters of a status', async () => {
    const changed = { status: Long.fromNumber(3, true) };
    const members = [new Scripted('a', { ...PASS, params: changed }), new Scripted('b', PASS)];
    await pass(members, makeEvent({ status: {} }), 5000);
    expect(members[1]?.seen.map(partsOf)).toMatchObject([{ status: changed }]);
  });

  it('leaves an event unchanged when nobody may change it', async () => {
    const login = makeEvent({ login: { address: Buffer.from('al'), online: Long.UONE, flags: Long.UZERO } });
    const changing = { ...PASS, params: { to: Buffer.from('x') }, payload: Buffer.from('y') };
    const members = [new Scripted('a', changing, ['on_login']), new Scripted('b', PASS, ['on_login'])];
    expect((await pass(members, login, 5000)).event).toBe(login);
    expect(members[1]?.seen).toEqual([login]);
  });

  it('hands on the changes of the member that consumed', async () => {
    const { event } = await run([new Scripted('a', { ...CONSUMED, payload: Buffer.from('HELLO') })]);
    expect(event.payload).toEqual(Buffer.from('HELLO'));
  });

  it('counts its deadline from its own begin, and each time from when the member was reached', async () => {
    const clock = stopClock();
    clock.hold(50);
    class Slow extends Scripted {
      override offer(...given: Parameters<ChainMember['offer']>): void {
        clock.hold(300);
        super.offer(...given);
      }
    }
    const members = [new Slow('a', PASS), new Slow('b', PASS), new Slow('c', PASS)];
    const { trace } = await pass(members, message, 1100);
    // Its own deadline of a second, then what the chain has left.
    expect(members.map(({ deadlines }) => deadlines)).toEqual([[1050], [1150], [1150]]);
    expect(trace.map(({ micros }) => micros)).toEqual([300_000, 300_000, 300_000]);
  });

  it('bounds each member by its own deadline and all of them by the chain’s', async () => {
    const members = [new Scripted('a', PASS), new Scripted('b', PASS)];
    const began = performance.now();
    await pass(members, message, 400);
    const ended = performance.now();
    for (const { deadlines } of members) {
      expect(deadlines[0]).toBeGreaterThanOrEqual(began + 400);
      expect(deadlines[0]).toBeLessThanOrEqual(ended + 400);
    }
    await pass(members, message, 60_000);
    expect(members[0]?.deadlines[1]).toBeLessThanOrEqual(performance.now() + 1000);
  });
});
