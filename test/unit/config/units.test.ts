import { describe, expect, it } from 'vitest';
import {
  formatDuration,
  formatSize,
  orOff,
  parseCount,
  parseDuration,
  parseDurationRange,
  parseRate,
  parseSize,
  UnitError,
} from '../../../src/config/units.js';

describe('parseDuration', () => {
  it.each([
    ['500ms', 500],
    ['2s', 2000],
    ['1m', 60_000],
    ['1h', 3_600_000],
    ['0', 0],
    ['0s', 0],
    ['007s', 7000],
    ['5 s', 5000],
  ])('reads %j', (text, millis) => expect(parseDuration(text)).toBe(millis));

  it.each([
    ['5', 'a unit is missing: 5s or 5ms?'],
    ['1.5s', 'whole numbers only'],
    ['.5s', 'whole numbers only'],
    ['', 'expected a duration such as'],
    ['-1s', 'expected a duration such as'],
    ['1S', 'expected a duration such as'],
    ['1d', 'expected a duration such as'],
    ['1s2', 'expected a duration such as'],
    ['1s ', 'expected a duration such as'],
    ['٣s', 'expected a duration such as'],
    ['9999999999999999s', 'expected a smaller number'],
  ])('refuses %j', (text, message) => expect(() => parseDuration(text)).toThrow(message));
});

describe('parseSize', () => {
  it.each([
    ['8MiB', 8 * 1024 ** 2],
    ['64KiB', 65_536],
    ['1GiB', 1024 ** 3],
    ['1048576', 1_048_576],
    ['1 MiB', 1024 ** 2],
    ['0', 0],
  ])('reads %j', (text, bytes) => expect(parseSize(text)).toBe(bytes));

  it.each([
    ['8MB', '(8MiB?)'],
    ['8m', '(8MiB?)'],
    ['64kib', '(64KiB?)'],
    ['1G', '(1GiB?)'],
    ['1.5MiB', 'expected a size such as'],
    ['-1', 'expected a size such as'],
    ['MiB', 'expected a size such as'],
    ['', 'expected a size such as'],
  ])('refuses %j', (text, message) => expect(() => parseSize(text)).toThrow(message));
});

describe('the other quantities', () => {
  it('reads a count', () => expect(parseCount('256')).toBe(256));
  it.each(['', '-1', '1.0', '5s', '0x10', '1e3', ' 1'])('refuses %j as a count', (text) =>
    expect(() => parseCount(text)).toThrow(UnitError),
  );

  it('reads a rate', () => expect(parseRate('5 in  60s')).toEqual({ count: 5, periodMs: 60_000 }));
  it.each(['5', '5 in', 'in 60s', '5in60s', '5/60s', '5 in 60', '5 in 60s now', ''])('refuses %j as a rate', (text) =>
    expect(() => parseRate(text)).toThrow(UnitError),
  );

  it.each(['100ms to 30s', '100 ms to 30 s', '100ms\tto  30s'])('reads the range %j', (text) =>
    expect(parseDurationRange(text)).toEqual({ minMs: 100, maxMs: 30_000 }),
  );
  it.each(['100ms', '100ms-30s', 'to 30s', '100ms to', '1 to 2', '1s to 2s to 3s', ''])(
    'refuses the range %j',
    (text) => expect(() => parseDurationRange(text)).toThrow(UnitError),
  );

  it('takes "off" where that is allowed', () => {
    const read = orOff(parseDuration);
    expect(read('off')).toBeNull();
    expect(read('2s')).toBe(2000);
    expect(() => read('Off')).toThrow(/expected a duration .*, or off/);
  });
});

describe('writing', () => {
  it.each([1, 1023, 1024, 65_536, 3 * 1024 ** 2, 1024 ** 3, 0])('writes %d bytes as it reads them', (bytes) =>
    expect(parseSize(formatSize(bytes))).toBe(bytes),
  );
  it.each([1, 999, 1000, 90_000, 3_600_000])('writes %d ms as it reads them', (millis) =>
    expect(parseDuration(formatDuration(millis))).toBe(millis),
  );
  it('takes the largest unit that divides', () => {
    expect([formatSize(12 * 1024 ** 2), formatSize(1536 * 1024), formatDuration(60_000)]).toEqual([
      '12MiB',
      '1536KiB',
      '1m',
    ]);
  });
});

describe('time', () => {
  it.each([
    ['digits', '1'.repeat(5_000_000)],
    ['blanks', `1${' '.repeat(5_000_000)}x`],
    ['no blanks', 'x'.repeat(5_000_000)],
    ['words', 'a to '.repeat(1_000_000)],
  ])('refuses megabytes of %s at once', (_, text) => {
    for (const parse of [parseDuration, parseSize, parseCount, parseRate, parseDurationRange]) {
      expect(() => parse(text)).toThrow(UnitError);
    }
  });
});
