/** The routes of events. */

import { outcomeDocument } from '../documents.js';
import type { Events } from '../events.js';
import {
  CALL_FIELDS,
  type EventRequest,
  LOGIN_FIELDS,
  MESSAGE_FIELDS,
  readCall,
  readLogin,
  readMessage,
  readStatus,
  STATUS_FIELDS,
} from '../requests/events.js';
import { schemaOf } from '../requests/fields.js';
import { DECISION, OUTCOME, SERVER_QUERY } from '../schemas.js';
import type { Route } from './route.js';

const FAILURES = [413, 415, 429, 503];

/** Those of one core. */
export function eventRoutes(events: Events): Route[] {
  const answer = async (read: (body: unknown) => EventRequest, { body, caller }: Parameters<Route['handle']>[0]) => {
    const { event, trace } = read(body ?? {});
    return outcomeDocument(await events.take(event, caller), trace);
  };
  const decided = { 200: { description: 'what the modules decided', schema: DECISION } };
  const base = { method: 'POST', query: SERVER_QUERY, failures: FAILURES } as const;
  return [
    {
      ...base,
      path: '/v1/messages',
      summary: 'A message: the modules decide whether it is delivered, and may change it.',
      body: schemaOf(MESSAGE_FIELDS, ['text', 'payload']),
      answers: { 200: { description: 'what the modules decided, and the message as they left it', schema: OUTCOME } },
      handle: (call) => answer(readMessage, call),
    },
    {
      ...base,
      path: '/v1/statuses',
      summary: 'What became of a message.',
      body: schemaOf(STATUS_FIELDS),
      answers: decided,
      handle: (call) => answer(readStatus, call),
    },
    {
      ...base,
      path: '/v1/logins',
      summary: 'A user logged in or out.',
      body: schemaOf(LOGIN_FIELDS, ['address']),
      answers: decided,
      handle: (call) => answer(readLogin, call),
    },
    {
      ...base,
      path: '/v1/calls',
      summary: 'A call, or the status of a call.',
      body: schemaOf(CALL_FIELDS),
      answers: decided,
      handle: (call) => answer(readCall, call),
    },
  ];
}
