/** Servers that hang, break off, or do not speak HTTP: a message is posted again under its id, and nothing else waits. */

import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hasOpenssl, makeCertificate } from '../../helpers/certificate.js';
import { type Asked, startRestServer } from '../../helpers/rest-server.js';
import { WebhookScene } from './scene.js';

async function serve(answer: (asked: Asked, response: ServerResponse) => void) {
  const server = await startRestServer(answer);
  onTestFinished(() => server.close());
  return server;
}

const take = (_: unknown, response: ServerResponse) => void response.writeHead(204).end();
const ids = (asked: readonly Asked[]) => asked.map(({ headers }) => headers['webhook-id']);
const TAKEN = 'HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n';

/** A server that does something with each connection, by its number from 1 on. */
async function serveBytes(serveOne: (socket: Socket, number: number) => void) {
  let connections = 0;
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    connections += 1;
    serveOne(socket, connections);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, sockets, connections: () => connections };
}

/** Answers once a request has begun. */
function answer(socket: Socket, text: string): void {
  socket.once('data', () => socket.end(text));
}

/** The first of these messages is taken in the end. */
async function isTaken(scene: WebhookScene): Promise<void> {
  await expect.poll(() => scene.sends.counters(), { timeout: 50_000 }).toMatchObject({ waiting: 0, delivered: 1 });
}

describe('a server that does not answer', () => {
  it('gets the message again under its id, and keeps no other module waiting', async () => {
    const server = await serve((asked, response) => {
      if (JSON.parse(asked.body).module === 'other' || server.asked.length > 4) take(asked, response);
    });
    const scene = await WebhookScene.to(server.url, { timeoutMs: 1000 });
    const first = scene.keep('first');
    await server.reached(1);
    for (let i = 0; i < 3; i++) scene.keep('x', { module: 'other' });
    await server.reached(4);
    await server.reached(5);
    expect([0, 4].map((at) => ids(server.asked)[at])).toEqual([first, first]);
    expect(scene.said[0]).toContain('it did not answer within 1 s');
  });

  it.each([
    ['says nothing', () => undefined],
    ['says a part of a head', (socket: Socket) => socket.write('HTTP/1.1 204 No')],
    ['says without end that it will answer', (socket: Socket) => sayOften(socket, 'HTTP/1.1 102 Processing\r\n\r\n')],
    ['says a head without end', (socket: Socket) => sayOften(socket, 'x', 'HTTP/1.1 204 x\r\na: ')],
  ])('%s', async (_, begin) => {
    const server = await serveBytes((socket, number) => {
      if (number === 1) begin(socket);
      else answer(socket, TAKEN);
    });
    const scene = await WebhookScene.to(server.url, { timeoutMs: 1000 });
    scene.keep('first');
    await isTaken(scene);
    expect(server.connections()).toBeGreaterThan(1);
    expect(scene.said[0]).toMatch(/it did not answer within 1 s/);
  });

  it('does not read a large message', async () => {
    const server = await serveBytes((socket, number) => {
      if (number === 1) socket.pause();
      else answer(socket, TAKEN);
    });
    // More than the buffers of a socket, and time enough for the attempt that is read.
    const scene = await WebhookScene.to(server.url, { timeoutMs: 3000 });
    scene.keep('x'.repeat(12 * 1024 * 1024));
    await isTaken(scene);
    expect(scene.said[0]).toMatch(/it did not answer within 3 s/);
  });
});

/** A few bytes at a time, as fast as they are taken in turns of the event loop, until the connection ends. */
function sayOften(socket: Socket, text: string, before = ''): void {
  socket.write(before);
  const timer = setInterval(() => socket.write(text), 20);
  socket.on('close', () => clearInterval(timer));
}

describe('a server that breaks off', () => {
  it.each([
    ['closes at once', (socket: Socket) => void socket.end(), 'it ended the connection before it answered'],
    ['resets at once', (socket: Socket) => void socket.resetAndDestroy(), 'it ended the connection before it answered'],
    ['closes within the head', (socket: Socket) => answer(socket, 'HTTP/1.1 204 No'), ''],
    ['speaks no HTTP', (socket: Socket) => answer(socket, 'SSH-2.0-x\r\n\r\n'), 'its answer is not HTTP'],
    [
      'has a head without measure',
      (socket: Socket) => answer(socket, `HTTP/1.1 204 x\r\na: ${'x'.repeat(1 << 20)}\r\n\r\n`),
      'the header of its answer is too large',
    ],
  ])('%s: the message is posted again', async (_, breakOff, why) => {
    const server = await serveBytes((socket, number) => {
      if (number === 1) breakOff(socket);
      else answer(socket, TAKEN);
    });
    const scene = await WebhookScene.to(server.url);
    scene.keep('first');
    await isTaken(scene);
    expect(server.connections()).toBe(2);
    expect(scene.said[0]).toContain(`did not take a message of module m: ${why}`);
  });
});

