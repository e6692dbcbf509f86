import { expect, it } from 'vitest';
import { judge } from '../../../src/webhook/answer.js';

const NOW = Date.UTC(2026, 10, 30);
const of = (status: number, retryAfter: string | null = null) => judge({ status, retryAfter }, NOW);

it.each([200, 201, 202, 204, 299])('%i takes the message', (status) => {
  expect(of(status)).toEqual({ kind: 'taken' });
});

it.each([410, 422])('%i refuses it for good', (status) => {
  expect(of(status)).toEqual({ kind: 'refused', why: `it answered ${status}` });
});

it.each([400, 401, 403, 404, 408, 409, 413, 429, 500, 502, 503, 504, 599, 999])(
  'after %i it is posted again',
  (status) => {
    expect(of(status)).toEqual({ kind: 'failed', why: `it answered ${status}`, waitMs: 0 });
  },
);

it.each([300, 301, 302, 303, 304, 307, 308])('%i is not followed, with a reason', (status) => {
  expect(of(status)).toMatchObject({ kind: 'failed', why: `it answered ${status}, a redirect, which is not followed` });
});

it.each([
  ['7', 7_000],
  ['0', 0],
  ['100000', 300_000],
  ['99999999999999999999999999', 300_000],
  [new Date(NOW + 9_000).toUTCString(), 9_000],
  [new Date(NOW - 9_000).toUTCString(), 0],
  ['-5', 0],
  ['soon', 0],
  ['', 0],
])('Retry-After: %s asks for a wait of %i ms', (retryAfter, waitMs) => {
  expect(of(503, retryAfter)).toMatchObject({ waitMs });
});
