/** A message that a module sent and that waits, small in memory. */

import type { Origin } from '../../supervisor/types.js';
import { decodeParams, encodeParams } from '../../wire/codec.js';
import type { WireParams } from '../../wire/params.js';
import type { Send } from '../types.js';
import type { Listed, RowList } from './row-list.js';

/**
 * A longer payload is kept as it is. A shorter one is kept like the parameters, as a string with one byte for each character.
 */
const STRING_MAX_BYTES = 4096;

/** What an entry is made of. */
export interface EntryFields {
  sentId: string;
  module: string;
  cause: Origin | null;
  /** The server that it is for; `null`: any. */
  server: string | null;
  /** It has been through the chain, or does not go through it. */
  isChained: boolean;
  /** Its place in the store: a later one has a higher number. */
  key: number;
  /** Since when it waits, on the clock of `performance.now()`; below 0 when it already waited in an earlier core. */
  sinceMs: number;
  /** As {@link Entry.dueStatus}. */
  dueStatus?: number | null;
}

/** A waiting message. Strings cost half of what typed arrays of that size cost, and do not keep a larger block in memory. */
export class Entry implements Listed<Entry> {
  readonly sentId: string;
  readonly module: string;
  readonly cause: Origin | null;
  server: string | null;
  readonly key: number;
  readonly sinceMs: number;
  isChained: boolean;
  /** The status that its module is to get; then it is no longer for a server. `null`: it is for a server. */
  dueStatus: number | null;
  /** Its payload and its addresses. */
  bytes = 0;
  /** Its place among all that wait: servers get lower ones first. 0: it gets a place when it begins to wait for a server. */
  place = 0;
  /** Of its row. */
  list: RowList<Entry> | null = null;
  before: Entry | null = null;
  after: Entry | null = null;
  #params = '';
  #payload: string | Uint8Array = '';

  /**
   * @param params encoded
   * @param payload copied, as `params` are
   */
  constructor(fields: EntryFields, params: Uint8Array, payload: Uint8Array, addressBytes: number) {
    this.sentId = fields.sentId;
    this.module = fields.module;
    this.cause = fields.cause;
    this.server = fields.server;
    this.isChained = fields.isChained;
    this.key = fields.key;
    this.sinceMs = fields.sinceMs;
    this.dueStatus = fields.dueStatus ?? null;
    this.#set(params, payload, addressBytes);
  }

  /** One of a message as a module sent it. */
  static of(fields: EntryFields, params: WireParams, payload: Uint8Array): Entry {
    return new Entry(fields, encodeParams(params), payload, addressBytesOf(params));
  }

  /** Takes the message as the chain left it. */
  change(params: WireParams, payload: Uint8Array): void {
    this.#set(encodeParams(params), payload, addressBytesOf(params));
  }

  /** Its parameters, made anew each time. */
  get params(): WireParams {
    return decodeParams(this.encodedParams);
  }

  get encodedParams(): Buffer {
    return Buffer.from(this.#params, 'latin1');
  }

  get payload(): Uint8Array {
    return typeof this.#payload === 'string' ? Buffer.from(this.#payload, 'latin1') : this.#payload;
  }

  /** As a taker gets it. */
  toSend(): Send {
    const { sentId, module, cause, params, payload } = this;
    // A message without a server's event goes through the chain with a cause that names no server.
    return { sentId, module, cause: cause?.server ? cause : null, params, payload };
  }

  #set(params: Uint8Array, payload: Uint8Array, addressBytes: number): void {
    this.#params = latin1Of(params);
    // A copy: a view may keep a much larger block, and other code may write to it.
    this.#payload = payload.length <= STRING_MAX_BYTES ? latin1Of(payload) : Uint8Array.prototype.slice.call(payload);
    this.bytes = payload.length + addressBytes;
  }
}

function latin1Of(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** The bytes of both addresses. */
function addressBytesOf({ to, from }: WireParams): number {
  return (to?.length ?? 0) + (from?.length ?? 0);
}
