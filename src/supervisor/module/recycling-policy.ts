/** When a host has served long enough: pure, with the clock passed in. */

import type { ModuleSpec } from '../../config/types.js';
import type { Wear } from '../types.js';

/** The settings that decide. */
export type RecyclingSettings = Pick<ModuleSpec, 'maxMessages' | 'maxAgeMs'>;

/** What is known of a host that serves. */
export interface Worn {
  readonly generation: number;
  /** Messages that it has answered. */
  readonly messages: number;
  /** When it became ready. */
  readonly readyMs: number;
}

/** A host that has reached a limit. */
export interface DueHost<H> {
  host: H;
  wear: Wear;
}

/** Up to this part of a limit less. Replicas that started together then do not reach it together. */
const JITTER = 0.1;
/** The fractional part of the golden ratio. Its multiples spread evenly, however many there are. */
const SPREAD = 0.618_033_988_749_895;

/** A successor that could not start is tried again after the first of these, then after twice as long each time, up to the last. */
export const RETRY_MS = { first: 1000, last: 300_000 };

/** The limit of one host. It is the setting, or up to a tenth less. */
export function limitOf(setting: number | null, generation: number): number {
  return setting === null ? Number.POSITIVE_INFINITY : setting * (1 - JITTER * ((generation * SPREAD) % 1));
}

/** Whether a host may have reached `max_messages`. It costs next to nothing, and leaves the rest to {@link findDue}. */
export function mayBeSpent(maxMessages: number | null, messages: number): boolean {
  return maxMessages !== null && messages >= maxMessages * (1 - JITTER);
}

/** The host that should be replaced now, the oldest first; `null`: none. */
export function findDue<H extends Worn>(
  hosts: readonly H[],
  settings: RecyclingSettings,
  nowMs: number,
): DueHost<H> | null {
  for (const host of hosts.toSorted((a, b) => a.generation - b.generation)) {
    const wear = wearOf(host, settings, nowMs);
    if (wear !== null) return { host, wear };
  }
  return null;
}

/** When the next host reaches `max_age`; `null`: none will. */
export function nextAgeMs(hosts: readonly Worn[], { maxAgeMs }: RecyclingSettings): number | null {
  if (maxAgeMs === null || hosts.length === 0) return null;
  return Math.min(...hosts.map(({ readyMs, generation }) => readyMs + limitOf(maxAgeMs, generation)));
}

/** How long to wait after so many successors in a row that could not start. */
export function retryDelayMs(failures: number): number {
  return Math.min(RETRY_MS.last, RETRY_MS.first * 2 ** (failures - 1));
}

function wearOf(host: Worn, { maxMessages, maxAgeMs }: RecyclingSettings, nowMs: number): Wear | null {
  const { generation, messages, readyMs } = host;
  if (maxMessages !== null && messages >= limitOf(maxMessages, generation)) {
    return { cause: 'messages', messages, maxMessages };
  }
  const ageMs = nowMs - readyMs;
  return maxAgeMs !== null && ageMs >= limitOf(maxAgeMs, generation) ? { cause: 'age', ageMs, maxAgeMs } : null;
}
