/** What there is at a path. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Connection } from '../connections.js';
import type { Schema } from '../requests/fields.js';
import type { Caller } from '../visits.js';

/** One request for a route. */
export interface Call {
  /** The name of the server that asks, or that is meant. */
  server: string;
  caller: Caller;
  /** What was sent, parsed; `undefined`: nothing. */
  body: unknown;
  /** The variable parts of the path. */
  path: Readonly<Record<string, string>>;
  query: Readonly<Record<string, string>>;
  /** The caller has shown the token, or needs none. */
  isTrusted: boolean;
  connection: Connection | undefined;
  request: IncomingMessage;
  response: ServerResponse;
  /** The answer is written to {@link response} by the route itself. */
  takeOver(): void;
  status(code: number): void;
  contentType(type: string): void;
}

/** What is answered. */
export interface AnswerDescription {
  description: string;
  schema: Schema;
  contentType?: string;
}

/** A route, and all that the description of the interface says of it. */
export interface Route {
  method: 'GET' | 'POST';
  /** With `:NAME` for a variable part. */
  path: string;
  summary: string;
  /** Anybody may ask, without a token. */
  isOpen?: boolean;
  /** The parameters that may stand behind the `?`, in words. */
  query?: Readonly<Record<string, string>>;
  /** The headers that it looks at, in words. */
  headers?: Readonly<Record<string, string>>;
  /** What a request has in it; without it: nothing. */
  body?: Schema;
  answers: Readonly<Record<number, AnswerDescription>>;
  /** The statuses of failures that it may answer with, beside those of every route. */
  failures?: readonly number[];
  /** @returns the document of the answer, or its text */
  handle(call: Call): unknown;
}
