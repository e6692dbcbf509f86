import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { entryOfLifecycle, entryOfLine } from '../../../src/core/entries.js';
import { levelName } from '../../../src/logs/entry.js';
import { PACKAGE_ROOT } from '../../../src/paths.js';
import type { LifecycleEvent, LogLine } from '../../../src/supervisor/types.js';

const line: LogLine = { time: 5, module: 'm', generation: 2, source: 'module', level: 0, text: 'hello' };

test.each([
  ['module', 0, 30],
  ['module', 1, 20],
  ['module', 2, 10],
  ['module', 9, 10],
  ['supervisor', 0, 50],
  ['supervisor', 1, 40],
  ['supervisor', 2, 30],
  ['stdout', 0, 30],
  ['stderr', 0, 30],
] as const)('a line of %s at level %i has the level %i', (source, level, expected) => {
  expect(entryOfLine({ ...line, source, level })).toEqual({
    level: expected,
    time: 5,
    module: 'm',
    generation: 2,
    source,
    msg: 'hello',
  });
});

test.each(['modules/include/mesibo/module.h', 'docs/writing-modules.md', 'docs/module-api.md'])(
  '%s describes the effect on the levels of a module',
  (file) => {
    const [zero, one, ...higher] = [0, 1, 2, 8].map((level) => levelName(entryOfLine({ ...line, level }).level));
    expect(new Set(higher).size).toBe(1);
    const words = `Level 0 is ${zero} in the log, 1 is ${one}, and higher ones are ${higher[0]}. All levels are kept and shown.`;
    const text = readFileSync(join(PACKAGE_ROOT, file), 'utf8').replace(/\s+(?:\* )?/g, ' ');
    expect(text).toContain(words);
    expect(text).not.toContain('verbose');
  },
);

function exited(cause: 'crash' | 'stop'): LifecycleEvent {
  return {
    kind: 'exited',
    module: 'm',
    generation: 2,
    pid: 9,
    cause,
    signal: null,
    exitCode: 0,
    text: 'what happened',
    card: null,
  };
}

test('a death is an error in its own words, a stop as ordered is not', () => {
  expect(entryOfLifecycle(exited('crash'), 5)).toMatchObject({ level: 50, generation: 2, msg: 'what happened' });
  expect(entryOfLifecycle(exited('stop'), 5)).toMatchObject({ level: 30 });
});

test('a change of state is one line', () => {
  const event: LifecycleEvent = {
    kind: 'module',
    module: 'm',
    from: 'serving',
    to: 'backoff',
    reason: 'told elsewhere',
  };
  expect(entryOfLifecycle(event, 5)).toMatchObject({ level: 30, time: 5, msg: 'module m: serving -> backoff' });
});

test('the readiness of a host is left out, as the supervisor reports it', () => {
  expect(entryOfLifecycle({ kind: 'ready', module: 'm', generation: 1, pid: 9, startMicros: 1 }, 5)).toBeNull();
});
