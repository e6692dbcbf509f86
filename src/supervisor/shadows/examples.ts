/** Makes what is shown of a message, in a bounded size: pure. */

import { isUtf8 } from 'node:buffer';
import type { CallEvent } from '../../wire/call-event.js';
import type { WireParams } from '../../wire/params.js';
import type { CallAnswer } from '../calls/pending-call.js';
import type { SentRecord } from '../calls/sent-record.js';
import type { CutText, Difference, ShadowExample, ShadowSend, ShadowSide } from '../types.js';
import { type Field, otherFields } from './compare.js';

/** So much of a body is kept. */
const BODY_BYTES = 200;
/** And of an address. */
const ADDRESS_CHARS = 100;

/** The example of a message on which both did not agree. */
export function makeExample(
  event: CallEvent,
  primary: CallAnswer,
  shadow: CallAnswer,
  differs: readonly Difference[],
  keepsBodies: boolean,
): ShadowExample {
  const params = event.params;
  const [left, right] = [primary.params ?? params, shadow.params ?? params];
  const fields = differs.includes('params') ? otherFields(left, right) : [];
  return {
    at: new Date().toISOString(),
    id: numberOf(params, 'id'),
    from: addressOf(params.from),
    to: addressOf(params.to),
    groupid: numberOf(params, 'groupid'),
    type: numberOf(params, 'type'),
    differs: [...differs],
    primary: sideOf(primary, left, fields, keepsBodies),
    shadow: sideOf(shadow, right, fields, keepsBodies),
    payload: keepsBodies ? cut(event.payload) : null,
  };
}

/** What is shown of a message that a shadow sent. */
export function makeSend({ params, payload }: SentRecord, keepsBodies: boolean): ShadowSend {
  return {
    at: new Date().toISOString(),
    from: addressOf(params.from),
    to: addressOf(params.to),
    payload: keepsBodies ? cut(payload) : null,
  };
}

/** The same without bodies. */
export function withoutBodies(example: ShadowExample): ShadowExample {
  const { primary, shadow } = example;
  return { ...example, payload: null, primary: { ...primary, payload: null }, shadow: { ...shadow, payload: null } };
}

function sideOf(
  { verdict, payload }: CallAnswer,
  params: WireParams,
  fields: readonly Field[],
  keepsBodies: boolean,
): ShadowSide {
  const shown = fields.map((field) => [field, textOf(params, field)]);
  return {
    verdict,
    params: Object.fromEntries(shown) as Record<string, string>,
    payload: keepsBodies && payload !== null ? cut(payload) : null,
  };
}

function textOf(params: WireParams, field: Field): string {
  if (field === 'to' || field === 'from') return addressOf(params[field]) ?? 'NULL';
  return numberOf(params, field);
}

/** All 64 bits. */
function numberOf(params: WireParams, field: Exclude<Field, 'to' | 'from'>): string {
  return params[field]?.toUnsigned().toString() ?? '0';
}

function addressOf(bytes: Uint8Array | null | undefined): string | null {
  if (bytes == null) return null;
  const text = Buffer.from(bytes.subarray(0, 4 * ADDRESS_CHARS)).toString('utf8');
  if (text.length <= ADDRESS_CHARS) return text;
  // Half a character is no text.
  const end = /[\ud800-\udbff]/.test(text.charAt(ADDRESS_CHARS - 1)) ? ADDRESS_CHARS - 1 : ADDRESS_CHARS;
  return `${text.slice(0, end)}...`;
}

/** The beginning of a body, not cut within a character. */
function cut(bytes: Uint8Array): CutText {
  let end = Math.min(BODY_BYTES, bytes.length);
  while (end < bytes.length && end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end -= 1;
  const head = Buffer.from(bytes.subarray(0, end));
  return { text: isUtf8(head) ? head.toString('utf8') : null, bytes: bytes.length };
}
