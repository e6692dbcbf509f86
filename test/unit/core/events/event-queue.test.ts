import { expect, it } from 'vitest';
import type { CoreEvent } from '../../../../src/core/events/core-event.js';
import { EventQueue, SAME_EVENT_MS } from '../../../../src/core/events/event-queue.js';

function event(kind: CoreEvent['event'], module: string | null, reason = ''): CoreEvent {
  return {
    event: kind,
    module,
    reason,
    time: 0,
    generation: null,
    replica: null,
    cause: null,
    signal: null,
    crash: null,
  };
}

it('hands out the first event at once', () => {
  const queue = new EventQueue();
  queue.add(event('crash', 'a'));
  queue.add(event('crash', 'b'));
  queue.add(event('reload-failed', null));
  expect([queue.take(0), queue.take(0), queue.take(0)].map((due) => due?.event.module)).toEqual(['a', 'b', null]);
  expect([queue.take(0), queue.nextMs()]).toEqual([null, null]);
});

it('counts what it hands out', () => {
  const queue = new EventQueue();
  for (const module of ['a', 'b']) queue.add(event('crash', module));
  queue.add(event('failed', 'a'));
  expect([queue.take(0), queue.take(0)].map((due) => [due?.seq, due?.event.module])).toEqual([
    [1, 'b'],
    [2, 'a'],
  ]);
});

it('holds the same event of the same module back, and keeps the newest', () => {
  const queue = new EventQueue();
  queue.add(event('crash', 'a', 'first'));
  expect(queue.take(100)).toMatchObject({ event: { reason: 'first' }, skipped: 0 });
  for (const reason of ['second', 'third', 'fourth']) queue.add(event('crash', 'a', reason));
  expect([queue.take(100 + SAME_EVENT_MS - 1), queue.nextMs()]).toEqual([null, 100 + SAME_EVENT_MS]);
  expect(queue.take(100 + SAME_EVENT_MS)).toMatchObject({ event: { reason: 'fourth' }, skipped: 2 });
});

it('lets a newer event of a module replace those that wait, so the last one shows its present state', () => {
  const queue = new EventQueue();
  queue.add(event('failed', 'a'));
  queue.add(event('recovered', 'a'));
  expect([queue.take(0), queue.take(0)]).toMatchObject([{ event: { event: 'recovered' }, skipped: 1 }, null]);
  queue.add(event('recovered', 'a'));
  queue.add(event('crash', 'a'));
  queue.add(event('failed', 'a'));
  expect([queue.take(1), queue.take(1)]).toMatchObject([{ event: { event: 'failed' }, skipped: 2 }, null]);
});

it('forgets an event that is no longer true', () => {
  const queue = new EventQueue();
  queue.add(event('reload-failed', null));
  queue.drop(null);
  expect([queue.take(0), queue.nextMs()]).toEqual([null, null]);
});

it('reports a crash loop of a million crashes in a few events', () => {
  const queue = new EventQueue();
  let told = 0;
  for (let nowMs = 0; nowMs < 100_000; nowMs++) {
    for (let i = 0; i < 10; i++) queue.add(event('crash', 'a'));
    if (queue.take(nowMs)) told += 1;
  }
  expect(told).toBe(100_000 / SAME_EVENT_MS);
});
