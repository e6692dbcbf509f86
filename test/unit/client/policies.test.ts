import { expect, it } from 'vitest';
import { type Flight, Flights } from '../../../src/client/flights.js';
import { retryDelayMs } from '../../../src/client/retry.js';
import { Stillness } from '../../../src/client/stillness.js';
import { Warnings } from '../../../src/client/warnings.js';
import { CallEvent } from '../../../src/wire/call-event.js';
import { snapshotOf } from '../../../src/wire/params.js';

it('waits longer after each failed attempt, up to the longest wait, and never the same for all', () => {
  expect([1, 2, 3, 7, 8, 100].map((failures) => retryDelayMs(failures, 1000, 1))).toEqual([
    10, 20, 40, 640, 1000, 1000,
  ]);
  expect(retryDelayMs(3, 1000, 0)).toBe(20);
});

it('logs the first default of each reason at once, then one line a second with their number', () => {
  const lines: string[] = [];
  const warnings = new Warnings((line) => lines.push(line));
  warnings.add('late', 'why', 0);
  warnings.add('late', 'why', 1);
  warnings.add('full', 'why', 2);
  warnings.add('late', 'why', 999);
  warnings.add('late', 'newest', 1000);
  warnings.add('late', 'why', 1001);
  warnings.flush(1002);
  warnings.flush(1003);
  expect(lines).toEqual([
    '1 event has a default verdict: late: why',
    '1 event has a default verdict: full: why',
    '3 events have a default verdict: late: newest',
    '1 event has a default verdict: late: why',
  ]);
});

function flight(endMs: number, bytes = 10): Flight {
  const event = CallEvent.message({}, Buffer.alloc(bytes));
  return { event, params: snapshotOf({}), payload: event.payload, trace: false, askedMs: 0, endMs, resolve: () => {} };
}

it('bounds the waiting events by number and by bytes', () => {
  const flights = new Flights(3, 200);
  expect([flight(1), flight(2), flight(3), flight(4)].map((one) => flights.wait(one))).toEqual([
    true,
    true,
    true,
    false,
  ]);
  expect(flights.next()?.endMs).toBe(1);
  expect(flights.wait(flight(5, 190))).toBe(false);
  expect(flights.wait(flight(6, 100))).toBe(true);
  expect([flights.next(), flights.next(), flights.next(), flights.next()].map((one) => one?.endMs)).toEqual([
    2,
    3,
    6,
    undefined,
  ]);
});

it('finds the events whose deadline is over, sent or waiting, and the time of the next deadline', () => {
  const flights = new Flights(10, 1000);
  const sent = [flight(10), flight(20)];
  const waiting = [flight(10), flight(30)];
  const ids = sent.map((one) => {
    const { nextId } = flights;
    flights.send(one);
    return nextId;
  });
  for (const one of waiting) flights.wait(one);
  expect(flights.nextEndMs()).toBe(10);
  expect([...flights.expired(15)]).toEqual([
    [sent[0], ids[0]],
    [waiting[0], -1],
  ]);
  for (const one of [sent[0], waiting[0]]) if (one) one.resolve = null;
  expect(flights.nextEndMs()).toBe(20);
  // The core still has the first one.
  expect(flights.inFlight).toBe(2);
  expect([...flights.lose()]).toEqual([[sent[1], ids[1]]]);
  expect(flights.inFlight).toBe(0);
  expect(flights.next()).toBe(waiting[1]);
});

it('finds the earliest deadline, wherever it stands: a core may set a shorter deadline than before', () => {
  const flights = new Flights(10, 1000);
  const sent = [flight(6000), flight(100)];
  const waiting = [flight(6000), flight(50)];
  for (const one of sent) flights.send(one);
  for (const one of waiting) flights.wait(one);
  expect(flights.nextEndMs()).toBe(50);
  expect([...flights.expired(100)].map(([one]) => one)).toEqual([sent[1], waiting[1]]);
  expect(flights.hasUnanswered).toBe(true);
  for (const one of [...sent, ...waiting]) one.resolve = null;
  expect(flights.hasUnanswered).toBe(false);
  expect(flights.nextEndMs()).toBeNull();
});

it('takes a core as hanging when an event is late and nothing came since, and tries it every 30 s', () => {
  const stillness = new Stillness();
  stillness.heard(100);
  expect(stillness.late(50, 1050)).toBe(false);
  expect(stillness.refuses(1050)).toBe(false);
  expect(stillness.late(200, 1200)).toBe(true);
  expect([1200, 31_199, 31_200, 31_201].map((nowMs) => stillness.refuses(nowMs))).toEqual([true, true, false, true]);
  stillness.heard(32_000);
  expect(stillness.refuses(32_000)).toBe(false);
  expect(stillness.late(33_000, 34_000)).toBe(true);
  stillness.forget();
  expect(stillness.refuses(34_000)).toBe(false);
});

it('keeps order while thousands wait and leave', () => {
  const flights = new Flights(10_000, 10_000_000);
  let made = 0;
  let left = 0;
  for (let round = 0; round < 100; round++) {
    for (let i = 0; i < 100; i++) flights.wait(flight(made++));
    for (let i = 0; i < 90; i++) expect(flights.next()?.endMs).toBe(left++);
  }
  while (left < made) expect(flights.next()?.endMs).toBe(left++);
  expect(flights.next()).toBeNull();
  expect(flights.waiting).toBe(0);
});
