import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SupervisorError } from '../../../../src/errors.js';
import { Recycling, type RenewalEnd } from '../../../../src/supervisor/module/recycling.js';
import { limitOf, retryDelayMs } from '../../../../src/supervisor/module/recycling-policy.js';
import type { Wear } from '../../../../src/supervisor/types.js';

interface TestHost {
  generation: number;
  messages: number;
  readyMs: number;
}

/** Whose successor is ready when the test says so. */
class TestReplica {
  host: TestHost;
  isWanted = true;
  #ended: ((end: RenewalEnd<TestHost>) => void) | null = null;

  constructor(generation: number) {
    this.host = { generation, messages: 0, readyMs: 0 };
  }

  get renewable(): TestHost | null {
    return this.isWanted ? this.host : null;
  }

  get isRenewing(): boolean {
    return this.#ended !== null;
  }

  renew(_: Wear, ended: (end: RenewalEnd<TestHost>) => void): void {
    expect(this.isRenewing).toBe(false);
    this.#ended = ended;
  }

  giveUpRenewal(): void {
    this.end({ kind: 'given-up' });
  }

  takeOver(generation: number, readyMs = 0): void {
    this.host = { generation, messages: 0, readyMs };
    this.end({ kind: 'took-over', by: this.host });
  }

  fail(): void {
    this.end({ kind: 'failed', error: new SupervisorError('MODULE_INIT_REFUSED', 'it refused') });
  }

  end(end: RenewalEnd<TestHost>): void {
    const ended = this.#ended;
    this.#ended = null;
    ended?.(end);
  }
}

class Scene {
  nowMs = 0;
  isBusy = false;
  settings: { maxMessages: number | null; maxAgeMs: number | null } = { maxMessages: 100, maxAgeMs: null };
  readonly replicas: TestReplica[];
  readonly told: string[] = [];
  readonly recycling: Recycling<TestHost>;

  constructor(count: number) {
    this.replicas = Array.from({ length: count }, (_, at) => new TestReplica(at + 1));
    this.recycling = new Recycling<TestHost>({
      settings: () => this.settings,
      replicas: () => this.replicas,
      isBusy: () => this.isBusy,
      recycled: (host, by, { cause }) => this.told.push(`${host.generation} to ${by.generation}: ${cause}`),
      failed: (host, { cause }, { code }, retryMs) =>
        this.told.push(`${host.generation} stays: ${cause}, ${code}, ${retryMs}`),
      now: () => this.nowMs,
    });
  }

  replica(at: number): TestReplica {
    return this.replicas[at] as TestReplica;
  }

  /** Lets time pass, for the timers too. */
  wait(ms: number): void {
    this.nowMs += ms;
    vi.advanceTimersByTime(ms);
  }

  get renewing(): number[] {
    return this.replicas.flatMap(({ isRenewing }, at) => (isRenewing ? [at] : []));
  }
}

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe('max_messages', () => {
  it('replaces a host that has answered so many', () => {
    const scene = new Scene(1);
    scene.replica(0).host.messages = 80;
    scene.recycling.spent(scene.replica(0).host, 0);
    expect(scene.renewing).toEqual([]);
    scene.replica(0).host.messages = 100;
    scene.recycling.spent(scene.replica(0).host, 0);
    expect(scene.renewing).toEqual([0]);
    scene.replica(0).takeOver(2);
    expect(scene.told).toEqual(['1 to 2: messages']);
  });

  it('replaces one at a time, and the others as soon as nothing is in the way', () => {
    const scene = new Scene(3);
    for (const { host } of scene.replicas) host.messages = 100;
    scene.recycling.spent(scene.replica(0).host, 0);
    scene.recycling.look();
    expect(scene.renewing).toEqual([0]);
    scene.isBusy = true;
    scene.replica(0).takeOver(4);
    // The old host finishes.
    scene.recycling.look();
    expect(scene.renewing).toEqual([]);
    scene.isBusy = false;
    scene.recycling.look();
    expect(scene.renewing).toEqual([1]);
  });

  it('waits for what is prepared, and looks again by itself', () => {
    const scene = new Scene(1);
    scene.isBusy = true;
    scene.replica(0).host.messages = 100;
    scene.recycling.look();
    scene.isBusy = false;
    scene.wait(1100);
    expect(scene.renewing).toEqual([0]);
  });
});