describe('the body of an answer', () => {
  it.each([
    ['is slow', (response: ServerResponse) => drip(response)],
    ['never begins', (response: ServerResponse) => response.writeHead(200, { 'content-length': 10 }).flushHeaders()],
    ['is without end', (response: ServerResponse) => flood(response)],
    [
      'is said to be huge',
      (response: ServerResponse) => response.writeHead(200, { 'content-length': 2 ** 40 }).write('x'),
    ],
    ['breaks off', (response: ServerResponse) => breakOff(response)],
  ])('that takes the message does not matter: it %s, and the next one is posted', async (_, say) => {
    const server = await serve((_, response) => void say(response));
    const scene = await WebhookScene.to(server.url);
    const sentIds = [1, 2, 3].map((i) => scene.keep(`${i}`));
    await server.reached(3);
    expect(ids(server.asked)).toEqual(sentIds);
    await expect.poll(() => scene.sends.counters(), { timeout: 20_000 }).toMatchObject({ waiting: 0, delivered: 3 });
    expect(scene.said).toEqual([]);
  });
});

function drip(response: ServerResponse): void {
  response.writeHead(200);
  const timer = setInterval(() => response.write('x'), 50);
  response.on('close', () => clearInterval(timer));
}

function flood(response: ServerResponse): void {
  const chunk = Buffer.alloc(64 * 1024, 'x');
  response.writeHead(200);
  const go = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', go);
  go();
}

function breakOff(response: ServerResponse): void {
  response.writeHead(200, { 'content-length': 100 });
  response.write('x', () => response.destroy());
}

describe('a server that is not there', () => {
  it('gets the waiting messages in order when it comes', async () => {
    const away = await startRestServer(take);
    const url = away.url;
    await away.close();
    const scene = await WebhookScene.to(url);
    const sentIds = [1, 2, 3].map((i) => scene.keep(`${i}`));
    await scene.until(() => scene.said.length > 0);
    expect(scene.said[0]).toBe(
      `warn: the webhook at ${url} did not take a message of module m: nothing listens there; it is posted again until it is taken, or has waited for send_ttl`,
    );
    const { port } = new URL(url);
    const server = await startRestServer(take, Number(port));
    onTestFinished(() => server.close());
    await server.reached(3);
    expect(ids(server.asked)).toEqual(sentIds);
  });

  it('has a name that nobody knows', async () => {
    const scene = await WebhookScene.to('http://nobody.invalid/');
    scene.keep('first');
    await scene.until(() => scene.said.length > 0);
    expect(scene.said[0]).toMatch(/its name (is not known|cannot be looked up now)/);
    expect(scene.sends.counters()).toMatchObject({ waiting: 1 });
  });
});

describe.runIf(hasOpenssl)('TLS', () => {
  async function serveTls() {
    const { key, cert } = makeCertificate();
    const asked: string[] = [];
    const server = createHttpsServer({ key, cert }, (request, response) => {
      asked.push(request.url ?? '');
      response.end();
    });
    server.on('tlsClientError', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return { port: (server.address() as AddressInfo).port, asked };
  }

  it('with an untrusted certificate: nothing is posted, and the error says why', async () => {
    const server = await serveTls();
    const scene = await WebhookScene.to(`https://127.0.0.1:${server.port}/hidden`);
    scene.keep('first');
    await scene.until(() => scene.said.length > 0);
    expect(scene.said[0]).toContain(
      `https://127.0.0.1:${server.port} did not take a message of module m: the connection`,
    );
    expect(scene.said[0]).toMatch(/self[- ]signed certificate/);
    expect([server.asked, scene.said.join().includes('hidden')]).toEqual([[], false]);
    expect(scene.sends.counters()).toMatchObject({ waiting: 1, delivered: 0 });
  });

  it('to a server without TLS, and the other way round', async () => {
    const plain = await serve(take);
    const secure = await serveTls();
    const first = await WebhookScene.to(plain.url.replace('http:', 'https:'));
    first.keep('first');
    await first.until(() => first.said.length > 0);
    expect(first.said[0]).toContain('it does not speak TLS there');
    const second = await WebhookScene.to(`http://127.0.0.1:${secure.port}`);
    second.keep('second');
    await second.until(() => second.said.length > 0);
    expect(second.said[0]).toContain('did not take a message of module m: ');
    expect([plain.asked, secure.asked]).toEqual([[], []]);
  });
});
