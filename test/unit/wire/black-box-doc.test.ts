import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { BOX } from '../../../src/wire/black-box.js';
import { RECORD } from '../../../src/wire/records.js';

const text = readFileSync(new URL('../../../docs/black-box.md', import.meta.url), 'utf8');
const rows = [...text.matchAll(/^\| (\w+) \| (\d+) \| (\d+) \|/gm)].map(([, name, offset, size]) => ({
  name: name as string,
  offset: Number(offset),
  size: Number(size),
}));

it('describes the header with the offsets of the code', () => {
  const { version, ringOffset, headerBytes, ...offsets } = BOX;
  expect(Object.fromEntries(rows.map(({ name, offset }) => [name, offset]))).toMatchObject(offsets);
  expect(text).toContain(`version ${version}`);
  expect(text).toContain(`The header ends at ${headerBytes}; from there to ${ringOffset},`);
});

it('leaves no field out and lets none overlap', () => {
  const ends = rows.map(({ offset, size }) => offset + size);
  rows.slice(1).forEach(({ offset }, i) => {
    // Eight-byte fields stand at multiples of eight; nothing else stands between two fields.
    expect(offset - (ends[i] ?? 0)).toBeLessThan(8);
    expect(offset).toBeGreaterThanOrEqual(ends[i] ?? 0);
  });
  expect(ends.at(-1)).toBe(BOX.headerBytes);
});

it('gives records the head of the code', () => {
  expect(text).toContain(`Each record begins with ${RECORD.headerBytes} bytes`);
});
