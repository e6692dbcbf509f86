/** A message that killed a module, as the quarantine keeps it. */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Fingerprint } from './fingerprint.js';

/** Characters of an address that are kept, for people. */
const MAX_ADDRESS = 200;
/** Hexadecimal digits in the name of an entry. */
export const ID_DIGITS = 12;

const count = z.int().nonnegative();
const decimal = z.string().regex(/^\d{1,20}$/);
const address = z
  .string()
  .max(MAX_ADDRESS + 1)
  .nullable();

/** As it stands in the file. Times are in milliseconds since the epoch. */
export const entrySchema = z.strictObject({
  id: z.string().regex(/^[A-Za-z0-9_]{1,64}-[0-9a-f]{12}$/),
  /** The SHA-256 of the file that it killed. A file that could not be read has another text here. */
  build: z.string().max(200),
  hash: z.string().regex(/^[0-9a-f]{64}$/),
  parties: z.string().regex(/^[0-9a-f]{32}$/),
  partiesKey: z.int(),
  messageId: decimal,
  from: address,
  to: address,
  type: decimal,
  bytes: count,
  crashes: count,
  withheld: count,
  firstAt: count,
  lastAt: count,
  signal: z.string().max(20).nullable(),
  exitCode: z.int().nullable(),
  cardId: z.string().max(200).nullable(),
});

/** One message and one build. */
export type QuarantineEntry = z.output<typeof entrySchema>;

/** A death that a message caused. */
export interface Kill {
  module: string;
  build: string;
  message: Fingerprint & { from: string | null; to: string | null };
  signal: string | null;
  exitCode: number | null;
  cardId: string | null;
}

/**
 * An entry after its first death.
 *
 * @param before - how often a message with the same id and other bytes has done the same
 */
export function beginEntry({ module, build, message, ...death }: Kill, before: number, nowMs: number): QuarantineEntry {
  const { hash, parties, partiesKey, bytes } = message;
  const digits = createHash('sha256').update(`${build} ${hash}`).digest('hex').slice(0, ID_DIGITS);
  return {
    id: `${module}-${digits}`,
    build,
    hash,
    parties,
    partiesKey,
    messageId: `${message.messageId}`,
    from: cutAddress(message.from),
    to: cutAddress(message.to),
    type: `${message.type}`,
    bytes,
    crashes: before + 1,
    withheld: 0,
    firstAt: nowMs,
    lastAt: nowMs,
    ...death,
  };
}

/** The same entry after one more death. */
export function countKill(entry: QuarantineEntry, kill: Kill, nowMs: number): QuarantineEntry {
  const { crashes, withheld, firstAt } = entry;
  return { ...beginEntry(kill, crashes, nowMs), withheld, firstAt };
}

/** What tells the message and the build apart, behind the name of the module. */
export function digitsOf(id: string): string {
  return id.slice(id.lastIndexOf('-') + 1);
}

function cutAddress(text: string | null): string | null {
  return text !== null && text.length > MAX_ADDRESS ? `${text.slice(0, MAX_ADDRESS - 3)}...` : text;
}
