import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { CoreEvent } from '../../../../src/core/events/core-event.js';
import { EventLine, PATIENCE_MS } from '../../../../src/core/events/event-line.js';
import type { FinishedCard } from '../../../../src/crashes/keeper.js';

let told: CoreEvent[];
let finish: Map<string, (card: FinishedCard) => void>;
let line: EventLine;
beforeEach(() => {
  vi.useFakeTimers();
  told = [];
  finish = new Map();
  const finished = (id: string) => new Promise<FinishedCard>((resolve) => finish.set(id, resolve));
  line = new EventLine(finished, (event) => told.push(event));
});
afterEach(() => {
  vi.useRealTimers();
});

const frame = { function: 'boom' } as FinishedCard['frame'];

function event(kind: CoreEvent['event'], card: string | null, module: string | null = 'm'): CoreEvent {
  const crash = card === null ? null : { id: card, path: null, function: null };
  return { event: kind, module, reason: '', time: 0, generation: 1, replica: null, cause: null, signal: null, crash };
}

it('tells an event without a crash at once', () => {
  line.add(event('recovered', null));
  expect(told).toHaveLength(1);
});

it('waits until it is known where a crash was, and keeps the order', async () => {
  line.add(event('crash', 'a'));
  line.add(event('recovered', null));
  line.add(event('crash', 'b'));
  finish.get('b')?.({ path: '/b', frame });
  await vi.advanceTimersByTimeAsync(1);
  expect(told).toEqual([]);
  finish.get('a')?.({ path: '/a', frame });
  await vi.advanceTimersByTimeAsync(1);
  expect(told.map(({ crash }) => crash)).toEqual([
    { id: 'a', path: '/a', function: 'boom' },
    null,
    { id: 'b', path: '/b', function: 'boom' },
  ]);
});

it('tells a crash without its function when that takes too long', async () => {
  line.add(event('crash', 'a'));
  await vi.advanceTimersByTimeAsync(PATIENCE_MS - 1);
  expect(told).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(told.map(({ crash }) => crash)).toEqual([{ id: 'a', path: null, function: null }]);
  finish.get('a')?.({ path: '/a', frame });
  await vi.advanceTimersByTimeAsync(1);
  expect(told).toHaveLength(1);
});

it('forgets events that are no longer true, and those behind them are told', () => {
  line.add(event('crash', 'a'));
  line.add(event('reload-failed', null, null));
  line.add(event('recovered', null));
  line.drop(null);
  line.drop('m');
  expect(told).toEqual([]);
  line.add(event('failed', null, 'other'));
  expect(told).toHaveLength(1);
  line.close();
});
