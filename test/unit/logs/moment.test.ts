import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MomentError, parseMoment } from '../../../src/logs/moment.js';

const zone = process.env.TZ;
beforeAll(() => {
  process.env.TZ = 'Europe/Berlin';
});
afterAll(() => {
  if (zone === undefined) delete process.env.TZ;
  else process.env.TZ = zone;
});

/** 10:00:00 in Berlin. */
const NOW = Date.parse('2026-11-30T09:00:00Z');

function parse(text: string): string {
  return new Date(parseMoment(text, NOW)).toISOString();
}

test.each([
  ['10m', '2026-11-30T08:50:00.000Z'],
  ['90s', '2026-11-30T08:58:30.000Z'],
  ['250ms', '2026-11-30T08:59:59.750Z'],
  ['1h30m', '2026-11-30T07:30:00.000Z'],
  ['2d', '2026-11-28T09:00:00.000Z'],
  ['0s', '2026-11-30T09:00:00.000Z'],
])('%s is so long ago', (text, expected) => {
  expect(parse(text)).toBe(expected);
});

test.each([
  ['08:15', '2026-11-30T07:15:00.000Z'],
  ['08:15:30', '2026-11-30T07:15:30.000Z'],
  ['08:15:30.5', '2026-11-30T07:15:30.500Z'],
  ['10:00', '2026-11-30T09:00:00.000Z'],
  ['10:01', '2026-11-29T09:01:00.000Z'],
  ['23:59:59.999', '2026-11-29T22:59:59.999Z'],
])('%s is the last moment at which a clock showed that time', (text, expected) => {
  expect(parse(text)).toBe(expected);
});

test.each([
  ['2026-11-29', '2026-11-28T23:00:00.000Z'],
  ['2026-07-01', '2026-06-30T22:00:00.000Z'],
  ['2026-11-29T08:15', '2026-11-29T07:15:00.000Z'],
  ['2026-11-29 08:15:09.007', '2026-11-29T07:15:09.007Z'],
  ['2026-11-29T08:15:00Z', '2026-11-29T08:15:00.000Z'],
  ['2026-11-29T08:15:00.123Z', '2026-11-29T08:15:00.123Z'],
  ['2026-11-29T08:15:00-05:30', '2026-11-29T13:45:00.000Z'],
  ['2026-11-29T08:15:00+0100', '2026-11-29T07:15:00.000Z'],
  ['2028-02-29T12:00Z', '2028-02-29T12:00:00.000Z'],
  ['2030-01-01T00:00Z', '2030-01-01T00:00:00.000Z'],
])('%s is a date, local without a zone', (text, expected) => {
  expect(parse(text)).toBe(expected);
});

describe('refused, with what is accepted', () => {
  const accepted =
    'Expected how long ago (10m, 1h30m, 2d), a time of day (08:15), now, today, yesterday, or a date (2026-11-29, "2026-11-29 08:15:00", 2026-11-29T08:15:00Z)';
  const texts = ['', 'tomorrow', '10 x', '-10m', '1.5h', '8:5', '24:00', '08:60', '08:15:60', '08:15Z', '10M', '٣m'];
  const dates = ['2026-02-30', '2026-13-01', '2026-00-10', '2026-01-00', '2026-01-32', '26-01-01', '2026-11-29Z'];
  const zones = ['2026-11-29T08:15+24:00', '2026-11-29T08:15 Z', '2026-11-29T08:15z', '2026-11-29T24:00'];
  test.each([...texts, ...dates, ...zones, '9'.repeat(400)])('%j', (text) => {
    expect(() => parseMoment(text, NOW)).toThrow(new MomentError(`${accepted}.`));
  });

  test('a number without a unit', () => {
    expect(() => parseMoment('10', NOW)).toThrow(new MomentError(`${accepted} (with its unit: 10m or 10s?).`));
  });
});

test('words for moments that people use are taken', () => {
  const now = new Date(2026, 10, 29, 9, 30).getTime();
  const at = (...when: [day: number, hour: number, minute: number]) => new Date(2026, 10, ...when).getTime();
  for (const text of ['10m', '10 min ago', '10min', '10 minutes ago', '10 minutes']) {
    expect(parseMoment(text, now), text).toBe(at(29, 9, 20));
  }
  expect(parseMoment('1 hour ago', now)).toBe(at(29, 8, 30));
  expect(parseMoment('now', now)).toBe(now);
  expect(parseMoment('today', now)).toBe(at(29, 0, 0));
  expect(parseMoment('yesterday', now)).toBe(at(28, 0, 0));
  expect(parseMoment('8:10', now)).toBe(at(29, 8, 10));
});
