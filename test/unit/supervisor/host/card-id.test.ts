import { expect, it } from 'vitest';
import { CARD_ID } from '../../../../src/crashes/card-ids.js';
import { makeCardId } from '../../../../src/supervisor/host/card-id.js';

it('names module, time and generation', () => {
  const id = makeCardId('my_filter', new Date('2026-11-30T12:05:09.123Z'), 17);
  expect(id).toBe('my_filter-20261130T120509Z-17');
  expect(id).toMatch(CARD_ID);
});
