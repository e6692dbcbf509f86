import { InvalidArgumentError } from 'commander';
import { expect, test } from 'vitest';
import { directoriesOf, parseCount, parseU64, parseWait, readPayload } from '../../../../cli/input/options.js';
import { UsageError } from '../../../../cli/terminal/io.js';

test.each([
  ['0', 0n],
  ['007', 7n],
  ['18446744073709551615', 0xffffffffffffffffn],
  ['0x10', 16n],
  ['0XfF', 255n],
])('%s is an unsigned 64-bit integer', (text, value) => {
  expect(parseU64(text)).toBe(value);
});

test.each(['', '-1', '+1', '1.5', '1e3', '0x', '0xg', ' 1', '1 ', '18446744073709551616', '0x10000000000000000'])(
  '%j is refused as a number',
  (text) => {
    expect(() => parseU64(text)).toThrow(InvalidArgumentError);
  },
);

test('counts and waits are whole numbers within their range', () => {
  expect(parseCount('50')).toBe(50);
  expect(parseWait('86400000')).toBe(86_400_000);
  for (const text of ['', '-1', 'x', '1.5', '9999999999']) expect(() => parseCount(text)).toThrow(InvalidArgumentError);
  for (const text of ['', '-1', 'x', '1.5', '86400001']) expect(() => parseWait(text)).toThrow(InvalidArgumentError);
});

test('a message comes from one place', async () => {
  expect(await readPayload('höi', undefined)).toEqual(Buffer.from('höi'));
  expect(await readPayload('', undefined)).toHaveLength(0);
  await expect(readPayload('text', 'file')).rejects.toThrow(UsageError);
  await expect(readPayload(undefined, '/nonexistent')).rejects.toThrow('/nonexistent cannot be read (ENOENT)');
});

test('an empty directory is a mistake, not the current one', () => {
  expect(() => directoriesOf({ runDir: '' })).toThrow(UsageError);
  expect(directoriesOf({ runDir: '/r', stateDir: '/s' })).toEqual({ runDir: '/r', stateDir: '/s' });
});
