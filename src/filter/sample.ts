/**
 * A part of all conversations. Which ones are in it depends on nothing but who talks, so they are the same in each run of each
 * core. A larger part has all conversations of a smaller one. Pure.
 */

import { mixBits } from '../mix-bits.js';

/** Who talks, and which bytes their names are. */
export interface Talkers {
  /** The id of the group, in halves of 32 bits; 0: none. */
  readonly low: number;
  readonly high: number;
  /** Without a group. */
  readonly one: string | null;
  readonly other: string | null;
  /** How the text of an address became its characters. */
  readonly encoding: 'utf8' | 'latin1';
}

const FNV_BEGIN = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const GROUP = 0x9e3779b9;

/** From 0 to 2^32-1, spread evenly. Whoever of the two wrote, it is the same. */
export function hashTalkers({ low, high, one, other, encoding }: Talkers): number {
  if (low !== 0 || high !== 0) return mixBits(mixBits(GROUP ^ low) ^ high) >>> 0;
  return mixBits((hashAddress(one, encoding) + hashAddress(other, encoding)) | 0) >>> 0;
}

/** The number below which a hash is in the sample. @param percent up to 100 */
export function limitOf(percent: number): number {
  return (percent / 100) * 2 ** 32;
}

function hashAddress(address: string | null, encoding: 'utf8' | 'latin1'): number {
  if (address === null) return mixBits(FNV_BEGIN);
  let hash = FNV_BEGIN;
  for (let i = 0; i < address.length; i++) {
    const code = address.charCodeAt(i);
    if (code > 0x7f && encoding === 'utf8') return hashBytes(Buffer.from(address, 'utf8'));
    hash = Math.imul(hash ^ code, FNV_PRIME);
  }
  return mixBits(hash);
}

function hashBytes(bytes: Buffer): number {
  let hash = FNV_BEGIN;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ (bytes[i] as number), FNV_PRIME);
  return mixBits(hash);
}
