import { expect, test } from 'vitest';
import { consequenceOf } from '../../../../src/supervisor/module/consequence.js';

test('it matters to messages whether a module that is given up is a shadow', () => {
  const failed = { kind: 'failed', untilMs: 30_000 } as Parameters<typeof consequenceOf>[0];
  const given = (shadowOf: string | null) => consequenceOf(failed, { onFailure: 'pass', shadowOf }, 0, false);
  expect(given(null)).toMatchObject({ kind: 'given-up', inMs: 30_000, isShadow: false });
  expect(given('filter')).toMatchObject({ kind: 'given-up', inMs: 30_000, isShadow: true });
});
