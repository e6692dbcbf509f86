/** A small HTTP server on this machine that answers as a test says and remembers what it was asked. */

import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request, read to its end. */
export interface Asked {
  method: string;
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** A running server. */
export interface RestServer {
  /** Without a final slash. */
  url: string;
  /** In the order in which they came. */
  asked: Asked[];
  /** Resolves when so many requests have come. */
  reached(count: number): Promise<void>;
  close(): Promise<void>;
}

/** Starts a server; `answer` may leave a response open. It has a port of the system's choice unless one is given. */
export async function startRestServer(
  answer: (asked: Asked, response: ServerResponse) => void,
  port = 0,
): Promise<RestServer> {
  const asked: Asked[] = [];
  let waiting: { count: number; done: () => void }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const one = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: Buffer.concat(chunks).toString('utf8'),
    };
    asked.push(one);
    for (const { count, done } of waiting) if (asked.length >= count) done();
    waiting = waiting.filter(({ count }) => asked.length < count);
    answer(one, response);
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    reached: (count) =>
      new Promise((done) => {
        if (asked.length >= count) done();
        else waiting.push({ count, done });
      }),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
