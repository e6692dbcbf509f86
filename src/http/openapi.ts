/** The description of the interface, made of the routes: pure. */

import { VERSION } from '../paths.js';
import type { Schema } from './requests/fields.js';
import type { AnswerDescription, Route } from './routes/route.js';
import { FAILURE } from './schemas.js';

/** What every route may answer. */
const USUAL_FAILURES = [400, 405, 408, 431, 500, 501];

const REASONS: Readonly<Record<number, string>> = {
  400: 'the request cannot be understood',
  401: 'no token, or a wrong one',
  404: 'there is no such thing',
  405: 'the path takes other methods',
  408: 'the request was not complete in time',
  409: 'somebody else takes the sends for the server',
  413: 'the body or the message is too large',
  415: 'the headers say that the body is not JSON',
  429: 'too many requests of the connection are in progress',
  431: 'the head is too large',
  500: 'an error in the core',
  501: 'the request has a Transfer-Encoding other than chunked',
  503: 'the core takes nothing now',
};

/** A document of OpenAPI 3.1. */
export function describeInterface(routes: readonly Route[]): Schema {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: describeRoute(route) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'mesibo-modules',
      version: VERSION,
      description: 'A core over HTTP. A core at a unix socket without http_token asks for no token.',
    },
    paths,
    components: {
      schemas: { Failure: FAILURE },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function describeRoute({
  path,
  summary,
  isOpen = false,
  query = {},
  headers = {},
  body,
  answers,
  failures = [],
}: Route) {
  const parameters = [
    ...[...path.matchAll(/:(\w+)/g)].map(([, name = '']) => parameter('path', name, 'the id of the send', true)),
    ...Object.entries(query).map(([name, what]) => parameter('query', name, what, false)),
    ...Object.entries(headers).map(([name, what]) => parameter('header', name, what, false)),
  ];
  const statuses = [...USUAL_FAILURES, ...(isOpen ? [] : [401]), ...failures].sort((a, b) => a - b);
  const failed = Object.fromEntries(statuses.map((status) => [status, failure(status)]));
  return {
    summary,
    ...(isOpen ? {} : { security: [{ token: [] }, {}] }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined ? {} : { requestBody: { content: { 'application/json': { schema: body } } } }),
    responses: {
      ...failed,
      ...Object.fromEntries(Object.entries(answers).map(([status, answer]) => [status, described(answer)])),
    },
  };
}

function parameter(where: 'path' | 'query' | 'header', name: string, description: string, required: boolean) {
  return { name, in: where, description, required, schema: { type: 'string' } };
}

function described({ description, schema, contentType = 'application/json' }: AnswerDescription) {
  return { description, content: { [contentType]: { schema } } };
}

function failure(status: number) {
  const content = { 'application/json': { schema: { $ref: '#/components/schemas/Failure' } } };
  return { description: REASONS[status] ?? '', content };
}