describe('a successor that cannot start', () => {
  it('leaves the old host, and is tried again later and later', () => {
    const scene = new Scene(1);
    scene.replica(0).host.messages = 100;
    for (const delayMs of [1000, 2000, 4000]) {
      scene.recycling.look();
      expect(scene.renewing).toEqual([0]);
      scene.replica(0).fail();
      scene.recycling.look();
      scene.wait(delayMs - 1);
      scene.recycling.spent(scene.replica(0).host, scene.nowMs);
      expect(scene.renewing).toEqual([]);
      scene.wait(2);
      expect(scene.renewing).toEqual([0]);
    }
    scene.replica(0).takeOver(2);
    expect(scene.told).toEqual([
      '1 stays: messages, MODULE_INIT_REFUSED, 1000',
      '1 stays: messages, MODULE_INIT_REFUSED, 2000',
      '1 stays: messages, MODULE_INIT_REFUSED, 4000',
      '1 to 2: messages',
    ]);
  });

  it('does not keep the other replicas from being replaced', () => {
    const scene = new Scene(3);
    scene.settings = { maxMessages: 100, maxAgeMs: 100_000 };
    scene.replica(0).host.messages = 100;
    scene.replica(1).host.messages = 100;
    scene.recycling.look();
    scene.replica(0).fail();
    scene.recycling.look();
    expect(scene.renewing).toEqual([1]);
    scene.replica(1).takeOver(4);
    for (let failures = 2; failures <= 5; failures++) {
      scene.recycling.look();
      scene.wait(retryDelayMs(failures - 1) + 2);
      expect(scene.renewing).toEqual([0]);
      scene.replica(0).fail();
    }
    // It is to be tried again in 16 s, and the third replica comes of age before that.
    const { host } = scene.replica(2);
    host.readyMs = scene.nowMs + 5000 - limitOf(100_000, host.generation);
    scene.recycling.look();
    scene.wait(5002);
    expect(scene.renewing).toEqual([2]);
  });

  it('counts from 0 after one that could', () => {
    const scene = new Scene(1);
    scene.replica(0).host.messages = 100;
    scene.recycling.look();
    scene.replica(0).fail();
    scene.recycling.look();
    scene.wait(1002);
    scene.replica(0).takeOver(2);
    scene.replica(0).host.messages = 100;
    scene.recycling.look();
    scene.replica(0).fail();
    expect(scene.told.at(-1)).toBe('2 stays: messages, MODULE_INIT_REFUSED, 1000');
  });
});

it('max_age replaces a host when it is so old, without a message', () => {
  const scene = new Scene(2);
  scene.settings = { maxMessages: null, maxAgeMs: 10_000 };
  scene.recycling.look();
  scene.wait(8999);
  expect(scene.renewing).toEqual([]);
  scene.wait(1001);
  expect(scene.renewing).toHaveLength(1);
  const [at = 0] = scene.renewing;
  scene.replica(at).takeOver(3, scene.nowMs);
  scene.recycling.look();
  scene.wait(2);
  expect(scene.renewing).toEqual([1 - at]);
  scene.replica(1 - at).takeOver(4, scene.nowMs);
  scene.recycling.look();
  scene.wait(8000);
  expect(scene.renewing).toEqual([]);
  expect(scene.told).toHaveLength(2);
});

it('an age of weeks needs no timer of weeks', () => {
  const scene = new Scene(1);
  const maxAgeMs = 30 * 86_400_000;
  scene.settings = { maxMessages: null, maxAgeMs };
  scene.recycling.look();
  for (let hours = 0; hours < 30 * 24; hours += 1) scene.wait(3_600_000);
  expect(scene.renewing).toEqual([0]);
});

it('an order ends what is prepared, nothing is told of it, and it begins anew when the way is free', () => {
  const scene = new Scene(1);
  scene.replica(0).host.messages = 100;
  scene.recycling.look();
  scene.recycling.giveUp();
  expect(scene.renewing).toEqual([]);
  expect(scene.told).toEqual([]);
  scene.recycling.look();
  expect(scene.renewing).toEqual([0]);
});

it('a host for which none is wanted any more is left alone', () => {
  const scene = new Scene(1);
  scene.replica(0).host.messages = 100;
  scene.replica(0).isWanted = false;
  scene.recycling.look();
  scene.wait(10_000);
  expect(scene.renewing).toEqual([]);
});

it('replaces a host for its memory, if nothing else is in progress', () => {
  const scene = new Scene(2);
  const wear = { cause: 'memory', memoryBytes: 2, maxRssBytes: 1 } as const;
  const [{ host: first }, { host: second }] = scene.replicas as [TestReplica, TestReplica];
  expect(scene.recycling.replace(first, wear)).toBe(true);
  expect(scene.recycling.replace(second, wear)).toBe(false);
  scene.replica(0).takeOver(3);
  // It is no host of a replica any more.
  expect(scene.recycling.replace(first, wear)).toBe(false);
  expect(scene.recycling.replace(second, wear)).toBe(true);
  expect(scene.told).toEqual(['1 to 3: memory']);
});

it('after close no timer is left', () => {
  const scene = new Scene(1);
  scene.settings = { maxMessages: null, maxAgeMs: 1000 };
  scene.recycling.look();
  scene.recycling.close();
  expect(vi.getTimerCount()).toBe(0);
});
