import { expect, test } from 'vitest';
import { describeConsequence } from '../../../../src/supervisor/news/describe-consequence.js';

test('a module that is given up says what becomes of its messages', () => {
  const givenUp = { kind: 'given-up', inMs: 30_000, isShadow: false, hasOthers: false } as const;
  expect(describeConsequence({ ...givenUp, onFailure: 'pass' })).toBe(
    'its messages pass it by now; it is tried again in 30 s',
  );
  expect(describeConsequence({ ...givenUp, onFailure: 'consume' })).toBe(
    'its messages are dropped now (on_failure = consume); it is tried again in 30 s',
  );
  expect(describeConsequence({ ...givenUp, onFailure: 'consume', isShadow: true })).toBe(
    'nothing is offered to it now; it is tried again in 30 s',
  );
});
