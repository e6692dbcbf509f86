/** A queue with several replicas: which one gets what, and what becomes of it when replicas come and go. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CallQueue, type QueueSettings } from '../../../../src/supervisor/calls/call-queue.js';
import { chooseByHash, chooseByLoad } from '../../../../src/supervisor/calls/choose-shard.js';
import { type CallAnswer, PendingCall } from '../../../../src/supervisor/calls/pending-call.js';
import { type CallRoute, Shard } from '../../../../src/supervisor/calls/shard.js';
import { conversation as conversationOf, makeEvent, taker } from '../../../helpers/calls.js';
import { seeded } from '../../../helpers/random.js';

const PASS: CallAnswer = { verdict: 'pass', default: null, params: null, payload: null };
const settings: QueueSettings = { queue: 1000, queueBytes: 1e6, overload: 'default', onFailure: 'pass', sticky: true };

/** A host with a window, which answers when a test says so. */
class FakeHost implements CallRoute {
  window = 4;
  isUp = true;
  canStart = true;
  readonly held: PendingCall[] = [];
  readonly seen: string[] = [];
  credit(): number {
    return this.isUp ? this.window - this.held.length : 0;
  }
  call(pending: PendingCall): void {
    pending.seq = this.seen.length + 1;
    this.held.push(pending);
    this.seen.push(String(pending.event.payload));
  }
  canWait(): boolean {
    return this.isUp || this.canStart;
  }
  takeFinished(): void {}
  isReady(): boolean {
    return this.isUp;
  }
  load(): number {
    return this.held.length;
  }
}

let queue: CallQueue;
let hosts: FakeHost[];
let shards: Shard[];
let answers: string[];
/** Calls that went from one replica to another. */
let moved = 0;

function open(count: number, changed: Partial<QueueSettings> = {}): void {
  queue = new CallQueue({ ...settings, ...changed }, { told: () => undefined, moved: () => moved++ }, Date.now);
  hosts = Array.from({ length: count }, () => new FakeHost());
  shards = hosts.map((host, index) => queue.add(index, host));
  answers = [];
  moved = 0;
}

function offer(
  conversation: string,
  text: string,
  { bound = null as Shard | null, deadlineMs = 1000, isCopy = false } = {},
): Shard {
  const event = makeEvent({ message: { payload: Buffer.from(text) } });
  const told = taker((answer) => answers.push(answer.default === null ? text : `${text}:${answer.default}`));
  return queue.offer(event, Date.now() + deadlineMs, Date.now(), conversationOf(conversation), told, bound, isCopy);
}

/** Its host answers the oldest call. */
function answer(index: number): void {
  const pending = hosts[index]?.held.shift();
  if (pending?.settled) queue.released(pending);
  else pending?.settle(PASS, Date.now());
  queue.dispatch();
}

/** Its host dies while it executes the oldest call. */
function die(index: number): void {
  const host = hosts[index] as FakeHost;
  host.isUp = false;
  const [lost, ...unseen] = host.held.splice(0);
  queue.putBack(shards[index] as Shard, unseen);
  if (lost) {
    queue.released(lost);
    queue.giveDefault(lost, 'crash');
  }
  queue.bypass();
  queue.dispatch();
}

/** A conversation whose home is a replica. @param skip - how many such are left out */
function conversationAt(index: number, skip = 0): string {
  for (let i = 0, left = skip; ; i++) {
    const name = `c${i}`;
    if (chooseByHash(shards, conversationOf(name).hash)?.index === index && left-- === 0) return name;
  }
}

