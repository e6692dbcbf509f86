/** What a filter may look at in an event, read where it stands: nothing is decoded, and nothing is allocated. */

import { type CallEvent, lengthAt } from '../wire/call-event.js';
import type { CallKind } from '../wire/event-kinds.js';
import { uint32At } from '../wire/protobuf.js';
import { varintBytes } from '../wire/room.js';

/** What has a pattern of its own. */
export type Field = 'from' | 'to' | 'group' | 'type' | 'flags' | 'text';

/** What each kind of event has. A user who logs in is in no group, and neither is a call. */
export const FIELDS_OF: Readonly<Record<CallKind, ReadonlySet<Field>>> = {
  message: new Set<Field>(['from', 'to', 'group', 'type', 'flags', 'text']),
  status: new Set<Field>(['from', 'to', 'group', 'type', 'flags']),
  login: new Set<Field>(['from', 'group', 'flags']),
  call: new Set<Field>(['group']),
  callStatus: new Set<Field>(['group']),
};

/** Addresses are places in `bytes`; one that is not set is empty. Numbers are in halves of 32 bits, not negative. */
export interface Fields {
  bytes: Buffer;
  fromAt: number;
  fromEnd: number;
  toAt: number;
  toEnd: number;
  groupHigh: number;
  groupLow: number;
  typeHigh: number;
  typeLow: number;
  flagsHigh: number;
  flagsLow: number;
}

/** Tags of fields of Params. */
const TAG = { groupid: 0x21, flags: 0x29, type: 0x31, lastScalar: 0x59, to: 0x62 } as const;
/** Its tag, and 8 bytes. */
const SCALAR_BYTES = 9;
const NONE = Buffer.alloc(0);

/** The one object of all calls of {@link readFields}. */
const fields: Fields = {
  bytes: NONE,
  fromAt: 0,
  fromEnd: 0,
  toAt: 0,
  toEnd: 0,
  groupHigh: 0,
  groupLow: 0,
  typeHigh: 0,
  typeLow: 0,
  flagsHigh: 0,
  flagsLow: 0,
};

/** Reads all but the text. The same object is returned each time, because many messages need this. */
export function readFields(event: CallEvent): Fields {
  fields.bytes = event.bytes;
  fields.fromAt = fields.fromEnd = fields.toAt = fields.toEnd = 0;
  fields.groupHigh = fields.groupLow = fields.typeHigh = fields.typeLow = fields.flagsHigh = fields.flagsLow = 0;
  if (event.kind === 'login') readLogin(event);
  else readParams(event);
  return fields;
}

/** The form is the one that `CallEvent.parties` reads. */
function readParams(event: CallEvent): void {
  const { bytes } = event;
  const { from, to } = event.paramsAt();
  for (let at = from; at < to; ) {
    const tag = bytes[at] as number;
    if (tag > TAG.lastScalar) {
      const length = lengthAt(bytes, at + 1);
      const start = at + 1 + varintBytes(length);
      at = start + length;
      if (tag === TAG.to) {
        fields.toAt = start;
        fields.toEnd = at;
      } else {
        fields.fromAt = start;
        fields.fromEnd = at;
      }
      continue;
    }
    if (tag === TAG.groupid) {
      fields.groupLow = uint32At(bytes, at + 1);
      fields.groupHigh = uint32At(bytes, at + 5);
    } else if (tag === TAG.flags) {
      fields.flagsLow = uint32At(bytes, at + 1);
      fields.flagsHigh = uint32At(bytes, at + 5);
    } else if (tag === TAG.type) {
      fields.typeLow = uint32At(bytes, at + 1);
      fields.typeHigh = uint32At(bytes, at + 5);
    }
    at += SCALAR_BYTES;
  }
}

function readLogin(event: CallEvent): void {
  const { address, flags } = event.login;
  fields.bytes = Buffer.from(address.buffer, address.byteOffset, address.length);
  fields.fromEnd = address.length;
  fields.flagsHigh = flags.high >>> 0;
  fields.flagsLow = flags.low >>> 0;
}
