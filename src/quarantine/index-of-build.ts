/** Finds a message among those that one build does not get. Almost every message is none of them, and is told so at once. */

import type { CallEvent } from '../wire/call-event.js';
import { identityOf } from '../wire/message-identity.js';
import type { QuarantineEntry } from './entry.js';
import { halvesOf, hashOf, join, mixKeys, partiesKeyOf, partiesOf } from './fingerprint.js';

/** Made of the entries of one build that apply. */
export class BuildIndex {
  /** 32 bits of sender, receiver, type and length. Only a message that has one of these is hashed. */
  readonly #looks = new Set<number>();
  /** 32 bits of id, sender and receiver. */
  readonly #named = new Set<number>();
  readonly #byHash = new Map<string, QuarantineEntry>();
  readonly #byName = new Map<string, QuarantineEntry>();

  constructor(entries: readonly QuarantineEntry[]) {
    for (const entry of entries) {
      const { hash, parties, partiesKey, messageId, type, bytes } = entry;
      this.#looks.add(lookOf(partiesKey, ...halvesOf(BigInt(type)), bytes));
      this.#byHash.set(hash, entry);
      if (messageId === '0') continue;
      this.#named.add(mixKeys(partiesKey, ...halvesOf(BigInt(messageId))));
      this.#byName.set(`${messageId} ${parties}`, entry);
    }
  }

  /** The entry of a message; `null`: it has none. */
  find(event: CallEvent): QuarantineEntry | null {
    const identity = identityOf(event);
    const { idLow, idHigh, typeLow, typeHigh } = identity;
    const parties = partiesKeyOf(event.bytes, identity);
    if (this.#looks.has(lookOf(parties, typeLow, typeHigh, event.payloadBytes))) {
      const found = this.#byHash.get(hashOf(event));
      if (found) return found;
    }
    if ((idLow === 0 && idHigh === 0) || !this.#named.has(mixKeys(parties, idLow, idHigh))) return null;
    return this.#byName.get(`${join(idLow, idHigh)} ${partiesOf(event)}`) ?? null;
  }
}

function lookOf(parties: number, typeLow: number, typeHigh: number, bytes: number): number {
  return mixKeys(mixKeys(parties, typeLow, typeHigh), bytes, 0);
}