/** A call of another conversation that a host has. */
function held(conversation: string): PendingCall {
  const event = makeEvent({ message: { payload: Buffer.from(conversation) } });
  const keeper = { settled: () => undefined, leaves: () => undefined };
  return new PendingCall(
    event,
    Date.now() + 1000,
    Date.now(),
    conversationOf(conversation),
    keeper,
    taker(() => {}),
  );
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('rendezvous hashing', () => {
  const make = (count: number) => Array.from({ length: count }, (_, i) => new Shard(i, new FakeHost()));
  const random = seeded(20);
  const hashes = Array.from({ length: 20_000 }, () => (random(2 ** 31) * 2) | 0);

  it('gives each replica about the same share', () => {
    const shards = make(8);
    const shares = new Array(8).fill(0);
    for (const hash of hashes) shares[chooseByHash(shards, hash)?.index ?? -1] += 1;
    for (const share of shares) expect(Math.abs(share - 2500)).toBeLessThan(300);
  });

  it('moves only the share of a replica that goes or comes', () => {
    const five = make(5);
    const four = five.filter(({ index }) => index !== 2);
    let moved = 0;
    for (const hash of hashes) {
      const before = chooseByHash(five, hash)?.index;
      const after = chooseByHash(four, hash)?.index;
      if (before === 2) moved += 1;
      else expect(after).toBe(before);
    }
    expect(moved).toBeGreaterThan(0);
  });

  it('has no answer without replicas', () => {
    expect([chooseByHash([], 1), chooseByLoad([])]).toEqual([null, null]);
  });
});

describe('a queue with replicas', () => {
  it('gives all of a conversation to one replica, in its order', () => {
    open(4);
    const used = Array.from({ length: 20 }, (_, i) => offer('one', `${i}`));
    expect(new Set(used).size).toBe(1);
    const [{ index } = { index: 0 }] = used;
    for (let i = 0; i < 20; i++) answer(index);
    expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`));
  });

  it('does not hold up other conversations behind a replica that is full', () => {
    open(2);
    const [slow, quick] = [conversationAt(0), conversationAt(1)];
    for (let i = 0; i < 10; i++) offer(slow, `s${i}`);
    offer(quick, 'q');
    answer(1);
    expect(answers).toEqual(['q']);
  });

  it('gives what waits for a dead replica to others, and keeps its order', () => {
    open(2);
    const home = conversationAt(0);
    for (let i = 0; i < 8; i++) offer(home, `${i}`);
    die(0);
    expect(answers).toEqual(['0:crash']);
    expect(hosts[1]?.seen).toEqual(['1', '2', '3', '4']);
    expect(moved).toBe(7);
    for (let i = 0; i < 7; i++) answer(1);
    expect(answers).toEqual(['0:crash', '1', '2', '3', '4', '5', '6', '7']);
  });

  it('does not let a message overtake that is offered as soon as an earlier one has its default', () => {
    open(2);
    const home = conversationAt(0);
    const event = makeEvent({ message: { payload: Buffer.from('0') } });
    const again = taker(() => offer(home, 'late'));
    queue.offer(event, Date.now() + 1000, Date.now(), conversationOf(home), again);
    for (let i = 1; i < 6; i++) offer(home, `${i}`);
    die(0);
    for (let i = 0; i < 6; i++) answer(1);
    expect(hosts[1]?.seen).toEqual(['1', '2', '3', '4', '5', 'late']);
  });

  it('does not wait for a replica that will not come when another one is about to start', () => {
    open(2);
    for (const host of hosts) host.isUp = false;
    offer(conversationAt(0), 'a');
    (hosts[0] as FakeHost).canStart = false;
    queue.bypass();
    expect([answers, shards.map(({ length }) => length)]).toEqual([[], [0, 1]]);
  });

  it('leaves a conversation where it is until nothing of it is there', () => {
    open(2);
    const home = conversationAt(0);
    (hosts[0] as FakeHost).isUp = false;
    expect(offer(home, 'a').index).toBe(1);
    (hosts[0] as FakeHost).isUp = true;
    expect(offer(home, 'b').index).toBe(1);
    answer(1);
    answer(1);
    expect(offer(home, 'c').index).toBe(0);
  });

  it('does not move a conversation while a host executes an overdue message of it', () => {
    open(1);
    offer('c', 'slow', { deadlineMs: 100 });
    vi.advanceTimersByTime(101);
    expect(answers).toEqual(['slow:deadline']);
    for (let i = 1; i < 8; i++) {
      hosts.push(new FakeHost());
      shards.push(queue.add(i, hosts[i] as FakeHost));
    }
    const name = Array.from({ length: 100 }, (_, i) => `x${i}`).find(
      (name) => chooseByHash(shards, conversationOf(name).hash)?.index !== 0,
    ) as string;
    // Another conversation goes to its home at once.
    expect(offer(name, 'other').index).not.toBe(0);
    expect(offer('c', 'next').index).toBe(0);
    answer(0);
    answer(0);
    expect(shards[0]?.overdue.size).toBe(0);
    expect(offer('c', 'last')).toBe(chooseByHash(shards, conversationOf('c').hash));
  });

  it('waits for the next start when no replica is ready, and takes the first that is', () => {
    open(3);
    for (const host of hosts) host.isUp = false;
    const home = conversationAt(2);
    expect(offer(home, 'a').index).toBe(2);
    expect(answers).toEqual([]);
    (hosts[0] as FakeHost).isUp = true;
    queue.dispatch();
    expect(hosts[0]?.seen).toEqual(['a']);
  });

  it('gives the default when no replica will come any more', () => {
    open(2);
    for (const host of hosts) host.isUp = false;
    offer('a', 'a');
    offer('b', 'b');
    for (const host of hosts) host.canStart = false;
    queue.bypass();
    offer('c', 'c');
    expect(answers.toSorted()).toEqual(['a:down', 'b:down', 'c:down']);
  });

  it('gives what waits for a replica without a next start to others, once the host that was replaced has finished', () => {
    open(2);
    const home = conversationAt(0);
    Object.assign(hosts[0] as FakeHost, { window: 1 });
    for (const text of ['held', 'waits']) offer(home, text);
    // The next host has died too, and none follows in time. The one before it still executes a call.
    Object.assign(hosts[0] as FakeHost, { isUp: false, canStart: false });
    queue.bypass();
    offer(home, 'late');
    expect([answers, hosts[1]?.seen]).toEqual([[], []]);
    answer(0);
    expect([answers, hosts[1]?.seen]).toEqual([['held'], ['waits', 'late']]);
  });

  it('gives the default to what waits for such a replica when no other one is ready', () => {
    open(2);
    Object.assign(hosts[0] as FakeHost, { window: 1 });
    for (const text of ['held', 'waits']) offer(conversationAt(0), text);
    for (const host of hosts) Object.assign(host, { isUp: false, canStart: false });
    queue.bypass();
    answer(0);
    expect(answers).toEqual(['held', 'waits:down']);
  });

  it('lets a replica that leaves keep its conversations until it is removed', () => {
    open(2);
    const home = conversationAt(1);
    for (let i = 0; i < 6; i++) offer(home, `${i}`);
    const leaving = shards[1] as Shard;
    leaving.isLeaving = true;
    (hosts[1] as FakeHost).window = 0;
    expect(offer(home, '6').index).toBe(1);
    const other = Array.from({ length: 100 }, (_, i) => `y${i}`).find(
      (name) => chooseByHash(shards, conversationOf(name).hash) === leaving,
    ) as string;
    expect(offer(other, 'other').index).toBe(0);
    for (let i = 0; i < 4; i++) answer(1);
    expect(hosts[0]?.seen).toEqual(['other']);
    queue.remove(leaving);
    expect(hosts[0]?.seen).toEqual(['other', '4', '5', '6']);
    expect(answers).toEqual(['0', '1', '2', '3']);
    expect(queue.length).toBe(0);
  });

  it('keeps what is for one replica there, also when that one is down, until it is removed', () => {
    open(2);
    const [own, other] = shards as [Shard, Shard];
    (hosts[0] as FakeHost).isUp = false;
    offer('s', 'status', { bound: own });
    offer(conversationAt(0), 'message');
    queue.dispatch();
    expect(hosts[1]?.seen).toEqual(['message']);
    queue.remove(own);
    expect(hosts[1]?.seen).toEqual(['message', 'status']);
    expect(offer('s', 'late', { bound: own })).toBe(other);
  });

  it('gives what is for one replica to another when that one will not come', () => {
    open(2);
    const [own, other] = shards as [Shard, Shard];
    Object.assign(hosts[0] as FakeHost, { isUp: false });
    offer('s', 'waits', { bound: own });
    Object.assign(hosts[0] as FakeHost, { canStart: false });
    queue.bypass();
    expect(hosts[1]?.seen).toEqual(['waits']);
    expect(offer('t', 'late', { bound: own })).toBe(other);
    expect(answers).toEqual([]);
  });

  it('never gives what each replica gets once to another one', () => {
    open(2);
    const own = shards[0] as Shard;
    Object.assign(hosts[0] as FakeHost, { isUp: false });
    offer('s', 'copy', { bound: own, isCopy: true });
    Object.assign(hosts[0] as FakeHost, { canStart: false });
    queue.bypass();
    offer('t', 'late', { bound: own, isCopy: true });
    Object.assign(hosts[0] as FakeHost, { canStart: true });
    offer('u', 'last', { bound: own, isCopy: true });
    queue.remove(own);
    expect([hosts[1]?.seen, answers]).toEqual([[], ['copy:down', 'late:down', 'last:down']]);
  });

  describe('a conversation that always has a message under way', () => {
    let away: string;
    /** It is at the first replica, and belongs to the second, which comes only now. */
    function comeLate(changed: Partial<QueueSettings> = {}): void {
      open(2, changed);
      away = conversationAt(1);
      open(1, changed);
      for (const text of ['1', '2', '3']) offer(away, text);
      hosts.push(new FakeHost());
      shards.push(queue.add(1, hosts[1] as FakeHost));
    }

    it('moves as soon as its former replica has answered what it has', () => {
      comeLate();
      for (const text of ['4', '5']) offer(away, text);
      expect(queue.length).toBe(2);
      for (const text of ['6', '7', '8']) {
        answer(0);
        offer(away, text);
      }
      expect(hosts[0]?.seen).toEqual(['1', '2', '3']);
      expect(hosts[1]?.seen).toEqual(['4', '5', '6', '7']);
      answer(1);
      expect(hosts[1]?.seen).toEqual(['4', '5', '6', '7', '8']);
      expect(moved).toBe(4);
      expect(queue.length).toBe(0);
    });

    it('stays where an overdue message of it is executed', () => {
      comeLate();
      offer(away, '4', { deadlineMs: 10 });
      vi.advanceTimersByTime(1100);
      expect(answers).toEqual(['1:deadline', '2:deadline', '3:deadline', '4:deadline']);
      offer(away, '5');
      for (let i = 0; i < 2; i++) answer(0);
      expect(hosts[1]?.seen).toEqual([]);
      answer(0);
      expect(hosts[1]?.seen).toEqual(['5']);
    });

    it('keeps its order when its former replica dies', () => {
      comeLate();
      offer(away, '4');
      die(0);
      expect(hosts[1]?.seen).toEqual(['2', '3', '4']);
      expect(answers).toEqual(['1:crash']);
    });

    it('keeps its order when the replica dies that it is to go to', () => {
      comeLate();
      offer(away, '4');
      (hosts[1] as FakeHost).isUp = false;
      offer(away, '5');
      for (let i = 0; i < 3; i++) answer(0);
      expect(hosts[0]?.seen).toEqual(['1', '2', '3', '4', '5']);
    });

    it('gets the default verdict at its deadline, for want of room, and when no replica is left', () => {
      comeLate({ queue: 2 });
      offer(away, '4', { deadlineMs: 10 });
      vi.advanceTimersByTime(20);
      for (const text of ['5', '6', '7']) offer(away, text);
      for (const host of hosts) host.canStart = false;
      (hosts[1] as FakeHost).isUp = false;
      answer(0);
      die(0);
      expect(answers).toEqual(['1', '2:crash', '3:down', '4:deadline', '5:down', '6:down', '7:overload']);
      expect(queue.length).toBe(0);
    });

    it('leaves a replica with much to do for one with little when conversations do not stick', () => {
      comeLate({ sticky: false });
      const host = hosts[0] as FakeHost;
      host.window = 20;
      for (let i = 0; i < 8; i++) host.call(held(`o${i}`));
      offer(away, '4');
      expect(hosts[0]?.seen).not.toContain('4');
      for (let i = 0; i < 3; i++) answer(0);
      expect(hosts[1]?.seen).toEqual(['4']);
    });

    it('stays, when conversations do not stick, where the work is its own', () => {
      comeLate({ sticky: false });
      (hosts[0] as FakeHost).window = 20;
      for (let i = 4; i < 20; i++) offer(away, `${i}`);
      expect(hosts[0]?.seen).toHaveLength(19);
    });

    it('keeps its order when the replica is removed that it was to go to, and one is left', () => {
      comeLate();
      offer(away, '4');
      queue.remove(shards[1] as Shard);
      offer(away, '5');
      expect(hosts[0]?.seen).toEqual(['1', '2', '3']);
      for (let i = 0; i < 3; i++) answer(0);
      expect(hosts[0]?.seen).toEqual(['1', '2', '3', '4', '5']);
      expect(moved).toBe(0);
      expect(queue.length).toBe(0);
    });

    it('stays when nothing may wait', () => {
      comeLate({ queue: 0 });
      offer(away, '4');
      expect(hosts[0]?.seen).toEqual(['1', '2', '3', '4']);
      expect(answers).toEqual([]);
    });

    it('is handed over once, also when another move ends at the same time', () => {
      open(2);
      const [one, two] = [conversationAt(1), conversationAt(1, 1)];
      open(1);
      for (const name of [one, two]) offer(name, `${name} 1`);
      offer(two, 'bad');
      hosts.push(new FakeHost());
      const target = hosts[1] as FakeHost;
      target.window = 20;
      const take = target.call.bind(target);
      // As a message in quarantine is.
      target.call = (pending) => {
        if (String(pending.event.payload) === 'bad') queue.giveDefault(pending, 'quarantine');
        else take(pending);
      };
      shards.push(queue.add(1, target));
      for (const name of [one, two]) offer(name, `${name} 2`);
      (hosts[0] as FakeHost).held.shift()?.settle(PASS, Date.now());
      (hosts[0] as FakeHost).held.shift()?.settle(PASS, Date.now());
      hosts[0]?.held.unshift(...hosts[0].held.splice(0));
      (hosts[0] as FakeHost).isUp = false;
      queue.putBack(shards[0] as Shard, (hosts[0] as FakeHost).held.splice(0));
      queue.bypass();
      queue.dispatch();
      expect(new Set(target.seen).size).toBe(target.seen.length);
      while (target.held.length > 0) answer(1);
      expect(answers).toContain('bad:quarantine');
      expect(answers).toHaveLength(5);
      expect(queue.length).toBe(0);
    });
  });

  it('gives each message to the replica with the least to do when conversations do not stick', () => {
    open(3, { sticky: false });
    const used = Array.from({ length: 9 }, (_, i) => offer(`c${i}`, `${i}`).index);
    expect(used).toEqual([0, 1, 2, 0, 1, 2, 0, 1, 2]);
    // One conversation is still served in its order.
    const [first, second] = [offer('same', 'a'), offer('same', 'b')];
    expect(second).toBe(first);
  });
});

describe('replicas by chance', () => {
  it.each([1, 2, 3, 4, 5, 6])('nothing is lost, doubled or out of its order (seed %i)', (seed) => {
    const random = seeded(seed);
    open(4, { sticky: seed % 2 === 0 });
    const offered = new Map<string, number>();
    let total = 0;
    const move = [
      () => {
        const name = `c${random(12)}`;
        const number = (offered.get(name) ?? 0) + 1;
        offered.set(name, number);
        total += 1;
        offer(name, `${name} ${number}`, { deadlineMs: 50 + random(2000) });
      },
      () => answer(random(hosts.length)),
      () => random(10) === 0 && die(random(hosts.length)),
      () => {
        const host = hosts[random(hosts.length)] as FakeHost;
        host.isUp = true;
        queue.dispatch();
      },
      () => vi.advanceTimersByTime(random(20)),
    ];
    for (let i = 0; i < 6000; i++) move[[0, 0, 1, 1, 1, 2, 3, 4][random(8)] as number]?.();
    for (const host of hosts) host.isUp = true;
    queue.dispatch();
    for (let i = 0; i < total; i++) for (const index of hosts.keys()) answer(index);
    vi.advanceTimersByTime(10_000);
    expect(answers).toHaveLength(total);
    const last = new Map<string, number>();
    for (const told of answers) {
      const [, name = '', number] = /^(\w+) (\d+)/.exec(told) ?? [];
      expect(Number(number)).toBe((last.get(name) ?? 0) + 1);
      last.set(name, Number(number));
    }
    for (const { overdue } of shards) expect(overdue.size).toBe(0);
  });

  it.each([7, 8, 9])('no two hosts have calls of one conversation at a time (seed %i)', (seed) => {
    const random = seeded(seed);
    open(4, { sticky: seed % 2 === 0 });
    for (let i = 0; i < 4000; i++) {
      const what = random(10);
      if (what < 5) offer(`c${random(6)}`, `${i}`, { deadlineMs: 20 + random(300) });
      else if (what < 8) answer(random(4));
      else if (what === 8) vi.advanceTimersByTime(random(30));
      else if (random(8) === 0) die(random(4));
      else {
        (hosts[random(4)] as FakeHost).isUp = true;
        queue.dispatch();
      }
      const holders = new Map<string, Set<number>>();
      for (const [index, { held }] of hosts.entries()) {
        for (const { conversation } of held) {
          const key = String(conversation.hash);
          holders.set(key, (holders.get(key) ?? new Set()).add(index));
        }
      }
      for (const [key, indexes] of holders) expect(`${key}: ${indexes.size}`).toBe(`${key}: 1`);
    }
  });
});
