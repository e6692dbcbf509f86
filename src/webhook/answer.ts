/** What the answer to a posted message means: pure. */

/** The head of an answer. */
export interface Answer {
  status: number;
  /** Its Retry-After, as it stands there. */
  retryAfter: string | null;
}

/** What becomes of the message. */
export type Judgement =
  | { kind: 'taken' }
  /** It will never be taken. */
  | { kind: 'refused'; why: string }
  /** It is posted again, not before `waitMs`. */
  | { kind: 'failed'; why: string; waitMs: number };

/** Gone, and a message that cannot be used. */
const REFUSALS: readonly number[] = [410, 422];
/** A server may ask for a longer wait: then this is waited. */
const LONGEST_ASKED_MS = 5 * 60_000;

/** Judges by the status alone: any 2xx takes the message. */
export function judge({ status, retryAfter }: Answer, nowMs: number): Judgement {
  if (status >= 200 && status <= 299) return { kind: 'taken' };
  const why = `it answered ${status}`;
  if (REFUSALS.includes(status)) return { kind: 'refused', why };
  const redirect = status >= 300 && status <= 399 ? ', a redirect, which is not followed' : '';
  return { kind: 'failed', why: why + redirect, waitMs: readRetryAfter(retryAfter, nowMs) };
}

/** Seconds or a date; anything else asks for no wait. */
function readRetryAfter(text: string | null, nowMs: number): number {
  if (text === null) return 0;
  const askedMs = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - nowMs;
  return askedMs > 0 ? Math.min(askedMs, LONGEST_ASKED_MS) : 0;
}
