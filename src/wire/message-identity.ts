/** What makes a message the same as another one, read where it stands: nothing is decoded, and nothing is allocated. */

import { type CallEvent, lengthAt } from './call-event.js';
import { int32At } from './protobuf.js';
import { varintBytes } from './room.js';

/** Places are those of the bytes of the event; an absent address has the place -1. Numbers of 64 bits are in two halves. */
export interface MessageIdentity {
  idLow: number;
  idHigh: number;
  typeLow: number;
  typeHigh: number;
  fromAt: number;
  fromEnd: number;
  toAt: number;
  toEnd: number;
}

/** Tags of fields of Params. */
const TAG = { id: 0x11, type: 0x31, lastScalar: 0x59, to: 0x62 } as const;
/** Its tag, and 8 bytes. */
const SCALAR_BYTES = 9;

/** The one object of all calls of {@link identityOf}. */
const identity: MessageIdentity = {
  idLow: 0,
  idHigh: 0,
  typeLow: 0,
  typeHigh: 0,
  fromAt: -1,
  fromEnd: -1,
  toAt: -1,
  toEnd: -1,
};

/** The identity of a message. The same object is returned each time, because many messages may need this. */
export function identityOf(event: CallEvent): MessageIdentity {
  const { bytes } = event;
  const { from, to } = event.paramsAt();
  identity.idLow = identity.idHigh = identity.typeLow = identity.typeHigh = 0;
  identity.fromAt = identity.fromEnd = identity.toAt = identity.toEnd = -1;
  for (let at = from; at < to; ) {
    const tag = bytes[at] as number;
    if (tag > TAG.lastScalar) {
      const length = lengthAt(bytes, at + 1);
      const start = at + 1 + varintBytes(length);
      at = start + length;
      if (tag === TAG.to) {
        identity.toAt = start;
        identity.toEnd = at;
      } else {
        identity.fromAt = start;
        identity.fromEnd = at;
      }
      continue;
    }
    if (tag === TAG.id) {
      identity.idLow = int32At(bytes, at + 1);
      identity.idHigh = int32At(bytes, at + 5);
    } else if (tag === TAG.type) {
      identity.typeLow = int32At(bytes, at + 1);
      identity.typeHigh = int32At(bytes, at + 5);
    }
    at += SCALAR_BYTES;
  }
  return identity;
}
