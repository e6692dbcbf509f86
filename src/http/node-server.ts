/** Node's HTTP server: its bounds, and its answer to bytes that are not a request. */

import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { Connections } from './connections.js';
import { failureDocument, HttpError, invalidRequest } from './failure.js';
import type { HttpLimits } from './limits.js';
import { noteRequest, noteWaiting } from './requests/body.js';

/**
 * Makes one, which does not listen: connections are given to it.
 *
 * @param handle - called for each request, when that is counted
 */
export function makeNodeServer(
  limits: HttpLimits,
  warn: (kind: string, text: string) => void,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): { server: Server; connections: Connections } {
  const server = createServer({
    // Whatever the options of Node.js say.
    insecureHTTPParser: false,
    maxHeaderSize: limits.headBytes,
    headersTimeout: limits.headMs,
    requestTimeout: limits.requestMs,
    connectionsCheckingInterval: limits.lookMs,
    keepAliveTimeout: limits.idleMs,
    noDelay: true,
    // It is looked for where failures have a document.
    requireHostHeader: false,
  });
  // Who closes his direction still gets his answers.
  (server as Server & { httpAllowHalfOpen: boolean }).httpAllowHalfOpen = true;
  const tooMany = () => {
    const what = `${limits.connections} connections at a time are served, and all of them are in use`;
    return lastWords(new HttpError(503, 'TOO_MANY_REQUESTS', what, 'close some, and try again'));
  };
  const connections = new Connections(server, { limits, tooMany, warn });
  const take = (request: IncomingMessage, response: ServerResponse) => {
    noteRequest(request, response);
    connections.begun(request, response);
    handle(request, response);
  };
  server.on('request', take);
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    noteWaiting(request);
    take(request, response);
  });
  // Other expectations may be ignored (RFC 9110, 10.1.1).
  server.on('checkExpectation', take);
  server.on('connect', (_request: IncomingMessage, socket: Socket) => {
    const remedy = 'GET /v1/openapi.json lists what there is';
    const error = new HttpError(405, 'ROUTE_UNKNOWN', 'the core is not a proxy and takes no CONNECT', remedy);
    connections.of(socket)?.end(lastWords(error));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const connection = connections.of(socket);
    if (connection === undefined || error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else connection.end(lastWords(describeMistake(error, limits)));
  });
  // Connections come by another way; with this it begins to look for slow requests.
  server.emit('listening');
  return { server, connections };
}

/** What was wrong with bytes that are not a request. */
function describeMistake({ code, message }: NodeJS.ErrnoException, limits: HttpLimits): HttpError {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    const what = `the request was not complete in time: its head may take ${limits.headMs / 1000} s, all of it ${limits.requestMs / 1000} s`;
    return new HttpError(408, 'REQUEST_TOO_SLOW', what, 'send it faster, or a shorter one');
  }
  if (code === 'HPE_HEADER_OVERFLOW') {
    const what = `the head of the request has more than ${limits.headBytes} bytes`;
    return new HttpError(431, 'REQUEST_INVALID', what);
  }
  return invalidRequest(`this is not an HTTP/1.1 request (${message.replace(/^Parse Error: /, '')})`);
}

/** A whole answer, and the end of the connection. */
function lastWords(error: HttpError): string {
  const body = JSON.stringify(failureDocument(error));
  return [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    '',
    body,
  ].join('\r\n');
}
