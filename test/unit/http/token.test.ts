import { expect, it } from 'vitest';
import { Token } from '../../../src/http/token.js';

const token = new Token('abc.DEF-123');

it.each(['Bearer abc.DEF-123', 'bearer abc.DEF-123', 'BEARER   abc.DEF-123 '])('%j carries it', (header) => {
  expect(token.isIn(header)).toBe(true);
});

it.each([
  undefined,
  '',
  'abc.DEF-123',
  'Basic abc.DEF-123',
  'Bearer',
  'Bearer ',
  'Bearer abc.DEF-12',
  'Bearer abc.def-123',
  'Bearer abc.DEF-1234',
  'Bearer x abc.DEF-123',
])('%j does not', (header) => {
  expect(token.isIn(header)).toBe(false);
});

it('no printed value contains it', () => {
  expect(JSON.stringify(token)).not.toContain('abc');
  expect(Object.values(token).join()).not.toContain('abc');
});
