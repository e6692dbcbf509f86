/** Chains of real queues with random hosts: the order of a conversation holds whatever happens between its messages. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { matchSettings } from '../../../../src/config/match.js';
import { type Filter, type FilterSettings, makeFilter } from '../../../../src/filter/filter.js';
import { CallQueue } from '../../../../src/supervisor/calls/call-queue.js';
import type { ChainMember, Members } from '../../../../src/supervisor/calls/chain.js';
import { Conversation } from '../../../../src/supervisor/calls/conversation.js';
import { Entrance } from '../../../../src/supervisor/calls/entrance.js';
import type { AnswerTaker, Follower, PendingCall } from '../../../../src/supervisor/calls/pending-call.js';
import type { CallRoute, Shard } from '../../../../src/supervisor/calls/shard.js';
import { CallEvent } from '../../../../src/wire/call-event.js';
import { snapshotOf } from '../../../../src/wire/params.js';
import { conversation as conversationOf, TestJourney } from '../../../helpers/calls.js';
import { seeded } from '../../../helpers/random.js';

const WINDOW = 3;

/** A module whose host does one thing after the other, as hosts do, at the order of the test. */
class Member implements ChainMember, CallRoute {
  readonly spec = { deadlineMs: 200 };
  readonly seen: number[] = [];
  readonly #queue: CallQueue;
  readonly #shard: Shard;
  readonly #held: PendingCall[] = [];
  isWanted = true;
  isUp = true;
  filter: Filter | null = null;

  constructor(
    readonly name: string,
    private readonly fault?: Fault,
  ) {
    const settings = { queue: 4, queueBytes: 1e6, overload: 'default', onFailure: 'pass', sticky: true } as const;
    this.#queue = new CallQueue(settings, this, () => performance.now());
    this.#shard = this.#queue.add(0, this);
  }

  wants(): boolean {
    return this.isWanted;
  }
  admits(event: CallEvent, conversation: Conversation): boolean {
    return this.filter?.admits(event, conversation) ?? true;
  }
  offer(event: CallEvent, deadlineMs: number, nowMs: number, conversation: Conversation, taker: AnswerTaker): void {
    const line = this.fault === 'queues' ? conversationOf(String(numberOf(event))) : conversation;
    this.#queue.offer(event, deadlineMs, nowMs, line, taker);
  }
  told(): void {}
  moved(): void {}
  follow(conversation: Conversation, follower: Follower): boolean {
    return this.fault !== 'followers' && this.#queue.follow(conversation, follower);
  }
  credit(): number {
    return this.isUp ? WINDOW - this.#held.length : 0;
  }
  canWait(): boolean {
    return this.isUp;
  }
  takeFinished(): void {}
  isReady(): boolean {
    return this.isUp;
  }
  load(): number {
    return this.#held.length;
  }
  call(pending: PendingCall): void {
    this.#held.push(pending);
  }

  get holds(): boolean {
    return this.#held.length > 0;
  }

  /** Its host executes the oldest call. */
  work(next: (below: number) => number): void {
    const pending = this.#held.shift();
    if (!pending) return;
    this.seen.push(numberOf(pending.event));
    const verdict = next(5) === 0 ? 'consumed' : 'pass';
    if (!pending.settled) pending.settle({ verdict, default: null, params: null, payload: null }, performance.now());
    this.#queue.dispatch();
  }

  /** As by a stop: waiting calls have no host any more, and calls that a host holds are finished. */
  turn(isUp: boolean): void {
    this.isUp = isUp;
    this.#queue.bypass();
    this.#queue.dispatch();
  }

  /** Its host dies: the first of the calls that it held is lost, the others are offered again. */
  crash(): void {
    const [lost, ...unseen] = this.#held.splice(0);
    if (lost) this.#queue.giveDefault(lost, 'crash');
    this.#queue.putBack(this.#shard, unseen);
    this.#queue.dispatch();
  }
}

/** Uses the chain of the moment when it begins, whatever route the entrance knows of. */
class Traveller extends TestJourney {
  chain: () => Members = () => [];
  override begin(_route: Members, nowMs: number): void {
    super.begin(this.chain(), nowMs);
  }
}

