/** The messages of the soak, and how an undisturbed module changes one. test/fixtures/journal.c does the same in C. */

import { drawFor } from './random.js';

/** The modules of the chain, by their slots. */
export const SLOTS = 3;

/** Conversations that go on at the same time. */
const CONVERSATIONS = 7;

/** Whose message it is; it stands for the conversation. */
export function senderOf(number: number): string {
  return `user-${number % CONVERSATIONS}`;
}

/** What a message orders a module to do. */
export const ORDER = { consume: 1, send: 2, hang: 4 } as const;

/** A message where it is in the chain. */
export interface Message {
  payload: Buffer;
  refid: bigint;
}

const AT = { number: 0, orders: 4, work: 8, stamps: 12, filler: 24 } as const;
const FILLER_MAX_BYTES = 256;
/** Long enough that kills from outside find modules at work, and not only their hosts. */
const WORK_MAX_MICROS = 60;
const PERCENT = { consume: 5, send: 15 } as const;

/**
 * Makes a message as it enters the chain.
 *
 * @param hangAt the slot in which it hangs; it reaches that one unless an earlier module dies of something else
 * @param workMaxMicros how long a module may work at it, at each of up to four moments
 */
export function makeMessage(
  seed: number,
  number: number,
  hangAt: number | null,
  workMaxMicros = WORK_MAX_MICROS,
): Message {
  const draw = drawFor(seed, number);
  const payload = Buffer.alloc(AT.filler + draw(FILLER_MAX_BYTES));
  payload.writeUInt32LE(number, AT.number);
  for (let slot = 0; slot < SLOTS; slot++) {
    const consume = draw(100) < PERCENT.consume && !(hangAt !== null && slot < hangAt) ? ORDER.consume : 0;
    const send = draw(100) < PERCENT.send ? ORDER.send : 0;
    payload[AT.orders + slot] = slot === hangAt ? ORDER.hang : consume | send;
  }
  payload.writeUInt16LE(draw(workMaxMicros + 1), AT.work);
  for (let at = AT.filler; at < payload.length; at++) payload[at] = draw(256);
  return { payload, refid: (BigInt(draw(2 ** 32)) << 32n) | BigInt(draw(2 ** 32)) };
}

/** What the message orders the module of a slot to do: bits of {@link ORDER}. */
export function ordersOf({ payload }: Message, slot: number): number {
  return payload[AT.orders + slot] ?? 0;
}

/** The message as the module of a slot leaves it. */
export function passThrough({ payload, refid }: Message, slot: number): Message {
  const stamped = Buffer.from(payload);
  stamped.writeUInt32LE(hashOf(payload), AT.stamps + 4 * slot);
  return { payload: stamped, refid: BigInt.asUintN(64, refid * 6364136223846793005n + BigInt(slot + 1)) };
}

/** FNV-1a of 32 bits, as the modules journal it. */
export function hashOf(payload: Uint8Array): number {
  let hash = 2166136261;
  for (const byte of payload) hash = Math.imul(hash ^ byte, 16777619);
  return hash >>> 0;
}
