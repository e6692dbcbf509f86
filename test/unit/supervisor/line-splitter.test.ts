import { describe, expect, it } from 'vitest';
import { LINE_MAX_BYTES, LineSplitter } from '../../../src/supervisor/line-splitter.js';

function split(chunks: (string | Buffer)[]): string[] {
  const lines: string[] = [];
  const splitter = new LineSplitter((line) => lines.push(line));
  for (const chunk of chunks) splitter.push(Buffer.from(chunk));
  splitter.end();
  return lines;
}

describe('lines', () => {
  it.each([
    [['a\nb\n'], ['a', 'b']],
    [
      ['a', 'b\n', 'c'],
      ['ab', 'c'],
    ],
    [['\n\n'], ['', '']],
    [[], []],
  ])('%j give %j', (chunks, lines) => {
    expect(split(chunks)).toEqual(lines);
  });

  it('are the same however the output was cut', () => {
    const text = 'first\nsecond äöü €\n\nlast without an end';
    const bytes = Buffer.from(text);
    for (let at = 0; at <= bytes.length; at++)
      expect(split([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(text.split('\n'));
    expect(split([...bytes].map((byte) => Buffer.from([byte])))).toEqual(text.split('\n'));
  });

  it('of the longest length are whole, longer ones come in marked pieces, and nothing is lost', () => {
    const longest = 'x'.repeat(LINE_MAX_BYTES);
    expect(split([`${longest}\nb\n`])).toEqual([longest, 'b']);
    expect(split([longest, 'y\nb\n'])).toEqual([`${longest} [line goes on]`, 'y', 'b']);
    expect(
      split(Array(5).fill('z'.repeat(50_000)))
        .join('')
        .replaceAll(' [line goes on]', ''),
    ).toBe('z'.repeat(250_000));
  });
});