const asked = (match: Parameters<typeof matchSettings.parse>[0]) => matchSettings.parse(match);
/** As a reload may give them to a module. */
const FILTERS: (FilterSettings | null)[] = [
  null,
  asked({ text: ['*[02468]'] }),
  asked({ from: ['!user-1'], text: ['!*[5-9]'] }),
  asked({ samplePercent: 50 }),
];

const numberOf = (event: CallEvent) => Number(String(event.payload));

/** Steps that a story may leave out, to show that its check notices that. */
type Fault = 'queues' | 'followers' | 'entrance';

/** Runs one random story and returns what was seen: by each module, and by the caller. */
async function tell(seed: number, fault?: Fault): Promise<{ seen: number[][]; outcomes: number[]; offered: number }> {
  const next = seeded(seed);
  const members = ['a', 'b', 'c', 'd'].map((name) => new Member(name, fault));
  const pick = () => members[next(members.length)] as Member;
  let chain: readonly Member[] = members.slice(0, 2 + next(3));
  const entrance = new Entrance<Members>(() => (fault === 'entrance' ? members : chain));
  const outcomes: number[] = [];
  let offered = 0;
  const offer = () => {
    const number = offered++;
    const params = { from: `user-${number % 3}`, to: 'all' };
    const event = CallEvent.message(params, Buffer.from(String(number)));
    const skip = next(10) === 0 ? pick().name : undefined;
    const conversation = Conversation.ofMessage(snapshotOf(params));
    const nowMs = performance.now();
    const journey = new Traveller(event, conversation, nowMs + 500, skip);
    journey.chain = () => chain;
    journey.over = (nowMs) => entrance.leave(journey, nowMs);
    journey.told = () => outcomes.push(numberOf(journey.event));
    entrance.enter(journey, nowMs);
  };
  const deeds: (() => void)[] = [
    ...Array.from({ length: 8 }, () => offer),
    ...Array.from({ length: 12 }, () => () => pick().work(next)),
    () => pick().turn(next(2) === 0),
    () => pick().turn(true),
    () => pick().crash(),
    () => {
      pick().isWanted = next(3) > 0;
    },
    () => {
      pick().filter = makeFilter(FILTERS[next(FILTERS.length)] as FilterSettings | null);
    },
    () => {
      chain = [...members].sort(() => next(3) - 1).slice(0, 1 + next(members.length));
    },
  ];
  for (let i = 0; i < 400; i++) {
    (deeds[next(deeds.length)] as () => void)();
    if (next(8) === 0) await vi.advanceTimersByTimeAsync(next(40));
    else await null;
  }
  while (members.some(({ holds }) => holds)) {
    for (const member of members) member.work(next);
    await null;
  }
  await vi.advanceTimersByTimeAsync(2000);
  return { seen: members.map(({ seen }) => seen), outcomes, offered };
}

/** Numbers that come after a greater one of their conversation. */
function overtaken(numbers: number[]): number[] {
  const last = new Map<number, number>();
  return numbers.filter((number) => {
    const before = last.get(number % 3) ?? -1;
    last.set(number % 3, Math.max(before, number));
    return number < before;
  });
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('the order of a conversation', () => {
  it('holds at every module and at the caller, through stops, crashes, deadlines, overload, other filters and other chains', async () => {
    for (let seed = 1; seed <= 150; seed++) {
      const { seen, outcomes, offered } = await tell(seed);
      expect([...seen, outcomes].map(overtaken), `seed ${seed}`).toEqual([[], [], [], [], []]);
      expect([...outcomes].sort((a, b) => a - b)).toEqual(Array.from({ length: offered }, (_, i) => i));
    }
  });
  it.each<Fault>(['queues', 'followers', 'entrance'])('breaks visibly without the work of the %s', async (fault) => {
    let late = 0;
    for (let seed = 1; seed <= 50; seed++) late += (await tell(seed, fault)).seen.flatMap(overtaken).length;
    expect(late).toBeGreaterThan(0);
  });
});
