/** Why a host is replaced although nothing is wrong with it, in words. */

import { formatDuration, formatSize } from '../../config/units.js';
import type { Wear } from '../types.js';

/** After "which", "it" or the name of a host. */
export function describeWear(wear: Wear): string {
  switch (wear.cause) {
    case 'messages':
      return `has answered ${wear.messages} messages (max_messages = ${wear.maxMessages})`;
    case 'age':
      return `has served for ${describeAge(wear.ageMs)} (max_age = ${formatDuration(wear.maxAgeMs)})`;
    case 'memory':
      return `has ${Math.round(wear.memoryBytes / 1024 ** 2)} MiB in memory (max_rss = ${formatSize(wear.maxRssBytes)})`;
  }
}

/** In whole seconds, minutes or hours. */
function describeAge(ageMs: number): string {
  const seconds = Math.round(ageMs / 1000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} minutes` : `${Math.round(seconds / 3600)} hours`;
}
