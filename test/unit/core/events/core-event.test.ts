import { expect, it } from 'vitest';
import { CoreEvents, HEALTHY_MS } from '../../../../src/core/events/core-event.js';
import type { DeathCause, LifecycleEvent, ModuleState } from '../../../../src/supervisor/types.js';

const module = 'crashy';

function exited(cause: DeathCause, generation = 1): LifecycleEvent {
  return {
    kind: 'exited',
    module,
    generation,
    pid: 7,
    cause,
    signal: 'SIGSEGV',
    exitCode: null,
    text: `it died: ${cause}`,
    card: null,
  };
}

function became(from: ModuleState, to: ModuleState, reason: string | null = null): LifecycleEvent {
  return { kind: 'module', module, from, to, reason };
}

/** One event a second; a number stands for so many more. */
function read(...story: (LifecycleEvent | number)[]): string[] {
  const reader = new CoreEvents();
  let nowMs = 0;
  const told = story.flatMap((step) => {
    nowMs += typeof step === 'number' ? step * 1000 : 1000;
    const event = typeof step === 'number' ? null : reader.read(step, nowMs, 5000 + nowMs);
    return [...(event ? [event] : []), ...reader.recovered(nowMs, 5000 + nowMs)];
  });
  for (const { time } of told) expect(time % 1000).toBe(0);
  return told.map(({ event, generation, cause, reason }) => `${event} ${generation} ${cause}: ${reason}`);
}

const RECOVERED = 'module crashy has served for 60 s again';
const crash = [became('serving', 'starting', 'why'), became('starting', 'serving')];

it('reports a crash at once, and a recovery after a minute without another', () => {
  expect(read(exited('crash'), ...crash, 40, exited('hang', 2), ...crash, 59)).toEqual([
    'crash 1 crash: it died: crash',
    'crash 2 hang: it died: hang',
  ]);
  expect(read(exited('crash'), ...crash, 60)).toEqual([
    'crash 1 crash: it died: crash',
    `recovered 1 null: ${RECOVERED}`,
  ]);
});

it('says when there may be a recovery', () => {
  const reader = new CoreEvents();
  expect(reader.nextMs()).toBeNull();
  reader.read(exited('crash'), 1000, 0);
  expect(reader.nextMs()).toBeNull();
  for (const event of crash) reader.read(event, 2000, 0);
  expect(reader.nextMs()).toBe(2000 + HEALTHY_MS);
});

it('reports once that a module is given up, not its probes, and its return after a minute', () => {
  const probe = [became('failed', 'starting'), became('starting', 'serving')];
  const failing = [...probe, exited('crash', 2), became('serving', 'failed', 'no')];
  const story = [became('stopped', 'starting'), became('starting', 'failed', 'no'), 30, ...failing, 60, ...failing];
  expect(read(...story)).toEqual(['failed null null: no']);
  expect(read(...story, 120, ...probe, 60)).toEqual(['failed null null: no', `recovered 2 null: ${RECOVERED}`]);
});

it('reports a crash of a module that a reload has put in the place of a failed one', () => {
  const failed = [became('starting', 'failed', 'no'), became('failed', 'serving')];
  expect(read(...failed, exited('crash', 3))).toEqual(['failed null null: no', 'crash 3 crash: it died: crash']);
});

it('is silent about orders: starts, stops, restarts and new generations', () => {
  const start = [became('stopped', 'starting'), became('starting', 'serving')];
  const restart = [exited('stop'), became('serving', 'starting'), became('starting', 'serving')];
  const reload = [became('serving', 'replacing'), exited('trial'), became('replacing', 'serving'), exited('stop')];
  expect(read(...start, ...restart, ...reload, exited('start'), 100)).toEqual([]);
  const stopped = [became('serving', 'backoff', 'why'), became('backoff', 'stopped'), ...start, 100];
  expect(read(...stopped)).toEqual([]);
});

it('reports the crash of one replica, and a recovery after the next of its processes has served for a minute', () => {
  const ready: LifecycleEvent = { kind: 'ready', module, generation: 5, pid: 8, startMicros: 1, replica: 2 };
  expect(read({ ...exited('crash', 4), replica: 2 } as LifecycleEvent, ready, 60)).toEqual([
    'crash 4 crash: it died: crash',
    `recovered 5 null: ${RECOVERED}`,
  ]);
});
