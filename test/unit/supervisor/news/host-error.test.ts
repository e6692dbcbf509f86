import { expect, it } from 'vitest';
import { coreCommand, sentence } from '../../../../src/sentence.js';
import type { DeathFacts } from '../../../../src/supervisor/host/death.js';
import { errorOfEnd } from '../../../../src/supervisor/news/host-error.js';
import { endOf, makeFacts } from '../../../helpers/death-facts.js';

const remedy = sentence`take the file that is there: ${coreCommand('reload', 'm')}`;

/** The end of a host that refused its module, unless told otherwise. */
function endWith(changes: Partial<DeathFacts> = {}) {
  const refused = {
    from: { kind: 'stopping', stage: 'killed', cause: 'violation' },
    signal: 'SIGKILL',
    phase: 'booting',
    served: false,
    refusal: { code: 'MODULE_BUILD_LOST', message: `its build is gone; ${remedy}`, remedy },
  } as const;
  return endOf(makeFacts({ ...refused, ...changes }));
}

it('a refusal with a remedy becomes an error with that remedy', () => {
  const { code, message, what, remedy: told, module, sentence: whole } = errorOfEnd(endWith());
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
  const { message, what, remedy: told } = errorOfEnd(endWith({ lastWords: ['oh'] }));
  expect(message).toBe(
    'module m: its build is gone; take the file that is there: mesibo-modules reload m; its last words: "oh"',
  );
  expect([what, told]).toEqual([message, null]);
});

it('an end without a remedy becomes an error without one', () => {
  const { message, remedy: told } = errorOfEnd(endWith({ refusal: { code: 'HOST_START_FAILED', message: 'no room' } }));
  expect([message, told]).toEqual(['module m: no room', null]);
});
