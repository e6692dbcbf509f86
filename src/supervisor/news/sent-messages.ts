/** What modules sent, remembered for the statuses that come of it: pure, and in bounded memory. */

import { fromWireParams, SCALARS, toWireParams, type WireParams } from '../../wire/params.js';
import type { MessageParams, MessageParamsInput, SentMessage } from '../types.js';

/** How much is remembered; the oldest is forgotten first. */
const DEFAULT_LIMITS = { messages: 16_384, addressChars: 8 * 1024 * 1024 };

/** A message that a module sent. */
export interface Remembered {
  sentId: string;
  /** As the module has them; if the module left the id 0, with the id that was assigned. */
  params: WireParams;
}

interface Entry extends Remembered {
  key: string;
}

/** Whose message it is. */
export interface SentOrigin {
  /** Of the core that started its host. */
  runId: string;
  module: string;
  generation: number;
}

/**
 * Names one sent message, even after its host and its core have ended. It is the same wherever its record is read.
 *
 * @param position of its record in the black box of its host
 */
export function formatSentId({ runId, module, generation }: SentOrigin, position: number): string {
  return `${runId}-${module}-${generation}-${position}`;
}

/** Whose message a sent id names; `null` when it is none. */
export function parseSentId(sentId: string): SentOrigin | null {
  const [, runId, module, generation] = /^([0-9a-f]+)-([A-Za-z0-9_]+)-(\d+)-[0-9a-z]+$/.exec(sentId) ?? [];
  if (runId === undefined || module === undefined) return null;
  return { runId, module, generation: Number(generation) };
}

/** The module that a sent id names; `null` when it is none. */
export function moduleOfSentId(sentId: string): string | null {
  return parseSentId(sentId)?.module ?? null;
}

/** The messages that modules sent last. */
export class SentMessages {
  readonly #limits: typeof DEFAULT_LIMITS;
  readonly #bySentId = new Map<string, Entry>();
  /** Goes on with the oldest: a new walk would have to step over the places of all that were forgotten. */
  readonly #fromOldest = this.#bySentId.values();
  readonly #byKey = new Map<string, Entry>();
  #addressChars = 0;

  constructor(limits = DEFAULT_LIMITS) {
    this.#limits = limits;
  }

  /**
   * Remembers one.
   *
   * @param params kept as they are
   */
  remember({ sentId, params: { id, from, to } }: Pick<SentMessage, 'sentId' | 'params'>, params: WireParams): void {
    const entry = { sentId, params, key: keyOf(id, from, to) };
    this.#bySentId.set(sentId, entry);
    this.#byKey.set(entry.key, entry);
    this.#addressChars += entry.key.length;
    while (this.#bySentId.size > this.#limits.messages || this.#addressChars > this.#limits.addressChars) {
      this.#forget(this.#fromOldest.next().value as Entry);
    }
  }

  /** Remembers one of an earlier core, or one that it has forgotten; @see remember */
  recall(sent: Pick<SentMessage, 'sentId' | 'params'>, params: WireParams): void {
    if (!this.#bySentId.has(sent.sentId)) this.remember(sent, params);
  }

  /** Finds one by its sent id, or without it the newest by id and addresses; `null`: none that is remembered. */
  find({ id = 0, from = null, to = null }: MessageParamsInput, sentId?: string): Remembered | null {
    const entry = sentId === undefined ? this.#byKey.get(keyOf(id, from, to)) : this.#bySentId.get(sentId);
    return entry ?? null;
  }

  #forget(entry: Entry): void {
    this.#bySentId.delete(entry.sentId);
    // A newer one may have the same id and addresses.
    if (this.#byKey.get(entry.key) === entry) this.#byKey.delete(entry.key);
    this.#addressChars -= entry.key.length;
  }
}

/**
 * The parameters of a status, for the module that sent the message. Fields that the caller leaves out, or gives as they were
 * announced, are exactly as the module sent them.
 *
 * @throws {MessageError} as `toWireParams`
 */
export function toStatusParams(sent: WireParams, given: MessageParamsInput): WireParams {
  const announced = fromWireParams(sent);
  const changed: MessageParamsInput = {};
  for (const field of SCALARS) {
    const value = given[field];
    if (value !== undefined && String(value) !== String(announced[field])) changed[field] = value;
  }
  const params = { ...sent };
  for (const field of ['to', 'from'] as const) {
    const value = given[field];
    if (value === null) delete params[field];
    else if (value !== undefined && value !== announced[field]) changed[field] = value;
  }
  return { ...params, ...toWireParams(changed) };
}

function keyOf(id: MessageParams['id'] | number, from: string | null, to: string | null): string {
  return JSON.stringify([String(id), from, to]);
}
