/** Calls as crash cards have them. Pure. */

import type { DeathCall } from '../supervisor/types.js';
import type { CallEvent } from '../wire/call-event.js';
import { SCALARS } from '../wire/params.js';
import type { CardCall, KeptCall } from './card.js';

/** A longer address is cut in a card; the kept call has it whole. */
const ADDRESS_CHARACTERS = 256;

/** A call without its body. @param isKept whether the kept calls have it */
export function toCardCall({ seq, verdict, payloadBytes, event }: DeathCall, isKept: boolean): CardCall {
  const { scalars, from, to } = contentOf(event);
  const type = scalars.type ?? '0';
  return {
    seq,
    kind: event.kind,
    id: scalars.id ?? '0',
    from: textOf(from),
    to: textOf(to),
    type,
    bytes: payloadBytes,
    verdict,
    isKept,
  };
}

/** A call with its body. */
export function toKeptCall({ seq, event }: DeathCall): KeptCall {
  const { scalars, from, to } = contentOf(event);
  const payload = event.kind === 'message' ? base64(event.payload) : '';
  return { seq, kind: event.kind, scalars, from: from && base64(from), to: to && base64(to), payload };
}

interface Content {
  scalars: Record<string, string>;
  from: Uint8Array | null;
  to: Uint8Array | null;
}

function contentOf(event: CallEvent): Content {
  if (event.kind === 'login') {
    const { address, online, flags } = event.login;
    const scalars = { online: online.toUnsigned().toString(), flags: flags.toUnsigned().toString() };
    return { scalars, from: address, to: null };
  }
  if (event.kind !== 'message' && event.kind !== 'status') return { scalars: {}, from: null, to: null };
  const { params } = event;
  const given = SCALARS.filter((field) => params[field] && !params[field].isZero());
  const scalars = Object.fromEntries(given.map((field) => [field, params[field]?.toUnsigned().toString() ?? '0']));
  return { scalars, from: params.from ?? null, to: params.to ?? null };
}

function textOf(bytes: Uint8Array | null): string | null {
  if (bytes === null) return null;
  const text = Buffer.from(bytes.subarray(0, 4 * ADDRESS_CHARACTERS + 4)).toString('utf8');
  return text.length <= ADDRESS_CHARACTERS ? text : `${text.slice(0, ADDRESS_CHARACTERS)}...`;
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');
}
