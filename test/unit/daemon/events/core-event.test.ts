import { expect, it } from 'vitest';
import { CoreEvents } from '../../../../src/daemon/events/core-event.js';
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
  };
}

function became(from: ModuleState, to: ModuleState, reason: string | null = null): LifecycleEvent {
  return { kind: 'module', module, from, to, reason };
}

function read(...events: LifecycleEvent[]): string[] {
  const reader = new CoreEvents();
  return events.flatMap((event) => {
    const told = reader.read(event);
    return told ? [`${told.event} ${told.module} ${told.generation} ${told.cause}: ${told.reason}`] : [];
  });
}

it('tells of a crash, and that the module serves again', () => {
  const events = [
    exited('crash'),
    became('serving', 'starting', 'why'),
    became('starting', 'serving'),
    exited('hang', 2),
  ];
  expect(read(...events)).toEqual([
    'crash crashy 1 crash: it died: crash',
    'recovered crashy 1 null: module crashy serves again',
    'crash crashy 2 hang: it died: hang',
  ]);
});

it('tells of a module that is given up, and of its return', () => {
  const events = [
    became('stopped', 'starting'),
    became('starting', 'failed', 'no'),
    became('failed', 'starting'),
    became('starting', 'serving'),
  ];
  expect(read(...events)).toEqual([
    'failed crashy null null: no',
    'recovered crashy null null: module crashy serves again',
  ]);
});

it('is silent about what was ordered: starts, stops, restarts and new generations', () => {
  const start = [became('stopped', 'starting'), became('starting', 'serving')];
  const restart = [exited('stop'), became('serving', 'starting'), became('starting', 'serving')];
  const reload = [became('serving', 'replacing'), exited('trial'), became('replacing', 'serving'), exited('stop')];
  expect(read(...start, ...restart, ...reload, exited('start'))).toEqual([]);
  const stopped = [became('serving', 'backoff', 'why'), became('backoff', 'stopped'), ...start];
  expect(read(...stopped)).toEqual([]);
});
