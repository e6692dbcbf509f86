/** Quantities as a person reads them: pure. */

const UNITS: readonly [string, number][] = [
  ['d', 86_400],
  ['h', 3_600],
  ['m', 60],
  ['s', 1],
];

/** As `3d 4h`, `2h 5m`, `1m 3s` or `12s`. */
export function formatSeconds(seconds: number): string {
  const first = UNITS.findIndex(([, size]) => seconds >= size);
  if (first < 0) return '0s';
  let left = Math.floor(seconds);
  const parts = UNITS.slice(first, first + 2).map(([unit, size]) => {
    const count = Math.floor(left / size);
    left -= count * size;
    return `${count}${unit}`;
  });
  return parts.filter((part, i) => i === 0 || !part.startsWith('0')).join(' ');
}

/** How long ago `iso` was; `''` for `null`. */
export function formatAgo(iso: string | null, nowMs: number): string {
  return iso === null ? '' : `${formatSeconds(Math.max(0, (nowMs - Date.parse(iso)) / 1000))} ago`;
}

/** How long it is until `iso`: `in 30s`, or `now` when that is past. */
export function formatUntil(iso: string, nowMs: number): string {
  const leftMs = Date.parse(iso) - nowMs;
  return leftMs > 0 ? `in ${formatSeconds(Math.ceil(leftMs / 1000))}` : 'now';
}

/** Replaces each `of <ISO 8601>` in a text by how long ago that is. */
export function replaceTimes(text: string, nowMs: number): string {
  return text.replaceAll(/\bof (\d{4}-\d\d-\d\dT[\d:.]+Z)/g, (_, iso) => formatAgo(iso, nowMs));
}

/** Counts up to five characters long: `99999`, `123k`, `4.5M`, `12G`. */
export function formatCount(count: number): string {
  if (count < 100_000) return String(count);
  for (const [unit, size] of [
    ['k', 1e3],
    ['M', 1e6],
    ['G', 1e9],
    ['T', 1e12],
  ] as const) {
    const value = count / size;
    if (value < 10) return `${(Math.floor(value * 10) / 10).toFixed(1)}${unit}`;
    if (value < 1000) return `${Math.floor(value)}${unit}`;
  }
  return '>999T';
}

/** Bytes as `850 B`, `1.2 MB`, `35 MB` or `2.5 GB`; `-` for `null`. */
export function formatBytes(bytes: number | null): string {
  if (bytes === null) return '-';
  if (bytes < 1000) return `${bytes} B`;
  for (const [unit, size] of [
    ['kB', 1e3],
    ['MB', 1e6],
    ['GB', 1e9],
  ] as const) {
    const value = bytes / size;
    if (value < 9.95) return `${value.toFixed(1)} ${unit}`;
    if (value < 999.5) return `${Math.round(value)} ${unit}`;
  }
  return `${(bytes / 1e12).toFixed(1)} TB`;
}

/** CPU time as `0.42s`, `12.3s`, or as {@link formatSeconds}; `-` for `null`. */
export function formatCpu(seconds: number | null): string {
  if (seconds === null) return '-';
  if (seconds < 10) return `${seconds.toFixed(2)}s`;
  return seconds < 60 ? `${seconds.toFixed(1)}s` : formatSeconds(seconds);
}

/** Microseconds as `850us`, `1.2ms`, `35ms` or `2.5s`; `-` for `null`. */
export function formatMicros(micros: number | null): string {
  if (micros === null) return '-';
  if (micros < 1000) return `${Math.round(micros)}us`;
  if (micros < 10_000) return `${(micros / 1000).toFixed(1)}ms`;
  return micros < 1_000_000 ? `${Math.round(micros / 1000)}ms` : `${(micros / 1e6).toFixed(1)}s`;
}
