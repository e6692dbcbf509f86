import { describe, expect, it, vi } from 'vitest';
import { WebhookNews } from '../../../src/webhook/news.js';

function scene() {
  const said: string[] = [];
  const clock = { nowMs: Date.UTC(2026, 10, 30) };
  const news = new WebhookNews(
    'http://h',
    (level, text) => said.push(`${level}: ${text}`),
    () => clock.nowMs,
  );
  return { said, clock, news };
}
const failed = (module: string, why: string) =>
  `warn: the webhook at http://h did not take a message of module ${module}: ${why}; it is posted again until it is taken, or has waited for send_ttl`;
const AGAIN = 'info: the webhook at http://h takes messages again';

describe('what is told of a webhook', () => {
  it('is that it fails, once, and that it goes on when no module waits any more', () => {
    const { said, news } = scene();
    for (let i = 0; i < 100; i++) news.failed('m', 'it answered 500');
    news.failed('n', 'it answered 500');
    news.answered('n');
    expect(said).toEqual([failed('m', 'it answered 500')]);
    news.answered('m');
    news.answered('m');
    expect(said.slice(1)).toEqual([AGAIN]);
  });

  it('is another reason, at most once a minute', () => {
    const { said, clock, news } = scene();
    for (let i = 0; i < 10; i++) news.failed('m', `it answered ${500 + i}`);
    clock.nowMs += 60_000;
    news.failed('m', 'nothing listens there');
    expect(said).toEqual([failed('m', 'it answered 500'), failed('m', 'nothing listens there')]);
  });

  it('is nothing new when each message is given up: that is told by who counts those', () => {
    const { said, news } = scene();
    for (let i = 0; i < 100; i++) {
      news.failed('m', 'it answered 500');
      news.gaveUp('m');
    }
    expect(said).toHaveLength(1);
    news.answered('m');
    expect(said.slice(1)).toEqual([AGAIN]);
  });

  it('is how many it refused of a module, in one line', () => {
    vi.useFakeTimers();
    try {
      const { said, news } = scene();
      for (let i = 0; i < 3; i++) news.refused('m');
      vi.runAllTimers();
      const what = 'the webhook at http://h refused 3 messages that it sent; the module gets the status 0x80';
      expect(said).toEqual([`warn: module m: ${what}`]);
      news.close();
    } finally {
      vi.useRealTimers();
    }
  });
});

it('a problem is what fails now, since when and why', () => {
  const { clock, news } = scene();
  expect(news.problems()).toEqual([]);
  news.failed('m', 'it answered 500');
  clock.nowMs += 5000;
  news.failed('n', 'it answered 502');
  expect(news.problems()).toEqual([
    'the webhook at http://h takes no messages of m, n since 2026-11-30T00:00:00.000Z: it answered 502; correct that there; until then they wait, and are posted again, for send_ttl at most',
  ]);
  for (const module of 'abcdefgh') news.failed(module, 'it answered 502');
  expect(news.problems()[0]).toContain('of m, n, a, b, c and others since');
  for (const module of 'mnabcdefg') news.answered(module);
  news.gaveUp('h');
  expect(news.problems()).toEqual([]);
});
