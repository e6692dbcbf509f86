import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import { beforeEach, describe, expect, it } from 'vitest';
import { OutputReader, type OutputSink, readOutput } from '../../../../../src/supervisor/runner/local/output-reader.js';
import { LINE_MAX_BYTES } from '../../../../../src/supervisor/runner/runner.js';
import { LineGate } from '../../../../../src/wire/line-gate.js';
import { cutAnywhere, seeded } from '../../../../helpers/random.js';

/** What became of output. */
class Collected implements OutputSink {
  readonly lines: string[] = [];
  droppedBytes = 0;
  words: string[] = [];
  line(text: string): void {
    this.lines.push(text);
  }
  dropped(bytes: number): void {
    this.droppedBytes += bytes;
  }
  lastWords(lines: string[]): void {
    this.words = lines;
  }
}

function split(chunks: (string | Buffer)[]): string[] {
  const sink = new Collected();
  const reader = new OutputReader(new LineGate(null), sink);
  for (const chunk of chunks) reader.push(Buffer.from(chunk));
  reader.end();
  return sink.lines;
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

  it('equal a plain split, whatever was written and however it was cut', () => {
    const next = seeded(3);
    for (let round = 0; round < 500; round++) {
      const words = Array.from({ length: next(40) }, () => ['\n', '\r', 'a', 'ä€', '\0', 'word '][next(6)]);
      const text = words.join('');
      const plain = text.split('\n');
      if (plain.at(-1) === '') plain.pop();
      expect(split(cutAnywhere(Buffer.from(text), next, 5))).toEqual(plain);
    }
  });

  it('of any length are cut alike, however the output was cut', () => {
    const next = seeded(4);
    for (let round = 0; round < 20; round++) {
      const lengths = Array.from({ length: 4 }, () => LINE_MAX_BYTES * next(3) + next(3) - 1);
      const text = lengths.map((length) => 'x'.repeat(Math.max(0, length))).join('\n');
      expect(split(cutAnywhere(Buffer.from(text), next, 100_000))).toEqual(split([text]));
    }
  });

  it('that never end are cut once, and held within bounds', () => {
    const sink = new Collected();
    const reader = new OutputReader(new LineGate(null), sink);
    for (let i = 0; i < 64; i++) reader.push(Buffer.alloc(64 * 1024, 'x'));
    reader.push(Buffer.from('x\nnext\n'));
    expect(sink.lines).toEqual([`${'x'.repeat(LINE_MAX_BYTES)} [line cut]`, 'next']);
  });

  it('need not be UTF-8', () => {
    expect(split([Buffer.from([0x61, 0xff, 0x0a, 0xfe])])).toEqual(['a\ufffd', '\ufffd']);
  });

  it('of a stream come until its end, the last one without a newline', async () => {
    const stream = new PassThrough();
    const sink = new Collected();
    readOutput(stream, new LineGate(null), sink);
    stream.write('one\ntw');
    stream.end('o\nthree');
    await finished(stream);
    expect(sink.lines).toEqual(['one', 'two', 'three']);
  });

  it('of the longest length are whole, longer ones are cut and marked', () => {
    const longest = 'x'.repeat(LINE_MAX_BYTES);
    expect(split([`${longest}\nb\n`])).toEqual([longest, 'b']);
    expect(split([longest, 'y\nb\n'])).toEqual([`${longest} [line cut]`, 'b']);
    expect(split(Array(5).fill('z'.repeat(50_000)))).toEqual([`${'z'.repeat(LINE_MAX_BYTES)} [line cut]`]);
  });

  it.each(['ä', '€', '\u{1f600}'])('are not cut within a character: %s', (character) => {
    const fits = Math.floor(LINE_MAX_BYTES / Buffer.byteLength(character));
    for (const before of ['', 'x', 'xy', 'xyz']) {
      const [line] = split([`${before}${character.repeat(fits)}${character}\n`]);
      expect(line).not.toContain('\ufffd');
      expect(Buffer.byteLength(line ?? '')).toBeLessThanOrEqual(LINE_MAX_BYTES + ' [line cut]'.length);
    }
  });
});

describe('more lines than may pass in a second', () => {
  let sink: Collected;
  let reader: OutputReader;
  beforeEach(() => {
    sink = new Collected();
    reader = new OutputReader(new LineGate(3), sink);
  });

  it('are dropped, and their bytes counted', () => {
    reader.push(Buffer.from('1\n2\n3\n4\n5\n'), 0);
    reader.push(Buffer.from('6\n'), 999);
    reader.push(Buffer.from('7\n'), 1000);
    expect([sink.lines, sink.droppedBytes]).toEqual([['1', '2', '3', '7'], 6]);
  });

  it('are dropped as whole lines, wherever the output was cut', () => {
    reader.push(Buffer.from('1\n2\n3\n4\n5 begins'), 0);
    reader.push(Buffer.from(' and goes on'), 1500);
    reader.push(Buffer.from(' to its end\n6\n'), 1500);
    expect(sink.lines).toEqual(['1', '2', '3', '6']);
    expect(sink.droppedBytes).toBe('4\n5 begins and goes on to its end\n'.length);
  });

  it('keep their last ones when nothing comes after them', () => {
    const text = Array.from({ length: 5000 }, (_, i) => `line ${i}\n`).join('');
    reader.push(Buffer.from(`${text}about to crash`), 0);
    reader.end();
    expect(sink.lines).toEqual(['line 0', 'line 1', 'line 2']);
    expect(sink.words).toHaveLength(12);
    expect(sink.words.slice(-2)).toEqual(['line 4999', 'about to crash']);
  });

  it('keep all of their last ones when those are few', () => {
    reader.push(Buffer.from('1\n2\n3\n4\n5\n'), 0);
    reader.end();
    expect(sink.words).toEqual(['4', '5']);
  });

  it('keep none when others came after them', () => {
    reader.push(Buffer.from('1\n2\n3\n4\n'), 0);
    reader.push(Buffer.from('5\n'), 1000);
    reader.end();
    expect(sink.words).toEqual([]);
  });

  it('are dropped without a look at each', () => {
    const flood = Buffer.alloc(64 * 1024, 'x\n');
    for (let i = 0; i < 10_000; i++) reader.push(flood, 0);
    expect(sink.lines).toHaveLength(3);
    expect(sink.droppedBytes).toBe(10_000 * flood.length - 6);
  });
});
