import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { describe, expect, it } from 'vitest';
import { LINE_MAX_BYTES, LineSplitter, splitLines } from '../../../src/supervisor/line-splitter.js';
import { cutAnywhere, seeded } from '../../helpers/random.js';

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

  it('are those of the plain split, whatever was written and however it was cut', () => {
    const next = seeded(3);
    for (let round = 0; round < 500; round++) {
      const words = Array.from({ length: next(40) }, () => ['\n', '\r', 'a', 'ä€', '\0', 'word '][next(6)]);
      const text = words.join('');
      const plain = text.split('\n');
      if (plain.at(-1) === '') plain.pop();
      expect(split(cutAnywhere(Buffer.from(text), next, 5))).toEqual(plain);
    }
  });

  it('of any length come in the same pieces, however the output was cut', () => {
    const next = seeded(4);
    for (let round = 0; round < 20; round++) {
      const lengths = Array.from({ length: 4 }, () => LINE_MAX_BYTES * next(3) + next(3) - 1);
      const text = lengths.map((length) => 'x'.repeat(Math.max(0, length))).join('\n');
      expect(split(cutAnywhere(Buffer.from(text), next, 100_000))).toEqual(split([text]));
    }
  });

  it('that never end are held within bounds', () => {
    const seen: number[] = [];
    const splitter = new LineSplitter((line) => seen.push(line.length));
    for (let i = 0; i < 64; i++) splitter.push(Buffer.alloc(64 * 1024, 'x'));
    expect(seen).toEqual(Array(63).fill(LINE_MAX_BYTES + ' [line goes on]'.length));
  });

  it('need not be UTF-8', () => {
    expect(split([Buffer.from([0x61, 0xff, 0x0a, 0xfe])])).toEqual(['a\ufffd', '\ufffd']);
  });

  it('of a stream come until its end, the last one without a newline', async () => {
    const stream = new PassThrough();
    const lines: string[] = [];
    splitLines(stream, (line) => lines.push(line));
    stream.write('one\ntw');
    stream.end('o\nthree');
    await finished(stream);
    expect(lines).toEqual(['one', 'two', 'three']);
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
