/**
 * Which conversation an event belongs to. Events of a conversation keep their order from door to door. Pure, except for a seed.
 */

import { hashTalkers } from '../../filter/sample.js';
import type { CallEvent, WireLogin } from '../../wire/call-event.js';
import { type MessageParams, split, type WireParams } from '../../wire/params.js';

/** Different in each process, so that nobody can choose addresses that are slow to tell apart. */
const SEED = Math.floor(Math.random() * 2 ** 31);

/**
 * The conversation of an event: its group, or else its two users, whichever of them wrote. Messages and notifications are
 * served separately, so each kind has its own conversations. Compared by {@link equals}, without making a string.
 */
export class Conversation {
  readonly kind: 'message' | 'status' | 'login' | 'call';
  /** Equal conversations have the same. */
  readonly hash: number;
  /** The id of the group, in halves of 32 bits; 0: none. */
  readonly #low: number;
  readonly #high: number;
  readonly #one: string | null;
  readonly #other: string | null;

  constructor(
    kind: Conversation['kind'],
    hash: number,
    low: number,
    high: number,
    one: string | null,
    other: string | null,
  ) {
    this.kind = kind;
    this.hash = hash;
    this.#low = low;
    this.#high = high;
    this.#one = one;
    this.#other = other;
  }

  /** Whether both are the same conversation. */
  equals(that: Conversation): boolean {
    if (this === that) return true;
    if (this.hash !== that.hash || this.kind !== that.kind) return false;
    if (this.#low !== that.#low || this.#high !== that.#high) return false;
    return this.#one === that.#one
      ? this.#other === that.#other
      : this.#one === that.#other && this.#other === that.#one;
  }

  /** The same in each run of each core, for a message and its status; `null`: nothing tells such conversations apart. */
  get stableHash(): number | null {
    if (this.kind === 'call') return null;
    const encoding = this.kind === 'message' ? 'utf8' : 'latin1';
    return hashTalkers({ low: this.#low, high: this.#high, one: this.#one, other: this.#other, encoding });
  }

  /** One like it, which is another one for each index from 0. It is for events without a group. */
  apart(index: number): Conversation {
    return new Conversation(this.kind, mix(this.hash, index), index + 1, 0, this.#one, this.#other);
  }

  /** That of a message, as it came in. */
  static ofMessage({ groupid, from, to }: MessageParams): Conversation {
    if (groupid === 0n) return ofTwo('message', from, to);
    const { low, high } = split('groupid', groupid);
    return ofGroup('message', low, high);
  }

  /** That of a status. */
  static ofStatus({ groupid, from, to }: WireParams): Conversation {
    if (groupid && (groupid.low !== 0 || groupid.high !== 0)) return ofGroup('status', groupid.low, groupid.high);
    return ofTwo('status', toText(from), toText(to));
  }

  /** That of a user who logs in. */
  static ofLogin({ address }: WireLogin): Conversation {
    return ofTwo('login', toText(address), null);
  }

  /** That of an encoded event: the same as if its parameters had been given. */
  static ofEvent(event: CallEvent): Conversation {
    switch (event.kind) {
      case 'message':
        return ofParams('message', event, 'utf8');
      case 'status':
        return ofParams('status', event, 'latin1');
      case 'login':
        return Conversation.ofLogin(event.login);
      default:
        return Conversation.ofCalls;
    }
  }

  /** Events about calls carry nothing to tell conversations apart. */
  static readonly ofCalls = new Conversation('call', SEED, 0, 0, null, null);
}

function ofParams(kind: 'message' | 'status', event: CallEvent, encoding: 'utf8' | 'latin1'): Conversation {
  const { low, high, to, from } = event.parties(encoding);
  return low === 0 && high === 0 ? ofTwo(kind, from, to) : ofGroup(kind, low, high);
}

function ofGroup(kind: Conversation['kind'], low: number, high: number): Conversation {
  return new Conversation(kind, mix(mix(SEED, low), high), low, high, null, null);
}

/** No address and an empty one are the same here. */
function ofTwo(kind: Conversation['kind'], one: string | null, other: string | null): Conversation {
  // A sum, so that it does not matter who wrote.
  return new Conversation(kind, (hashOf(one) + hashOf(other)) | 0, 0, 0, one || null, other || null);
}

function hashOf(text: string | null): number {
  if (text === null) return SEED;
  let hash = SEED;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return hash === SEED ? hash : mix(hash, text.length);
}

function mix(hash: number, value: number): number {
  const product = Math.imul(hash ^ value, 0x85ebca6b);
  return product ^ (product >>> 15);
}

/** One character for each byte: addresses that differ stay so, whatever they are. */
function toText(bytes: Uint8Array | null | undefined): string | null {
  return bytes ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1') : null;
}
