import { expect, test } from 'vitest';
import { describeConsequence } from '../../../../src/supervisor/news/describe-consequence.js';

test('a module that is given up says what becomes of its messages', () => {
  expect(describeConsequence({ kind: 'given-up', inMs: 30_000, onFailure: 'pass', hasOthers: false })).toBe(
    'its messages pass it by now; it is tried again in 30 s',
  );
  expect(describeConsequence({ kind: 'given-up', inMs: 30_000, onFailure: 'consume', hasOthers: false })).toBe(
    'its messages are dropped now (on_failure = consume); it is tried again in 30 s',
  );
});
