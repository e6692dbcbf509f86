/** The parameters of messages in bodies, by their C names. */

import { addressOf, longOf } from '../../wire/gateway/json/reading.js';
import { ADDRESS_MAX_BYTES, SCALARS, type WireParams } from '../../wire/params.js';
import type { Fields, Schema } from './fields.js';

/** A number of 64 bits. */
export const U64: Schema = {
  description: 'a number from 0 to 2^64-1: a string of digits, or below 2^53 a number',
  anyOf: [
    { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
    { type: 'string', pattern: '^[0-9]{1,20}$' },
  ],
};

const ADDRESS: Schema = {
  description: `an address of up to ${ADDRESS_MAX_BYTES} bytes; one that is no UTF-8 is an object with its bytes in base64`,
  anyOf: [
    { type: 'string' },
    {
      type: 'object',
      properties: { base64: { type: 'string', contentEncoding: 'base64' } },
      required: ['base64'],
      additionalProperties: false,
    },
  ],
};

/** A user or a device. */
export const ADDRESS_SCHEMA = ADDRESS;

/** What has parameters. */
export interface WithParams {
  params: WireParams;
}

const scalars = Object.fromEntries(
  SCALARS.map((name) => [
    name,
    {
      schema: U64,
      read: (into: WithParams, value: unknown, where: string) => {
        into.params[name] = longOf(value, where);
      },
    },
  ]),
);

/** All of them. */
export const PARAMS: Fields<WithParams> = {
  from: {
    schema: ADDRESS,
    read: (into, value, where) => {
      into.params.from = addressOf(value, where);
    },
  },
  to: {
    schema: ADDRESS,
    read: (into, value, where) => {
      into.params.to = addressOf(value, where);
    },
  },
  ...scalars,
};
