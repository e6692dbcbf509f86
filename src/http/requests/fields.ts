/** Bodies of requests, field by field: one table for reading and for the description of the interface. */

import { listSome } from '../../list-some.js';
import { objectOf, type Read } from '../../wire/gateway/json/reading.js';
import { invalidRequest } from '../failure.js';

/** A schema of JSON, as OpenAPI 3.1 has it. */
export type Schema = Readonly<Record<string, unknown>>;

/** One field. */
export interface Field<T> {
  schema: Schema;
  read: Read<T>;
}

/** All fields that a body may have. */
export type Fields<T> = Readonly<Record<string, Field<T>>>;

const SHOWN_FIELDS = 10;
const SHOWN_CHARS = 40;

/**
 * Reads a body. `null` is as good as left out.
 *
 * @throws HttpError for unknown fields, all of which it names
 * @throws FrameError for a field that cannot be taken
 */
export function readFields<T>(body: unknown, fields: Fields<T>, into: T): T {
  const object = objectOf(body, 'the body');
  const unknown = Object.keys(object).filter((key) => !Object.hasOwn(fields, key));
  if (unknown.length > 0) throw unknownFields(unknown, Object.keys(fields));
  for (const [key, value] of Object.entries(object)) if (value !== null) fields[key]?.read(into, value, key);
  return into;
}

function unknownFields(unknown: string[], known: string[]): Error {
  const shown = unknown.map((key) => JSON.stringify(key.slice(0, SHOWN_CHARS)));
  const what = unknown.length === 1 ? 'an unknown field' : 'unknown fields';
  return invalidRequest(`the body has ${what}: ${listSome(shown, SHOWN_FIELDS)}`, `known are ${known.join(', ')}`);
}

/**
 * The schema of a body.
 *
 * @param required - it must have one of these fields, otherwise it says nothing
 */
export function schemaOf(fields: Fields<never>, required: readonly string[] = []): Schema {
  const isOnly = (key: string) => required.length === 1 && required[0] === key;
  const properties = Object.fromEntries(
    Object.entries(fields).map(([key, { schema }]) => [key, isOnly(key) ? schema : orNull(schema)]),
  );
  const object = { type: 'object', properties, additionalProperties: false };
  if (required.length <= 1) return required.length === 0 ? object : { ...object, required };
  // Null is as good as left out.
  const one = (key: string) => ({
    ...object,
    properties: { ...properties, [key]: fields[key]?.schema },
    required: [key],
  });
  return { anyOf: required.map(one) };
}

function orNull(schema: Schema): Schema {
  return { anyOf: [schema, { type: 'null' }] };
}
