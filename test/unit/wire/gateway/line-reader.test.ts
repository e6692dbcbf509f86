import { expect, it } from 'vitest';
import { LineReader } from '../../../../src/wire/gateway/json/line-reader.js';

function lines(reader: LineReader, ...chunks: string[]): string[] {
  const found: string[] = [];
  for (const chunk of chunks) {
    reader.push(Buffer.from(chunk));
    for (let line = reader.next(); line !== null; line = reader.next()) found.push(`${line}`);
  }
  return found;
}

it('lines are cut at their ends, of either kind, and empty ones are no lines', () => {
  expect(lines(new LineReader(100), 'a\n\r\n\nb\r\nc', 'd', '\n', 'e\r', '\n')).toEqual(['a', 'b', 'cd', 'e']);
});

it('a line may have so many bytes and no more, in however many pieces', () => {
  expect(lines(new LineReader(4), 'abcd\n', 'ab', 'cd\r\n')).toEqual(['abcd', 'abcd']);
  for (const chunks of [['abcdef\n'], ['abc', 'def'], ['abcdef']]) {
    expect(() => lines(new LineReader(4), ...chunks)).toThrow('a line has more than 4 bytes');
  }
});

it('it holds what has arrived of a line, and not more than twice that', () => {
  const reader = new LineReader(1024 * 1024);
  for (let i = 0; i < 10; i++) {
    lines(reader, 'x'.repeat(50_000));
    expect(reader.heldBytes).toBeLessThanOrEqual(Math.max(64 * 1024, 2 * 50_000 * (i + 1)));
  }
  expect(lines(reader, '\n')[0]).toHaveLength(500_000);
  expect(reader.heldBytes).toBe(0);
});
