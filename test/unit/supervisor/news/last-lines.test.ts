import { expect, it } from 'vitest';
import { LastLines } from '../../../../src/supervisor/news/last-lines.js';
import type { LogLine } from '../../../../src/supervisor/types.js';

const line = (generation: number | null, text: string): LogLine => {
  return { time: 0, module: 'm', generation, source: 'module', level: 0, text };
};

it('has the last 50 lines of each host, oldest first', () => {
  const lines = new LastLines();
  lines.begin(1);
  lines.begin(2);
  for (let i = 1; i <= 70; i++) lines.add(line(1, `one ${i}`));
  lines.add(line(2, 'two'));
  lines.add(line(null, 'of none'));
  const first = lines.end(1).map(({ text }) => text);
  expect([first.length, first[0], first.at(-1)]).toEqual([50, 'one 21', 'one 70']);
  expect(lines.end(2).map(({ text }) => text)).toEqual(['two']);
});

it('keeps nothing of a host that has ended', () => {
  const lines = new LastLines();
  lines.begin(1);
  lines.end(1);
  lines.add(line(1, 'late'));
  expect(lines.end(1)).toEqual([]);
});

it('cuts long lines', () => {
  const lines = new LastLines();
  lines.begin(1);
  lines.add(line(1, 'x'.repeat(65_536)));
  const [one] = lines.end(1);
  expect(one?.text.length).toBeLessThan(2100);
  expect(one?.text).toMatch(/\[line cut\]$/);
});
