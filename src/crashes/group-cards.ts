/** Which crashes are the same one: pure. */

import { basename } from 'node:path';
import { blamedFrame, type CardFrame, type CrashCard } from './card.js';

/** How many of the innermost functions must be the same. */
const COMPARED = 3;

/** Crashes of one build, of one cause, at one place. */
export interface CrashGroup {
  /** The newest of them. */
  last: CrashCard;
  count: number;
  /** When the first of them was, as ISO 8601. */
  since: string;
  /** All of them, the newest first. */
  ids: string[];
}

/**
 * Puts identical crashes together.
 *
 * @param cards oldest first
 * @returns the newest first
 */
export function groupCards(cards: readonly CrashCard[]): CrashGroup[] {
  const groups = new Map<string, CrashGroup>();
  for (const card of cards) {
    const key = keyOf(card);
    const before = groups.get(key);
    // The order of a map is that of its insertions: what has the newest card comes last.
    groups.delete(key);
    const ids = [card.id, ...(before?.ids ?? [])];
    groups.set(key, { last: card, count: ids.length, since: before?.since ?? card.time, ids });
  }
  return [...groups.values()].reverse();
}

/** Each card by itself, the newest first. */
export function withoutGroups(cards: readonly CrashCard[]): CrashGroup[] {
  return cards.map((card) => ({ last: card, count: 1, since: card.time, ids: [card.id] })).reverse();
}

/** Whether two deaths were at the same place: in the same function, and where both lines are known in the same line. */
export function isSamePlace(a: CardFrame, b: CardFrame): boolean {
  if (a.function !== null && b.function !== null)
    return a.function === b.function && (a.line === null || b.line === null || a.line === b.line);
  return a.offset !== null && a.offset === b.offset && nameOf(a) === nameOf(b);
}

function keyOf(card: CrashCard): string {
  const { module, buildId, sha256, file, cause, signal, exitCode, callback } = card;
  const places = placesOf(card);
  return JSON.stringify([
    module,
    sha256 ?? buildId ?? file,
    cause,
    signal,
    exitCode,
    places.length > 0 ? places : callback,
  ]);
}

/** The innermost places. What was inlined stands at the place of the function that it is in. */
function placesOf({ frames, cause, isOverflow }: CrashCard): (string | null)[] {
  const blamed = blamedFrame(frames);
  // A loop is looked at anywhere in it, and a recursion ends anywhere: there the function says it all.
  if (cause === 'hang' || isOverflow) return blamed === null ? [] : [blamed.function ?? placeOf(blamed)];
  return frames
    .filter(({ isInlined }) => !isInlined)
    .slice(0, COMPARED)
    .map(placeOf);
}

/** In the file and not in the process, where it is at another address each time. */
function placeOf(frame: CardFrame): string | null {
  return frame.offset === null ? frame.function : `${nameOf(frame)}+${frame.offset}`;
}

function nameOf({ object, buildId }: CardFrame): string {
  // The core may run a copy of the file that has another path.
  return buildId ?? basename(object ?? '');
}
