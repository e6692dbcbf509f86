/** How quantities are written in a configuration: durations, sizes, counts in a time, ranges of time. */

/** A quantity that is not written correctly. The message says what was expected, and how to correct it. */
export class UnitError extends Error {}

const MILLIS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
const BYTES = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 };

/** No quantity is longer. On megabytes a pattern may run out of the memory for its steps, which is not an error of the value. */
const MOST_CHARACTERS = 200;

/** What a pattern finds in a text that may be a quantity; empty: nothing. */
function find(pattern: RegExp, text: string): readonly (string | undefined)[] {
  return text.length > MOST_CHARACTERS ? [] : (pattern.exec(text) ?? []);
}

/**
 * Reads a duration: `500ms`, `2s`, `1m`, `1h`, or `0`.
 *
 * @returns milliseconds.
 * @throws UnitError when it is anything else, a number without a unit included.
 */
export function parseDuration(text: string): number {
  const [, digits, unit] = find(/^([0-9]+)[ \t]*(ms|s|m|h)$/, text);
  if (digits && unit) return toNumber(digits, text) * MILLIS[unit as keyof typeof MILLIS];
  if (find(/^0+$/, text).length > 0) return 0;
  const expected = 'expected a duration such as 500ms, 2s, 1m or 1h';
  if (/^[0-9]{1,15}$/.test(text)) throw new UnitError(`${expected} (a unit is missing: ${text}s or ${text}ms?)`);
  if (find(/^[0-9]*\.[0-9]/, text).length > 0)
    throw new UnitError(`${expected} (whole numbers only: 1500ms for one second and a half)`);
  throw new UnitError(expected);
}

/**
 * Reads a size: `64KiB`, `8MiB`, `1GiB`, or a number of bytes.
 *
 * @returns bytes.
 * @throws UnitError when it is anything else.
 */
export function parseSize(text: string): number {
  const [, digits, unit] = find(/^([0-9]+)[ \t]*(KiB|MiB|GiB)?$/, text);
  if (digits) return toNumber(digits, text) * (unit ? BYTES[unit as keyof typeof BYTES] : 1);
  const expected = 'expected a size such as 64KiB, 8MiB, 1GiB or a number of bytes';
  // The ways in which other programs write sizes.
  const [, foreign, letter] = find(/^([0-9]{1,15})[ \t]*([kmg])(?:i?b)?$/i, text);
  throw new UnitError(foreign && letter ? `${expected} (${foreign}${letter.toUpperCase()}iB?)` : expected);
}

/**
 * Reads a whole number without a unit, as `256`.
 *
 * @throws UnitError when it is anything else.
 */
export function parseCount(text: string): number {
  if (find(/^[0-9]+$/, text).length > 0) return toNumber(text, text);
  throw new UnitError('expected a whole number such as 256, without a unit');
}

/**
 * Reads how often something may happen in a time: `5 in 60s`.
 *
 * @throws UnitError when it is anything else.
 */
export function parseRate(text: string): { count: number; periodMs: number } {
  const [, count, period] = find(/^([0-9]+)[ \t]+in[ \t]+(\S.*)$/, text);
  if (!count || !period) throw new UnitError('expected a number in a duration, such as 5 in 60s');
  return { count: toNumber(count, text), periodMs: parseDuration(period) };
}

/**
 * Reads a range of time: `100ms to 30s`.
 *
 * @throws UnitError when it is anything else.
 */
export function parseDurationRange(text: string): { minMs: number; maxMs: number } {
  const [, min, max] = find(/^(\S+(?:[ \t]+(?:ms|s|m|h))?)[ \t]+to[ \t]+(\S.*)$/, text);
  if (!min || !max) throw new UnitError('expected two durations, such as 100ms to 30s');
  return { minMs: parseDuration(min), maxMs: parseDuration(max) };
}

/** Makes a reader that takes `off` for `null` and leaves everything else to `parse`. */
export function orOff<T>(parse: (text: string) => T): (text: string) => T | null {
  return (text) => {
    if (text === 'off') return null;
    try {
      return parse(text);
    } catch (error) {
      if (error instanceof UnitError) throw new UnitError(`${error.message}, or off`);
      throw error;
    }
  };
}

/** Writes a number of bytes as {@link parseSize} reads it, in the largest unit that divides it. */
export function formatSize(bytes: number): string {
  for (const unit of ['GiB', 'MiB', 'KiB'] as const) {
    if (bytes > 0 && bytes % BYTES[unit] === 0) return `${bytes / BYTES[unit]}${unit}`;
  }
  return `${bytes}`;
}

/** Writes milliseconds as {@link parseDuration} reads them, in the largest unit that divides them. */
export function formatDuration(millis: number): string {
  for (const unit of ['h', 'm', 's'] as const) {
    if (millis > 0 && millis % MILLIS[unit] === 0) return `${millis / MILLIS[unit]}${unit}`;
  }
  return `${millis}ms`;
}

/** Writes how long something has lasted: from a second on in whole seconds. */
export function formatAge(millis: number): string {
  return formatDuration(millis < 1000 ? millis : Math.floor(millis / 1000) * 1000);
}

/** Writes how often something may happen, as {@link parseRate} reads it. */
export function formatRate({ count, periodMs }: { count: number; periodMs: number }): string {
  return `${count} in ${formatDuration(periodMs)}`;
}

/** Writes a range of time, as {@link parseDurationRange} reads it. */
export function formatDurationRange({ minMs, maxMs }: { minMs: number; maxMs: number }): string {
  return `${formatDuration(minMs)} to ${formatDuration(maxMs)}`;
}

/** Makes a writer of `null` as `off`, for what {@link orOff} reads. */
export function offOr<T>(format: (value: T) => string): (value: T | null) => string {
  return (value) => (value === null ? 'off' : format(value));
}

/** Numbers past 15 digits are not exact, and none of our quantities needs them. */
function toNumber(digits: string, text: string): number {
  const value = Number(digits);
  if (digits.replace(/^0+/, '').length <= 15) return value;
  throw new UnitError(`expected a smaller number than the one in ${text.slice(0, 40)}${text.length > 40 ? '...' : ''}`);
}
