/** Handles a request from its head to its answer, with fastify. */

import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createRequire } from 'node:module';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Connection, Connections } from './connections.js';
import { failureDocument, HttpError, httpErrorOf, invalidRequest } from './failure.js';
import type { HttpLimits } from './limits.js';
import { Bodies, isWaiting, letGo, parseBody, requirePlain } from './requests/body.js';
import type { Route } from './routes/route.js';
import { isLet, type Token } from './token.js';

/** What it is made of. */
export interface AppOptions {
  routes: readonly Route[];
  limits: HttpLimits;
  /** Calls the first function for each request. */
  makeServer(handle: (request: IncomingMessage, response: ServerResponse) => void): Server;
  connections(): Connections;
  /** `null`: none is asked for. */
  token(): Token | null;
  /** Nobody but the user of the core, and root, can reach the address. */
  isPrivate: boolean;
  /** Callers are to go elsewhere: their connections end with the answer. */
  isRetired(): boolean;
  warn(kind: string, text: string, from?: string): void;
}

/** The server of who gives no name. */
const USUAL_SERVER = 'http';
const NAME = /^[A-Za-z0-9_.-]{1,64}$/;
const SHOWN_CHARS = 100;
/** Longer than any id of a send. */
const MAX_PART = 4096;

type Request = FastifyRequest;
type Reply = FastifyReply;

/** Makes it; it answers when it is ready. */
export async function makeApp(options: AppOptions): Promise<FastifyInstance> {
  const { routes, limits, makeServer, token } = options;
  const app: FastifyInstance = loadPackage()({
    serverFactory: makeServer,
    exposeHeadRoutes: false,
    requestIdHeader: false,
    // Bodies are read, and bounded, below.
    bodyLimit: Number.MAX_SAFE_INTEGER,
    routerOptions: { maxParamLength: MAX_PART },
    clientErrorHandler: () => undefined,
    // For invalid paths: a caller without the token only learns that.
    frameworkErrors: (error, request, reply) => {
      const refusal = checkToken(request as Request, token(), options);
      void fail(refusal ?? badPath(error, request.raw), request as Request, reply as Reply);
    },
  });
  const bodies = new Bodies(limits);
  const fail = (error: unknown, request: Request, reply: Reply) => {
    const known = httpErrorOf(error) ?? frameworkError(error);
    if (known === null) options.warn('mistake', `a request could not be answered (${(error as Error).message})`);
    const told = known ?? new HttpError(500, 'REQUEST_FAILED', 'the request could not be answered', 'see the log');
    if (told.status === 401) reply.header('www-authenticate', 'Bearer');
    if (told.status === 429 || told.status === 503) reply.header('retry-after', '1');
    // Fastify would close it in the middle of a body, and so keep the answer from its sender.
    reply.removeHeader('connection');
    endIfDue(request, reply, options);
    return reply.code(told.status).send(failureDocument(told));
  };

  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', async ({ raw }: Request, _payload: IncomingMessage) => {
    requirePlain(raw);
    return parseBody(await bodies.read(raw, () => letGo(raw)));
  });
  app.setErrorHandler((error, request, reply) => fail(error, request, reply));
  app.setNotFoundHandler((request, reply) => fail(unknownRoute(request, routes, reply), request, reply));
  app.addHook('onRequest', (request, reply, done) => {
    const { requests = 1 } = connectionOf(request, options) ?? {};
    const mistake = findMistake(request.raw);
    if (requests > limits.pipelined) done(tooMany(limits));
    else if (mistake !== null) done(mistake);
    else if (request.routeOptions.config.isOpen === true) done();
    else {
      const refusal = checkToken(request, token(), options);
      // A body for nothing is not read.
      done(refusal ?? (request.is404 ? unknownRoute(request, routes, reply) : undefined));
    }
  });
  for (const route of routes) addRoute(app, route, options);
  await app.ready();
  return app;
}

function addRoute(app: FastifyInstance, route: Route, options: AppOptions): void {
  const { method, path: url, isOpen = false } = route;
  app.route({
    method,
    url,
    config: { isOpen },
    // A check whether a core is there may ask for the head only.
    exposeHeadRoute: isOpen,
    handler: async (request, reply) => {
      const query = readQuery(request.query, route);
      const server = query.server ?? USUAL_SERVER;
      if (!NAME.test(server)) throw badName(server);
      const connection = connectionOf(request, options);
      if (connection && route.query?.server !== undefined) connection.server = server;
      const answer = await route.handle({
        server,
        caller: {
          server,
          inProgress: (change) => {
            if (connection) connection.inProgress += change;
          },
          onGone: (told) => {
            reply.raw.once('close', () => {
              connection?.offEnd(told);
              told();
            });
            connection?.onEnd(told);
          },
        },
        body: request.body,
        path: request.params as Record<string, string>,
        query,
        isTrusted: isTrusted(request, options),
        connection,
        request: request.raw,
        response: reply.raw,
        takeOver: () => void reply.hijack(),
        status: (code) => void reply.code(code),
        contentType: (type) => void reply.type(type),
      });
      if (reply.sent) return reply;
      endIfDue(request, reply, options);
      return reply.send(answer);
    },
  });
}

/**
 * A core that stops sends its callers away. A caller that waits for 100 Continue may send its body now, or another request. A
 * caller that has closed its direction sends no further request.
 */
