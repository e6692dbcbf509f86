/** The schemas of what is answered, for the description of the interface. */

import type { Schema } from './requests/fields.js';

const COUNT: Schema = { type: 'integer', minimum: 0 };
const DIGITS: Schema = { type: 'string', pattern: '^[0-9]+$' };
const TEXT_OR_NULL: Schema = { type: ['string', 'null'] };
const VERDICT: Schema = { enum: ['pass', 'consumed'] };

function object(properties: Record<string, Schema>, optional: readonly string[] = []): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required, additionalProperties: false };
}

const PARAMS_DOCUMENT: Schema = object({
  aid: DIGITS,
  id: DIGITS,
  refid: DIGITS,
  groupid: DIGITS,
  flags: COUNT,
  type: COUNT,
  expiry: COUNT,
  uflags: COUNT,
  status: COUNT,
  sid: DIGITS,
  device: COUNT,
  to: TEXT_OR_NULL,
  from: TEXT_OR_NULL,
});

const MESSAGE_DOCUMENT = {
  message: { ...TEXT_OR_NULL, description: 'null when it is not UTF-8' },
  messageBase64: { type: 'string', contentEncoding: 'base64', description: 'its bytes, when message is null' },
};

const DECIDED = {
  verdict: VERDICT,
  by: { ...TEXT_OR_NULL, description: 'the module that consumed' },
};

const TRACE: Schema = {
  type: 'array',
  items: object({
    module: { type: 'string' },
    verdict: VERDICT,
    default: {
      enum: ['crash', 'hang', 'deadline', 'down', 'overload', 'quarantine', null],
      description: 'why the verdict is a default one; null when the module gave it',
    },
    micros: COUNT,
  }),
};

/** What the modules decided on a message. */
export const OUTCOME: Schema = object({ ...DECIDED, ...MESSAGE_DOCUMENT, params: PARAMS_DOCUMENT, trace: TRACE }, [
  'messageBase64',
  'trace',
]);

/** What they decided on anything else. */
export const DECISION: Schema = object({ ...DECIDED, trace: TRACE }, ['trace']);

/** The data of one event of `/v1/sends`. */
export const SEND: Schema = object(
  { module: { type: 'string' }, sentId: { type: 'string' }, params: PARAMS_DOCUMENT, ...MESSAGE_DOCUMENT },
  ['messageBase64'],
);

export const HEALTH: Schema = object({ healthy: { const: true } });

const SENTENCES: Schema = { type: 'array', items: { type: 'string' } };

export const READINESS: Schema = object({ ready: { type: 'boolean' }, reasons: SENTENCES, notes: SENTENCES });

/** What is answered in place of all that. */
export const FAILURE: Schema = object({
  error: object({
    code: { type: 'string', description: 'one of docs/errors.md' },
    message: { type: 'string' },
    remedy: TEXT_OR_NULL,
  }),
});

/** The query of routes that are for a server. */
export const SERVER_QUERY = {
  server: 'the name of the server: 1 to 64 of the characters A-Z a-z 0-9 _ . -; http unless it is given',
};

/** What was said of a send is taken. */
export const SEND_TAKEN: Schema = object({ sentId: { type: 'string' } });
