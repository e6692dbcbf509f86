/** The bodies that say what became of a send. */

import { booleanOf, shown, u32Of } from '../../wire/gateway/json/reading.js';
import type { WireParams } from '../../wire/params.js';
import { invalidRequest } from '../failure.js';
import { type Fields, readFields } from './fields.js';
import { PARAMS, U64 } from './params.js';

/** A server has taken a send, or refuses it. */
export interface AckBody {
  refused: boolean;
}

/** An acknowledgement. */
export const ACK_FIELDS: Fields<AckBody> = {
  refused: {
    schema: { type: 'boolean', description: 'true: it cannot be delivered; the module gets the status 0x80' },
    read: (into, value, where) => {
      into.refused = booleanOf(value, where);
    },
  },
};

/** @throws SupervisorError */
export function readAck(body: unknown): AckBody {
  return readFields<AckBody>(body, ACK_FIELDS, { refused: false });
}

/** The names of statuses. @see MESIBO_MODULE_MSGSTATUS_SENT in modules/include/mesibo/module.h */
const STATUSES: Readonly<Record<string, number>> = {
  sent: 1,
  delivered: 2,
  read: 3,
  refused: 0x80,
  not_active: 0x81,
  inbox_full: 0x82,
  invalid_recipient: 0x83,
  no_incoming: 0x86,
  blocked: 0x88,
};

/** What became of a send. */
export interface SendStatusBody {
  status: number | null;
  /** The server says that it cannot deliver it at all. */
  isRefusal: boolean;
  params: WireParams;
}

const { status: _, ...OTHER_PARAMS } = PARAMS;

/** A status of a send; parameters that are left out are as the module sent them. */
export const SEND_STATUS_FIELDS: Fields<SendStatusBody> = {
  status: {
    schema: {
      description: 'what became of the message: its number, or its name',
      anyOf: [{ enum: Object.keys(STATUSES) }, U64],
    },
    read: (into, value, where) => {
      const named = typeof value === 'string' && Object.hasOwn(STATUSES, value) ? STATUSES[value] : undefined;
      if (named === undefined && typeof value === 'string' && !/^[0-9]/.test(value)) {
        throw invalidRequest(
          `${where} is ${shown(value)}; it must be ${Object.keys(STATUSES).join(', ')}, or a number`,
        );
      }
      into.status = named ?? u32Of(value, where);
      into.isRefusal = into.status === STATUSES.refused;
    },
  },
  ...OTHER_PARAMS,
};

/** @throws SupervisorError */
export function readSendStatus(body: unknown): SendStatusBody & { status: number } {
  const none = { status: null, isRefusal: false, params: {} };
  const { status, ...found } = readFields<SendStatusBody>(body, SEND_STATUS_FIELDS, none);
  if (status === null) throw invalidRequest('the body has no status', 'give its number, or one of its names');
  return { ...found, status };
}
