/** The commands from the shim to the worker; src/host-runner/native/http.c writes them. Pure. */

import type { HttpAsk } from './request.js';

/** What the shim wants done. */
export type Command =
  | { kind: 'request'; id: number; ask: HttpAsk }
  /** Nothing more is wanted of this request. */
  | { kind: 'cancel'; id: number }
  /** There is room again for what this request brings. */
  | { kind: 'resume'; id: number };

const NUMBERS = [
  'ims',
  'maxredirects',
  'conn_timeout',
  'header_timeout',
  'body_timeout',
  'total_timeout',
  'retries',
  'reserved',
] as const;
const TEXTS = [
  'url',
  'post',
  'proxy',
  'content_type',
  'extra_header',
  'user_agent',
  'referrer',
  'origin',
  'cookie',
  'encoding',
  'cache_control',
  'accept',
  'etag',
] as const;

const HEAD_BYTES = 16;
const NULL_LENGTH = 0xffff_ffff;

/**
 * Reads one command. Nothing of the result shares memory with the bytes.
 *
 * @throws RangeError when they are not a command
 */
export function decodeCommand(bytes: Buffer): Command {
  const kind = bytes.readUInt32LE(0);
  const id = Number(bytes.readBigUInt64LE(8));
  if (kind === 1) return { kind: 'request', id, ask: decodeAsk(bytes) };
  if (kind === 2) return { kind: 'cancel', id };
  if (kind === 3) return { kind: 'resume', id };
  throw new RangeError(`there is no command ${kind}`);
}

function decodeAsk(bytes: Buffer): HttpAsk {
  const numbers = NUMBERS.map((name, i) => [name, Number(bytes.readBigUInt64LE(HEAD_BYTES + i * 8))]);
  let at = HEAD_BYTES + NUMBERS.length * 8;
  const texts = TEXTS.map((name) => [name, name === 'post' ? copyOf(take()) : (take()?.toString('latin1') ?? null)]);
  const { reserved: _, ...ask } = Object.fromEntries([...numbers, ...texts]);
  return ask;

  function take(): Buffer | null {
    const length = bytes.readUInt32LE(at);
    at += 4;
    if (length === NULL_LENGTH) return null;
    if (at + length > bytes.length) throw new RangeError(`a text of ${length} bytes goes beyond its command`);
    at += length;
    return bytes.subarray(at - length, at);
  }
}

function copyOf(bytes: Buffer | null): Uint8Array | null {
  return bytes && Buffer.from(bytes);
}
