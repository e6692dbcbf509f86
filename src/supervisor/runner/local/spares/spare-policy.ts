/** When a spare process is started, and when it has waited in vain: pure, with the clock passed in. */

/** What is known of one profile. */
export interface Shelf {
  /** Runs of modules that have it, from the moment that they were ready. */
  users: number;
  /** When the last of them ended; `null`: there is one. */
  unusedSinceMs: number | null;
  /** Processes that were started for it and have not ended. */
  spares: number;
  /** How many in a row ended before anybody took them, and when the last of these ended. */
  failures: number;
  failedMs: number;
}

/** What is known of everything else. */
export interface Stir {
  nowMs: number;
  /** How many spares there are to be of each profile. */
  count: number;
  /** When a run last began or became ready. */
  stirredMs: number;
  /** Runs that are not ready yet. */
  starting: number;
  /** Whether a spare is being started. */
  isFilling: boolean;
}

/** What is to be done for a profile now. */
export type ShelfStep =
  | { kind: 'fill' }
  /** No module has it any more. */
  | { kind: 'clear' }
  /** `untilMs`: look again then; `null`: when something has happened. */
  | { kind: 'wait'; untilMs: number | null };

/** A spare starts only after nothing else has started for this long: it would take time from the starts of modules. */
export const CALM_MS = 100;
/** A start that takes longer than this may go on beside it. */
export const PATIENCE_MS = 5_000;
/** A module that has crashed may wait for so long before it starts again, and finds its spare. */
export const UNUSED_MS = 60_000;
/** The wait after the first one that ended by itself. It doubles with each further one, up to the maximum. */
export const RETRY_MS = { first: 1_000, last: 60_000 };
/** A spare that has waited this long was healthy. */
export const HEALTHY_MS = 60_000;

/** Decides on one profile. */
export function stepShelf(shelf: Shelf, stir: Stir): ShelfStep {
  const { nowMs, count } = stir;
  if (shelf.unusedSinceMs !== null) {
    const untilMs = shelf.unusedSinceMs + UNUSED_MS;
    return nowMs >= untilMs ? { kind: 'clear' } : { kind: 'wait', untilMs };
  }
  if (shelf.users === 0 || shelf.spares >= count) return { kind: 'wait', untilMs: null };
  const dueMs = Math.max(stir.stirredMs + (stir.starting > 0 ? PATIENCE_MS : CALM_MS), retryMs(shelf));
  if (nowMs < dueMs) return { kind: 'wait', untilMs: dueMs };
  return stir.isFilling ? { kind: 'wait', untilMs: null } : { kind: 'fill' };
}

function retryMs({ failures, failedMs }: Shelf): number {
  if (failures === 0) return Number.NEGATIVE_INFINITY;
  return failedMs + Math.min(RETRY_MS.last, RETRY_MS.first * 2 ** (failures - 1));
}
