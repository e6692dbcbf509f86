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

describe('the log of a webhook', () => {
  it('says once that it fails, and that it goes on when no module waits any more', () => {
    const { said, news } = scene();
    for (let i = 0; i < 100; i++) news.failed('m', 'it answered 500');
    news.failed('n', 'it answered 500');
    news.answered('n');
    expect(said).toEqual([failed('m', 'it answered 500')]);
    news.answered('m');
    news.answered('m');
    expect(said.slice(1)).toEqual([AGAIN]);
  });

  it('gives another reason at most once a minute', () => {
    const { said, clock, news } = scene();
    for (let i = 0; i < 10; i++) news.failed('m', `it answered ${500 + i}`);
    clock.nowMs += 60_000;
    news.failed('m', 'nothing listens there');
    expect(said).toEqual([failed('m', 'it answered 500'), failed('m', 'nothing listens there')]);
  });

  it('reports a receiver that fails every other time at most once a minute, with the number', () => {
    const { said, clock, news } = scene();
    for (let second = 0; second <= 600; second++) {
      news.failed('m', 'it answered 500');
      clock.nowMs += 500;
      news.answered('m');
      clock.nowMs += 500;
    }
    expect(said).toHaveLength(22);
    expect(said.slice(0, 4)).toEqual([
      failed('m', 'it answered 500'),
      AGAIN,
      `${failed('m', 'it answered 500')}; it failed 59 more times since 2026-11-30T00:00:00.000Z, and took messages again`,
      AGAIN,
    ]);
    // A failure that goes on is logged when its time has come.
    news.failed('m', 'it answered 502');
    clock.nowMs += 60_000;
    news.failed('m', 'it answered 502');
    expect(said.slice(22)).toEqual([failed('m', 'it answered 502')]);
    news.answered('m');
    news.failed('m', 'it answered 502');
    news.answered('m');
    news.close();
    expect(said.slice(24)).toEqual([
      'info: the webhook at http://h: it failed 1 more time since 2026-11-30T00:11:01.000Z, and took messages again',
    ]);
  });

  it('is silent when each message is given up: the count of those is logged elsewhere', () => {
    const { said, news } = scene();
    for (let i = 0; i < 100; i++) {
      news.failed('m', 'it answered 500');
      news.gaveUp('m');
    }
    expect(said).toHaveLength(1);
    news.answered('m');
    expect(said.slice(1)).toEqual([AGAIN]);
  });

  it('gives the number of refusals for a module in one line', () => {
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

it('has a problem that says what fails now, since when and why', () => {
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
