/**
 * When the core takes another file of a module by itself: pure, with the clock passed in.
 *
 * A file is looked at whenever something may have changed. Another file must stay as it is for a moment. Then it is examined. It is
 * taken if it is whole and has other bytes than what runs. What was refused once is not tried again, whatever its date says.
 */

import { isSameInode } from '../../file-identity.js';

/** How long a file must stay as it is. */
export const QUIET_MS = 500;
/** The least time between two reloads of a module. */
export const GAP_MS = 5_000;
/** A file that cannot be read is tried again so much later: what keeps the core from it may pass, and no change tells of that. */
export const UNREADABLE_MS = 5_000;
/** A file that is replaced by others all the time is examined after so long. */
export const MOST_WAIT_MS = 5_000;
/** How long a file may be missing or incomplete before the operator is told. */
export const PATIENCE_MS = 10_000;

/** What follows from a look. */
export type LookStep =
  /** Nothing is to be done. */
  | { kind: 'rest' }
  /** Look again then. */
  | { kind: 'again'; inMs: number }
  /** Read it. */
  | { kind: 'examine' }
  /** Tell the operator: the file is gone. */
  | { kind: 'gone' }
  /** Tell the operator: the file is still not whole. */
  | { kind: 'incomplete'; why: string };

/** What reading a file has shown. */
export type Content =
  | { kind: 'whole'; sha256: string }
  /** `missing`: in words. */
  | { kind: 'incomplete'; missing: string }
  /** It could not be read, or was written to meanwhile. */
  | { kind: 'unreadable' };

/** Bytes that need no reload, as sha256; `null`: there are none. */
export interface KnownBytes {
  running: string | null;
  /** They have failed on probation, whoever ordered the reload. Only an order tries them again. */
  failed: string | null;
}

/** Of one module. */
export class WatchPolicy {
  /** The file that needs nothing more: it runs, was refused, is not whole, or has the bytes of one of these. */
  #settled: string | null = null;
  #candidate: { identity: string; sinceMs: number; firstMs: number } | null = null;
  /** The file that could not be read, and when it is tried again. */
  #unreadable: { identity: string; untilMs: number } | null = null;
  #refused: string | null = null;
  #triedMs = Number.NEGATIVE_INFINITY;
  #goneSinceMs: number | null = null;
  #isGoneTold = false;
  #incomplete: { why: string; sinceMs: number; isTold: boolean } | null = null;

  /**
   * @param found - identifies the file that is there now; `null`: there is none
   * @param runs - it is the one that the module's process has loaded
   */
  look(found: string | null, runs: boolean, nowMs: number): LookStep {
    if (found === null) return this.#missing(nowMs);
    this.#goneSinceMs = null;
    this.#isGoneTold = false;
    if (runs || found === this.#settled) {
      this.#candidate = null;
      if (runs) this.#incomplete = null;
      return this.#rest(nowMs);
    }
    if (found === this.#unreadable?.identity && nowMs < this.#unreadable.untilMs) {
      this.#candidate = null;
      return this.#rest(nowMs, this.#unreadable.untilMs);
    }
    const before = this.#candidate;
    if (before?.identity !== found) {
      const firstMs = before?.firstMs ?? nowMs;
      this.#candidate = { identity: found, sinceMs: nowMs, firstMs };
      // One that is written to has to come to rest. One that another takes the place of may be whole each time.
      const isReplaced = before !== null && !isSameInode(before.identity, found);
      if (!isReplaced || nowMs - firstMs < MOST_WAIT_MS) return { kind: 'again', inMs: QUIET_MS };
    }
    const candidate = this.#candidate as { sinceMs: number; firstMs: number };
    const isDue = nowMs - candidate.sinceMs >= QUIET_MS || candidate.sinceMs === nowMs;
    if (!isDue) return { kind: 'again', inMs: candidate.sinceMs + QUIET_MS - nowMs };
    const gapMs = this.#triedMs + GAP_MS - nowMs;
    return gapMs > 0 ? { kind: 'again', inMs: gapMs } : { kind: 'examine' };
  }

  /**
   * @param identity - identifies the file that was read
   * @returns whether the module is to be reloaded
   */
  examined(identity: string, content: Content, { running, failed }: KnownBytes, nowMs: number): boolean {
    const isReadable = content.kind !== 'unreadable';
    this.#candidate = null;
    this.#settled = isReadable ? identity : null;
    this.#unreadable = isReadable ? null : { identity, untilMs: nowMs + UNREADABLE_MS };
    if (content.kind !== 'whole') {
      this.#incomplete ??= { why: '', sinceMs: nowMs, isTold: false };
      this.#incomplete.why = content.kind === 'incomplete' ? content.missing : 'it cannot be read';
      return false;
    }
    this.#incomplete = null;
    // A date says nothing. What was refused stays refused, even when another file was there meanwhile.
    return ![running, failed, this.#refused].includes(content.sha256);
  }

  /** A reload has ended. @param refused - the bytes that did not work; `null`: they run */
  reloaded(refused: string | null, nowMs: number): void {
    this.#triedMs = nowMs;
    this.#refused = refused;
  }

  /** @param untilMs - when something is to be done in any case */
  #rest(nowMs: number, untilMs = Number.POSITIVE_INFINITY): LookStep {
    const incomplete = this.#incomplete;
    const tellMs =
      incomplete === null || incomplete.isTold ? Number.POSITIVE_INFINITY : incomplete.sinceMs + PATIENCE_MS;
    if (incomplete !== null && nowMs >= tellMs) {
      incomplete.isTold = true;
      return { kind: 'incomplete', why: incomplete.why };
    }
    const inMs = Math.min(tellMs, untilMs) - nowMs;
    return Number.isFinite(inMs) ? { kind: 'again', inMs } : { kind: 'rest' };
  }

  #missing(nowMs: number): LookStep {
    this.#candidate = null;
    this.#settled = null;
    this.#goneSinceMs ??= nowMs;
    if (this.#isGoneTold) return { kind: 'rest' };
    const inMs = this.#goneSinceMs + PATIENCE_MS - nowMs;
    if (inMs > 0) return { kind: 'again', inMs };
    this.#isGoneTold = true;
    return { kind: 'gone' };
  }
}
