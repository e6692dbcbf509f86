/** Which messages a module does not get: pure, with the clock passed in. */

import { beginEntry, countKill, digitsOf, type Kill, type QuarantineEntry } from './entry.js';
import type { QuarantinedMessage, QuarantineSettings, QuarantineState } from './types.js';

/** Messages that are remembered of one module; the oldest leaves first. */
export const MAX_ENTRIES = 1000;

type Subject = Pick<QuarantineEntry, 'hash' | 'messageId' | 'parties' | 'build'>;

/** Whether two are the same message for the same build: by all that a module is shown, or by an id with its sender and receiver. */
export function isSameMessage(a: Subject, b: Subject): boolean {
  if (a.build !== b.build) return false;
  return a.hash === b.hash || (a.messageId !== '0' && a.messageId === b.messageId && a.parties === b.parties);
}

/** What is remembered after one more death. @returns the entries, the oldest death first, and the one that it is about */
export function addKill(
  entries: readonly QuarantineEntry[],
  kill: Kill,
  settings: QuarantineSettings,
  nowMs: number,
): { entries: QuarantineEntry[]; entry: QuarantineEntry } {
  const living = dropExpired(entries, settings, nowMs);
  const begun = beginEntry(kill, 0, nowMs);
  const known = living.find(({ id }) => id === begun.id);
  const alike = living.filter((other) => isSameMessage(other, begun));
  const before = Math.max(0, ...alike.map(({ crashes }) => crashes));
  const entry = known ? countKill(known, kill, nowMs) : beginEntry(kill, before, nowMs);
  const others = living.filter(({ id }) => id !== entry.id);
  return { entries: makeRoom([...others, entry], kill.build), entry };
}

/**
 * What is remembered of a module that is about to run a build, which another module has run. What killed the build there is
 * withheld from it here as well.
 *
 * @param taken - what is remembered there, of one build
 */
export function takeEntries(
  entries: readonly QuarantineEntry[],
  taken: readonly QuarantineEntry[],
  module: string,
): QuarantineEntry[] {
  let all = [...entries];
  for (const { id, ...entry } of taken) {
    const own = { ...entry, id: `${module}-${digitsOf(id)}`, withheld: 0 };
    const known = all.find((other) => other.id === own.id);
    if (known && known.crashes >= own.crashes) continue;
    all = makeRoom([...all.filter((other) => other !== known), own], own.build);
  }
  return all;
}

/** Those that still count. An age below 0 means that the clock was set back: then they count. */
export function dropExpired(
  entries: readonly QuarantineEntry[],
  settings: Pick<QuarantineSettings, 'quarantineTtlMs'>,
  nowMs: number,
): QuarantineEntry[] {
  return entries.filter((entry) => !isExpired(entry, settings, nowMs));
}

/** Whether an entry has had its time. */
export function isExpired(
  { lastAt }: Pick<QuarantineEntry, 'lastAt'>,
  { quarantineTtlMs }: Pick<QuarantineSettings, 'quarantineTtlMs'>,
  nowMs: number,
): boolean {
  return nowMs - lastAt >= quarantineTtlMs;
}

/** Whether a message has killed often enough to be withheld from the build that it killed. */
export function isEnough(
  { crashes }: Pick<QuarantineEntry, 'crashes'>,
  { quarantine }: Pick<QuarantineSettings, 'quarantine'>,
): boolean {
  return quarantine !== null && crashes >= quarantine;
}

/** @param build - the one that the module runs; `null`: that is not known, as for a core that does not run */
export function stateOf(
  entry: QuarantineEntry,
  settings: Pick<QuarantineSettings, 'quarantine'>,
  build: string | null,
): QuarantineState {
  if (build !== null && entry.build !== build) return 'lifted';
  return isEnough(entry, settings) ? 'withheld' : 'counted';
}

/** How an entry is shown. */
export function describeEntry(
  entry: QuarantineEntry,
  module: string,
  settings: QuarantineSettings,
  build: string | null,
): QuarantinedMessage {
  const { parties: _, partiesKey: __, id, firstAt, lastAt, ...shown } = entry;
  return {
    id,
    module,
    state: stateOf(entry, settings, build),
    ...shown,
    firstAt: timeOf(firstAt),
    lastAt: timeOf(lastAt),
    until: timeOf(lastAt + settings.quarantineTtlMs),
  };
}

/** What other builds have left goes first. */
function makeRoom(entries: QuarantineEntry[], build: string): QuarantineEntry[] {
  const excess = entries.length - MAX_ENTRIES;
  if (excess <= 0) return entries;
  const byAge = [...entries].sort((a, b) => a.lastAt - b.lastAt);
  const order = [...byAge.filter((entry) => entry.build !== build), ...byAge.filter((entry) => entry.build === build)];
  const leaving = new Set(order.slice(0, excess));
  return entries.filter((entry) => !leaving.has(entry));
}

/** A file may have any number. */
function timeOf(millis: number): string {
  const LATEST = 8.64e15;
  return new Date(Math.min(millis, LATEST)).toISOString();
}
