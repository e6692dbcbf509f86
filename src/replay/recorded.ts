/** Which calls of a card can be made again: pure. */

import type { CardCall, CrashCard, KeptCall } from '../crashes/card.js';
import type { FedCall } from '../in-process/loader.js';

/** What a replay has, and what it lacks. */
export interface Recorded {
  /** Oldest first. */
  calls: FedCall[];
  /** The seq of each of them. */
  seqs: number[];
  /** Calls that the module had and that cannot be made again, because nothing but their parameters was kept. */
  missing: CardCall[];
  /** Whether the last one is that on which the module died; also where it died in no call. */
  hasLast: boolean;
}

/** Puts the calls of a card and their bodies together. */
export function putTogether(card: CrashCard, kept: readonly KeptCall[]): Recorded {
  const usable = kept.filter(({ kind }) => kind !== 'http').sort((a, b) => a.seq - b.seq);
  const seqs = usable.map(({ seq }) => seq);
  const missing = card.calls.filter(({ seq }) => !seqs.includes(seq));
  const { message } = card;
  return {
    calls: usable.map(toFed),
    seqs,
    missing,
    hasLast: message === null || (seqs.at(-1) === message.seq && message.kind !== 'http'),
  };
}

function toFed({ kind, scalars, from, to, payload }: KeptCall): FedCall {
  return {
    kind: kind as FedCall['kind'],
    numbers: Object.fromEntries(Object.entries(scalars).map(([key, value]) => [key, BigInt(value)])),
    from: bytesOf(from),
    to: bytesOf(to),
    payload: Buffer.from(payload, 'base64'),
  };
}

function bytesOf(base64: string | null): Uint8Array | null {
  return base64 === null ? null : Buffer.from(base64, 'base64');
}