function endIfDue(request: Request, reply: Reply, options: AppOptions): void {
  const { raw } = request;
  const isLast = raw.socket.readableEnded && connectionOf(request, options)?.request === raw;
  if (isWaiting(raw) || options.isRetired() || isLast) reply.header('connection', 'close');
}

function connectionOf({ raw }: Request, { connections }: AppOptions): Connection | undefined {
  return connections().of(raw.socket);
}

/** @throws HttpError for a parameter that is not known, or stands there twice */
function readQuery(given: unknown, { query: known = {} }: Route): Record<string, string> {
  const query = given as Record<string, unknown>;
  for (const [name, value] of Object.entries(query)) {
    const shown = JSON.stringify(name.slice(0, SHOWN_CHARS));
    if (!Object.hasOwn(known, name)) {
      const names = Object.keys(known);
      const remedy = names.length === 0 ? 'this path takes none' : `known are ${names.join(', ')}`;
      throw invalidRequest(`the query has an unknown parameter: ${shown}`, remedy);
    }
    if (typeof value !== 'string') throw invalidRequest(`the query has the parameter ${shown} twice`);
  }
  return query as Record<string, string>;
}

function isTrusted({ raw }: Request, { token, isPrivate }: AppOptions): boolean {
  return isPrivate || isLet(token(), raw);
}

function checkToken(request: Request, token: Token | null, options: AppOptions): HttpError | null {
  const { raw } = request;
  if (isLet(token, raw)) {
    const connection = connectionOf(request, options);
    if (connection) connection.isKnown = true;
    return null;
  }
  const what =
    raw.headers.authorization === undefined ? 'the request has no token' : 'the token of the request is wrong';
  options.warn('token', what, raw.socket.remoteAddress ?? 'the socket');
  const remedy = 'send the header "Authorization: Bearer TOKEN" with the first line of the file of http_token';
  return new HttpError(401, 'TOKEN_WRONG', what, remedy);
}

function unknownRoute({ raw }: Request, routes: readonly Route[], reply: Reply): HttpError {
  const path = (raw.url ?? '').split('?', 1)[0] ?? '';
  const shown = JSON.stringify(path.slice(0, SHOWN_CHARS));
  const methods = routes.filter((route) => isPathOf(path, route.path)).map(({ method }) => method);
  const remedy = 'GET /v1/openapi.json lists what there is';
  if (methods.length === 0) return new HttpError(404, 'ROUTE_UNKNOWN', `there is nothing at ${shown}`, remedy);
  reply.header('allow', methods.join(', '));
  return new HttpError(405, 'ROUTE_UNKNOWN', `${shown} takes only ${methods.join(' and ')}`, remedy);
}

function isPathOf(path: string, pattern: string): boolean {
  const [parts, wanted] = [path.split('/'), pattern.split('/')];
  return parts.length === wanted.length && wanted.every((part, i) => part.startsWith(':') || part === parts[i]);
}

/** What is wrong with the head of a readable request. */
function findMistake({ headers, httpVersion }: IncomingMessage): HttpError | null {
  if (httpVersion === '1.1' && headers.host === undefined) {
    return invalidRequest('the request has no Host', 'send the header "Host" with the address of the core');
  }
  const coding = headers['transfer-encoding'];
  if (coding === undefined || coding.toLowerCase() === 'chunked') return null;
  const what = `the request has the Transfer-Encoding ${JSON.stringify(coding.slice(0, SHOWN_CHARS))}`;
  return new HttpError(501, 'REQUEST_INVALID', what, 'send it with Content-Length, or only with chunked');
}

function badPath(error: { code?: string }, { url = '' }: IncomingMessage): HttpError {
  const shown = JSON.stringify(url.slice(0, SHOWN_CHARS));
  if (error.code === 'FST_ERR_MAX_PARAM_LENGTH') {
    return invalidRequest(`a part of the path is longer than any id of a send: ${shown}`, 'give the id as it came');
  }
  return invalidRequest(`the path cannot be decoded: ${shown}`, 'give the id as it came');
}

function badName(server: string): HttpError {
  const may = 'a server has a name of 1 to 64 of the characters A-Z a-z 0-9 _ . -';
  return invalidRequest(`server is ${JSON.stringify(server.slice(0, SHOWN_CHARS))}`, may);
}

function tooMany({ pipelined }: HttpLimits): HttpError {
  const what = `more than ${pipelined} requests of this connection are in progress`;
  return new HttpError(429, 'TOO_MANY_REQUESTS', what, 'read the answers to those, or use more connections');
}

/** What fastify finds; `null`: something else went wrong. */
function frameworkError(error: unknown): HttpError | null {
  const { code, statusCode = 500, message } = error as { code?: string; statusCode?: number; message: string };
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    const remedy = 'send JSON, with the header "Content-Type: application/json"';
    return new HttpError(415, 'MEDIA_TYPE_UNKNOWN', 'the Content-Type says that the body is not JSON', remedy);
  }
  return statusCode >= 400 && statusCode < 500 ? invalidRequest(message) : null;
}

/** Only now: a core without HTTP starts without it. */
function loadPackage(): typeof import('fastify').fastify {
  return createRequire(import.meta.url)('fastify');
}

declare module 'fastify' {
  interface FastifyContextConfig {
    isOpen?: boolean;
  }
}
