import Long from 'long';
import { describe, expect, it } from 'vitest';
import type { CallAnswer, CallEvent } from '../../../src/supervisor/calls/pending-call.js';
import { type Callback, type ChainMember, type ChainOutcome, runChain } from '../../../src/supervisor/chain.js';
import { stopClock } from '../../helpers/clock.js';

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
  offer(event: CallEvent, deadlineMs: number, _conversation: string, settled: (answer: CallAnswer) => void): void {
    this.seen.push(event);
    this.deadlines.push(deadlineMs);
    settled(this.answer);
  }
  /** Who waits for calls that are still here; `null`: there are none. */
  followers: (() => void)[] | null = null;
  follow(_conversation: string, passed: () => void): boolean {
    return this.followers !== null && this.followers.push(passed) > 0;
  }
}

function pass(
  members: ChainMember[],
  callback: Callback,
  event: CallEvent,
  chainDeadlineMs: number,
  skip?: string,
): Promise<ChainOutcome> {
  const endMs = performance.now() + chainDeadlineMs;
  return new Promise((done) => runChain(members, { callback, event, conversation: 'c', endMs, skip }, done));
}

const message: CallEvent = { message: { params: { to: Buffer.from('b') }, payload: Buffer.from('hello') } };
const run = (members: ChainMember[], event = message) => pass(members, 'on_message', event, 5000);

describe('a chain', () => {
  it('without members passes', async () => {
    expect(await run([])).toEqual({ verdict: 'pass', by: null, trace: [], event: message });
  });

  it('goes in order, skips who has no such callback, and ends at the first consumed', async () => {
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

  it('does not offer an event to who is left out, and waits for earlier ones there', async () => {
    const [a, b, c] = [new Scripted('a', PASS), new Scripted('b', PASS, []), new Scripted('c', PASS)];
    a.followers = [];
    b.followers = [];
    const underway = pass([a, b, c], 'on_message', message, 5000, 'a');
    expect([a.followers, b.followers, c.seen].map(({ length }) => length)).toEqual([1, 0, 0]);
    a.followers[0]?.();
    expect([b.followers, c.seen].map(({ length }) => length)).toEqual([1, 0]);
    b.followers[0]?.();
    expect((await underway).trace.map(({ module }) => module)).toEqual(['c']);
    expect([...a.seen, ...b.seen]).toEqual([]);
  });

  it('names a default that consumed', async () => {
    const { by, trace } = await run([new Scripted('a', { ...CONSUMED, default: 'crash' })]);
    expect(by).toBe('a');
    expect(trace[0]).toMatchObject({ verdict: 'consumed', default: 'crash' });
  });

  it('hands on what each member left: parameters, payload, both, nothing', async () => {
    const changed = { to: Buffer.from('c'), expiry: Long.fromNumber(7, true) };
    const members = [
      new Scripted('a', { ...PASS, payload: Buffer.from('HELLO') }),
      new Scripted('b', { ...PASS, params: changed }),
      new Scripted('c', PASS),
    ];
    const { event } = await run(members);
    expect(members[1]?.seen[0]?.message).toEqual({ params: { to: Buffer.from('b') }, payload: Buffer.from('HELLO') });
    expect(event.message).toEqual({ params: changed, payload: Buffer.from('HELLO') });
    expect(message.message?.payload).toEqual(Buffer.from('hello'));
  });

  it('hands on the parameters of a status', async () => {
    const changed = { status: Long.fromNumber(3, true) };
    const members = [new Scripted('a', { ...PASS, params: changed }), new Scripted('b', PASS)];
    await pass(members, 'on_message_status', { status: {} }, 5000);
    expect(members[1]?.seen).toEqual([{ status: changed }]);
  });

  it('leaves an event as it is that nobody may change', async () => {
    const login: CallEvent = { login: { address: Buffer.from('al') } };
    const changing = { ...PASS, params: { to: Buffer.from('x') }, payload: Buffer.from('y') };
    const members = [new Scripted('a', changing, ['on_login']), new Scripted('b', PASS, ['on_login'])];
    expect((await pass(members, 'on_login', login, 5000)).event).toBe(login);
    expect(members[1]?.seen).toEqual([login]);
  });

  it('hands on what the one changed that consumed', async () => {
    const { event } = await run([new Scripted('a', { ...CONSUMED, payload: Buffer.from('HELLO') })]);
    expect(event.message?.payload).toEqual(Buffer.from('HELLO'));
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
    const { trace } = await pass(members, 'on_message', message, 1100);
    // Its own deadline of a second, then what the chain has left.
    expect(members.map(({ deadlines }) => deadlines)).toEqual([[1050], [1150], [1150]]);
    expect(trace.map(({ micros }) => micros)).toEqual([300_000, 300_000, 300_000]);
  });

  it('bounds each member by its own deadline and all of them by the chain’s', async () => {
    const members = [new Scripted('a', PASS), new Scripted('b', PASS)];
    const began = performance.now();
    await pass(members, 'on_message', message, 400);
    const ended = performance.now();
    for (const { deadlines } of members) {
      expect(deadlines[0]).toBeGreaterThanOrEqual(began + 400);
      expect(deadlines[0]).toBeLessThanOrEqual(ended + 400);
    }
    await pass(members, 'on_message', message, 60_000);
    expect(members[0]?.deadlines[1]).toBeLessThanOrEqual(performance.now() + 1000);
  });
});
