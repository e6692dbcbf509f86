/** The moments that an operator names: `10m` ago, `08:15`, `2026-11-29T08:15:00Z`. */

/** A text that names no moment. The message says what is accepted. */
export class MomentError extends Error {}

const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const AGO = /^(?:\d{1,9}(?:ms|s|m|h|d))+$/;
const WORDS = /^(\d{1,9}) ?(s|m|h|d|sec|min|hour|day|second|minute)s?(?: ago)?$/;
const TIME = String.raw`(\d{1,2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?`;
const CLOCK = new RegExp(`^${TIME}$`);
const DATE = new RegExp(String.raw`^(\d{4})-(\d{2})-(\d{2})(?:[T ]${TIME}(Z|[+-]\d{2}:?\d{2})?)?$`);
const ACCEPTED =
  'how long ago (10m, 1h30m, 2d), a time of day (08:15), now, today, yesterday, or a date (2026-11-29, "2026-11-29 08:15:00", 2026-11-29T08:15:00Z)';

/**
 * Reads a moment. Dates and times of day without a zone are local. A time of day means its last occurrence in the past.
 *
 * @param nowMs - milliseconds since the epoch
 * @returns milliseconds since the epoch
 * @throws MomentError for anything else.
 */
export function parseMoment(text: string, nowMs: number): number {
  if (AGO.test(text)) return nowMs - parseAgo(text);
  const [, digits, unit] = WORDS.exec(text) ?? [];
  if (digits !== undefined) return nowMs - parseAgo(`${digits}${unit?.[0]}`);
  const day = parseDay(text, nowMs);
  if (day !== null) return day;
  const moment = parseClock(text, nowMs) ?? parseDate(text);
  if (moment !== null) return moment;
  const hint = /^\d{1,9}$/.test(text) ? ` (with its unit: ${text}m or ${text}s?)` : '';
  throw new MomentError(`Expected ${ACCEPTED}${hint}.`);
}

/** Days begin at midnight. */
function parseDay(text: string, nowMs: number): number | null {
  if (text === 'now') return nowMs;
  if (text !== 'today' && text !== 'yesterday') return null;
  const now = new Date(nowMs);
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - (text === 'today' ? 0 : 1)).getTime();
}

function parseAgo(text: string): number {
  let total = 0;
  for (const [, digits, unit] of text.matchAll(/(\d+)(ms|s|m|h|d)/g)) {
    total += Number(digits) * UNIT_MS[unit as keyof typeof UNIT_MS];
  }
  return total;
}

function parseClock(text: string, nowMs: number): number | null {
  const [, ...time] = CLOCK.exec(text) ?? [];
  const clock = readTime(time);
  if (!clock) return null;
  const now = new Date(nowMs);
  const onDay = (day: number) => new Date(now.getFullYear(), now.getMonth(), day, ...clock).getTime();
  const today = onDay(now.getDate());
  return today <= nowMs ? today : onDay(now.getDate() - 1);
}

function parseDate(text: string): number | null {
  const [, year, month, day, ...rest] = DATE.exec(text) ?? [];
  if (year === undefined) return null;
  const zone = rest.pop();
  const clock = rest[0] === undefined ? ([0, 0, 0, 0] as const) : readTime(rest);
  const date = [Number(year), Number(month) - 1, Number(day)] as const;
  // A month has the day if the calendar does not turn it into another one.
  if (!clock || new Date(Date.UTC(...date)).getUTCDate() !== date[2] || date[1] < 0 || date[1] > 11) return null;
  if (zone === undefined) return new Date(...date, ...clock).getTime();
  const offset = readOffset(zone);
  return offset === null ? null : Date.UTC(...date, ...clock) - offset;
}

/** Hours, minutes, seconds and milliseconds, as far as they are given; `null` when there is no such time of day. */
function readTime([hour, minute, second = '0', fraction = '']: (string | undefined)[]) {
  const [h, m, s, ms] = [Number(hour), Number(minute), Number(second), Number(fraction.padEnd(3, '0'))];
  return h <= 23 && m <= 59 && s <= 59 ? ([h, m, s, ms] as const) : null;
}

/** How far a zone is ahead of UTC, in milliseconds. */
function readOffset(zone: string): number | null {
  if (zone === 'Z') return 0;
  const [hours, minutes] = [Number(zone.slice(1, 3)), Number(zone.slice(-2))];
  if (hours > 23 || minutes > 59) return null;
  return (zone.startsWith('-') ? -1 : 1) * (hours * UNIT_MS.h + minutes * UNIT_MS.m);
}
