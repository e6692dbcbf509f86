import { expect, it } from 'vitest';
import { coreCommand, sentence } from '../../../../src/sentence.js';
import { type DeathFacts, judgeDeath } from '../../../../src/supervisor/host/death.js';
import type { HostEnd } from '../../../../src/supervisor/host/host-listener.js';
import { errorOfEnd } from '../../../../src/supervisor/news/host-error.js';

const remedy = sentence`take the file that is there: ${coreCommand('reload', 'm')}`;

function endOf(changes: Partial<DeathFacts>): HostEnd {
  const facts: DeathFacts = {
    module: 'm',
    path: '/m.so',
    generation: 3,
    pid: 42,
    spare: false,
    from: { kind: 'stopping', stage: 'killed', cause: 'violation' },
    exitCode: null,
    signal: 'SIGKILL',
    halted: false,
    phase: 'booting',
    served: false,
    refusal: { code: 'MODULE_BUILD_LOST', message: `its build is gone; ${remedy}`, remedy },
    executing: null,
    lastWords: [],
    exitCalled: null,
    oomStruck: false,
    unreachable: null,
    overwritten: false,
    startTimeoutMs: 5000,
    hangMs: 2500,
    ...changes,
  };
  return { ...judgeDeath(facts), facts, hasTried: false, servedMs: 0, lost: [], unseen: [] };
}

it('a refusal with a remedy is an error with that remedy', () => {
  const { code, message, what, remedy: told, module, sentence: whole } = errorOfEnd(endOf({}));
  expect({ code, message, what, told, module }).toEqual({
    code: 'MODULE_BUILD_LOST',
    message: 'module m: its build is gone; take the file that is there: mesibo-modules reload m',
    what: 'module m: its build is gone',
    told: remedy,
    module: 'm',
  });
  expect(whole.parts).toContainEqual(coreCommand('reload', 'm'));
});

it('behind a remedy the message may go on', () => {
  const { message, what, remedy: told } = errorOfEnd(endOf({ lastWords: ['oh'] }));
  expect(message).toBe(
    'module m: its build is gone; take the file that is there: mesibo-modules reload m; its last words: "oh"',
  );
  expect([what, told]).toEqual([message, null]);
});

it('an end without a remedy is an error without one', () => {
  const { message, remedy: told } = errorOfEnd(endOf({ refusal: { code: 'HOST_START_FAILED', message: 'no room' } }));
  expect([message, told]).toEqual(['module m: no room', null]);
});
