/** Checks that everything that a module sent came to the server: pure. */

import type { Journal } from '../journal.js';

/** What a server got, in the order in which it got it. */
export interface Arrival {
  sentId: string;
  /** Of the message that the module sent it for. */
  number: number;
  /** FNV-1a of its payload. */
  hash: number;
}

/** The result. */
export interface SendsFigures {
  /** `send_message` had returned 0. */
  accepted: number;
  /** `send_message` had returned -1. */
  refused: number;
  /** Different ones that came. */
  delivered: number;
  /** Arrivals beyond the first of each. */
  repeated: number;
  /** Messages of which one came more than once. */
  cameTwice: number;
}

/** The promises that were broken. */
export interface SendsViolation {
  kind: 'lost' | 'renamed' | 'false' | 'disordered';
  text: string;
}

/**
 * Judges. Accepted messages must have come, each under one id, and for the first time in the order in which they were sent.
 * Messages that were intended, but neither accepted nor refused, may have come: the module was killed in between.
 */
export function checkArrivals(
  journal: Journal,
  arrivals: readonly Arrival[],
): { figures: SendsFigures; violations: SendsViolation[] } {
  const violations: SendsViolation[] = [];
  const places = new Map<number, number>();
  const first = new Map<number, { sentId: string; count: number }>();
  let refused = 0;
  let accepted = 0;
  for (const [number, call] of journal) {
    places.set(number, places.size);
    for (const { kind, value } of call) {
      if (kind === 'sent') value === 0 ? accepted++ : refused++;
    }
  }
  let last = -1;
  for (const { sentId, number, hash } of arrivals) {
    const known = first.get(number);
    if (known) {
      known.count += 1;
      if (known.sentId !== sentId) {
        violations.push({ kind: 'renamed', text: `message ${number} came as ${known.sentId} and as ${sentId}` });
      }
      continue;
    }
    first.set(number, { sentId, count: 1 });
    const intent = journal.get(number)?.find(({ kind }) => kind === 'intended');
    if (intent?.hash !== hash) violations.push({ kind: 'false', text: `message ${number} is not what was sent` });
    const place = places.get(number) ?? -1;
    if (place < last) violations.push({ kind: 'disordered', text: `message ${number} came behind later ones` });
    last = Math.max(last, place);
  }
  for (const [number, call] of journal) {
    if (first.has(number) || !call.some(({ kind, value }) => kind === 'sent' && value === 0)) continue;
    violations.push({ kind: 'lost', text: `message ${number} was accepted and never came` });
  }
  const cameTwice = [...first.values()].filter(({ count }) => count > 1).length;
  const figures = { accepted, refused, delivered: first.size, repeated: arrivals.length - first.size, cameTwice };
  return { figures, violations };
}
