import { connect } from 'node:net';
import { Worker } from 'node:worker_threads';
import { afterAll, describe, expect, it } from 'vitest';
import { closeServers, closeWithServers, response, serveHttp, serveRaw, serveTcp } from './servers.js';
import { bodyOf, type Outcome, Visitor } from './visitor.js';

const visitor = new Visitor();
afterAll(closeServers);

/**
 * Adds how long it took, from before it began: the first request of a process reads the trusted certificates, and its time
 * runs meanwhile. Node's timers count whole milliseconds, hence a little less.
 */
async function timed(begin: () => Promise<Outcome>): Promise<Outcome & { seconds: number }> {
  const begun = performance.now();
  const result = await begin();
  return { ...result, seconds: (performance.now() - begun + 10) / 1000 };
}

const atLeast = (seconds: number) => expect.toSatisfy((took: number) => took >= seconds);

/** A port that takes no connection and refuses none: those that it has room for wait to be accepted, and nobody does. */
async function fullPort(): Promise<number> {
  const code = `
    const { parentPort } = require('node:worker_threads');
    const server = require('node:net').createServer();
    server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      parentPort.postMessage(server.address().port);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`;
  const worker = new Worker(code, { eval: true });
  const port = await new Promise<number>((resolve) => worker.once('message', resolve));
  const fillers = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  closeWithServers(async () => {
    for (const filler of fillers) filler.destroy();
    await worker.terminate();
  });
  return port;
}

// Side by side: each waits for about a second.
describe.concurrent('a request has its time', () => {
  it('to connect', async () => {
    const port = await fullPort();
    const why = `no connection to 127.0.0.1:${port} within 1 s (conn_timeout)`;
    const outcome = await timed(() => visitor.get({ url: `127.0.0.1:${port}`, conn_timeout: 1, header_timeout: 9 }));
    expect(outcome).toMatchObject({ status: null, result: -1, why, seconds: atLeast(1) });
  });

  it('to connect with TLS', async () => {
    const server = await serveTcp(() => {});
    const why = `no connection to ${server.host} within 1 s (conn_timeout)`;
    const outcome = await timed(() => visitor.get({ url: `https://${server.host}`, conn_timeout: 1 }));
    expect(outcome).toMatchObject({ result: -1, why, seconds: atLeast(1) });
  });

  it('to connect through a proxy, which the error names', async () => {
    const proxy = await serveTcp(() => {});
    const why = `no connection to ${proxy.host} within 1 s (conn_timeout)`;
    const outcome = await timed(() =>
      visitor.get({ url: 'https://any/', proxy: `u:secret@${proxy.host}`, conn_timeout: 1 }),
    );
    expect(outcome).toMatchObject({ result: -1, why, seconds: atLeast(1) });
  });

  it('for the answer', async () => {
    const server = await serveRaw((_, socket) => socket.write('HTTP/1.1 200 OK\r\nA: b\r\n'));
    const why = `no answer from ${server.host} within 1 s (header_timeout)`;
    const outcome = await timed(() => visitor.get({ url: server.host, header_timeout: 1, body_timeout: 9 }));
    expect(outcome).toMatchObject({ status: null, result: -1, why, seconds: atLeast(1) });
  });

  it('between two parts of the body', async () => {
    let next: NodeJS.Timeout;
    const server = await serveHttp((_, res) => {
      let parts = 0;
      next = setInterval(() => (++parts <= 5 ? res.write('x') : clearInterval(next)), 300);
    });
    const why = `nothing more from ${server.host} for 1 s (body_timeout)`;
    const outcome = await timed(() => visitor.get({ url: server.host, body_timeout: 1, header_timeout: 1 }));
    // Five parts, 300 ms each, and then nothing more.
    expect(outcome).toMatchObject({ status: 200, result: -1, why, seconds: atLeast(2) });
    expect(bodyOf(outcome)).toBe('xxxxx');
  });

  it('for the first part of the body', async () => {
    const server = await serveHttp((_, res) => res.writeHead(200).flushHeaders());
    const why = `nothing more from ${server.host} for 1 s (body_timeout)`;
    const outcome = await timed(() => visitor.get({ url: server.host, body_timeout: 1, encoding: 'gzip' }));
    expect(outcome).toMatchObject({ status: 200, result: -1, why, seconds: atLeast(1) });
  });

  it('in all, however busy the server is with it', async () => {
    const server = await serveHttp((_, res) => {
      const next = setInterval(() => res.write('x'), 50);
      res.on('close', () => clearInterval(next));
    });
    const outcome = await timed(() => visitor.get({ url: server.host, body_timeout: 1, total_timeout: 1 }));
    expect(outcome).toMatchObject({
      status: 200,
      result: -1,
      why: 'not finished within 1 s (total_timeout)',
      seconds: atLeast(1),
    });
  });

  it('in all, further attempts and redirects included', async () => {
    const closing = await serveTcp((socket) => socket.destroy());
    const circle = await serveRaw((_, socket) =>
      socket.write('HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n'),
    );
    const outcomes = [
      () => visitor.get({ url: closing.host, retries: 2 ** 40, total_timeout: 1 }),
      () => visitor.get({ url: circle.host, maxredirects: 2 ** 40, total_timeout: 1 }),
    ];
    for (const outcome of await Promise.all(outcomes.map(timed))) {
      expect(outcome).toMatchObject({
        result: -1,
        why: 'not finished within 1 s (total_timeout)',
        seconds: atLeast(1),
      });
    }
    // They come ever later: after 100 ms, 200 ms, 400 ms...
    expect(closing.sockets.length).toBeLessThan(6);
    expect(closing.sockets.length).toBeGreaterThan(2);
  });

  it('again with each attempt', async () => {
    const server = await serveRaw((_, socket, i) => i === 1 && socket.write(response('at last')));
    const outcome = await timed(() => visitor.get({ url: server.host, header_timeout: 1, retries: 1 }));
    expect(outcome).toMatchObject({ result: 0, seconds: atLeast(1) });
  });

  it('which does not run while the module takes nothing', async () => {
    const server = await serveHttp((_, res) => res.writeHead(200, { 'content-length': 4 }).write('ab'));
    const silent = await serveTcp(() => {});
    const begun = performance.now();
    const visit = visitor.begin({ url: server.host, body_timeout: 1 }, () => {
      if (visit.outcome.chunks.length !== 1 || visit.outcome.result !== null) return 1;
      // Longer than its own time: two of another.
      void visitor.get({ url: silent.host, header_timeout: 2 }).then(() => visitor.client.resume(visit.id));
      return 0;
    });
    const outcome = await visit.ended;
    // From then on it runs again.
    expect((performance.now() - begun + 20) / 1000).toBeGreaterThanOrEqual(3);
    expect(outcome).toMatchObject({ result: -1, why: expect.stringContaining('(body_timeout)') });
  });

  it('however long that is', async () => {
    const server = await serveHttp((_, res) => res.end('x'));
    const times = { conn_timeout: 2 ** 63, header_timeout: 2 ** 40, body_timeout: 2 ** 32, total_timeout: 2 ** 64 };
    expect(await visitor.get({ url: server.host, ...times })).toMatchObject({ result: 0 });
  });
});
