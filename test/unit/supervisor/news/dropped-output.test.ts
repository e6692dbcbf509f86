import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Growth } from '../../../../src/supervisor/calls/growth.js';
import { DroppedOutput } from '../../../../src/supervisor/news/dropped-output.js';

let told: string[];
beforeEach(() => {
  vi.useFakeTimers();
  told = [];
});
afterEach(() => {
  vi.useRealTimers();
});

describe('dropped output', () => {
  it('is logged a second after the first line, in one line', () => {
    const dropped = new DroppedOutput(1000, (text) => told.push(text));
    dropped.add('limited', 7);
    vi.advanceTimersByTime(999);
    dropped.add('limited', 1);
    dropped.add('full', 1);
    dropped.add('stderr', 4096);
    expect(told).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(told).toEqual([
      '8 log lines were dropped: more than log_rate, 1000 lines a second; ' +
        '1 log line was dropped: the black box was full; ' +
        '4096 bytes of stderr were dropped: more than log_rate, 1000 lines a second',
    ]);
    vi.advanceTimersByTime(5000);
    expect(told).toHaveLength(1);
  });

  it('that was not delivered is logged with the reason', () => {
    const lost = new DroppedOutput(1000, (text) => told.push(text));
    lost.add('unheard', 1);
    lost.flush();
    lost.add('unheard', 3);
    lost.add('failed', 2);
    lost.flush();
    expect(told).toEqual([
      'nobody takes what it sends: 1 message was not delivered',
      'nobody takes what it sends: 3 messages were not delivered; ' +
        '2 messages were not delivered: the program that embeds the supervisor threw an error',
    ]);
  });

  it('is logged with the rate that it exceeded', () => {
    const dropped = new DroppedOutput(1000, (text) => told.push(text));
    dropped.add('limited', 1);
    dropped.limitTo(1000);
    expect(told).toEqual([]);
    dropped.limitTo(10);
    dropped.add('limited', 2);
    dropped.flush();
    expect(told).toEqual([
      '1 log line was dropped: more than log_rate, 1000 lines a second',
      '2 log lines were dropped: more than log_rate, 10 lines a second',
    ]);
  });

  it('is logged once, at once, on request', () => {
    const dropped = new DroppedOutput(null, (text) => told.push(text));
    dropped.flush();
    dropped.add('full', 2);
    dropped.flush();
    dropped.flush();
    expect(told).toEqual(['2 log lines were dropped: the black box was full']);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the growth of a total', () => {
  it('is the difference since the last look', () => {
    const growth = new Growth();
    expect([5, 5, 9].map((total) => growth.to(total))).toEqual([5, 0, 4]);
  });

  it.each([-1, Number.NaN, 2 ** 64, 2 ** 53, 2 ** 41])('is 0 for %d, which no host can have counted', (total) => {
    const growth = new Growth();
    growth.to(5);
    expect(growth.to(total)).toBe(0);
    expect(growth.to(6)).toBe(1);
  });
});
