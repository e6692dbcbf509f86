/** The parameters of messages in bodies, by their C names. */

import { PARAM_READS, type Read } from '../../wire/gateway/json/reading.js';
import { ADDRESS_MAX_BYTES, SCALARS, type WireParams } from '../../wire/params.js';
import type { Field, Fields, Schema } from './fields.js';

/** A number of 64 bits. */
export const U64: Schema = {
  description: 'a number from 0 to 2^64-1: a string of digits, or below 2^53 a number',
  anyOf: [
    { type: 'integer', minimum: 0, maximum: Number.MAX_SAFE_INTEGER },
    { type: 'string', pattern: '^[0-9]{1,20}$' },
  ],
};

/** A user or a device. */
export const ADDRESS: Schema = {
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

/** What has parameters. */
export interface WithParams {
  params: WireParams;
}

const param = (name: string, schema: Schema): [string, Field<WithParams>] => {
  const read = PARAM_READS.get(name) as Read<WireParams>;
  return [name, { schema, read: ({ params }, value, where) => read(params, value, where) }];
};

/** All of them. */
export const PARAMS: Fields<WithParams> = Object.fromEntries([
  param('from', ADDRESS),
  param('to', ADDRESS),
  ...SCALARS.map((name) => param(name, U64)),
]);
