import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { VERSION } from '../../../src/paths.js';
import { closeServers, deadPort, response, serveHttp, serveRaw, serveTunnels } from './servers.js';
import { bodyOf, Visitor } from './visitor.js';

const visitor = new Visitor();
afterEach(closeServers);

describe('a request for http', () => {
  it.each([
    ['HOST', []],
    ['http://HOST/', []],
    ['us%40er:p:w@HOST', [`Proxy-Authorization: Basic ${Buffer.from('us@er:p:w').toString('base64')}`]],
  ])('is given to its proxy as a whole: %s', async (proxy, authorization) => {
    const server = await serveRaw((_, socket) => socket.write(response('by proxy')));
    const ask = { url: 'http://user:pw@some.invalid:81/a?b#c', proxy: proxy.replace('HOST', server.host) };
    const outcome = await visitor.get({ ...ask, extra_header: 'X: 1\nX: 2' });
    expect(bodyOf(outcome)).toBe('by proxy');
    expect(server.requests.map(({ lines }) => lines)).toEqual([
      [
        'GET http://some.invalid:81/a?b HTTP/1.1',
        'host: some.invalid:81',
        'connection: keep-alive',
        `User-Agent: mesibo-modules/${VERSION}`,
        `Authorization: Basic ${Buffer.from('user:pw').toString('base64')}`,
        'X: 1',
        'X: 2',
        ...authorization,
      ],
    ]);
  });

  it('gets the answer of the proxy, also when that is an error', async () => {
    const server = await serveHttp((_, res) => res.writeHead(407).end('who are you?'));
    const outcome = await visitor.get({ url: 'http://some.invalid/', proxy: server.host });
    expect(outcome).toMatchObject({ status: 407, result: 0 });
    expect(bodyOf(outcome)).toBe('who are you?');
  });

  it('fails with the proxy, and says which', async () => {
    const port = await deadPort();
    const outcome = await visitor.get({ url: 'http://some.invalid/', proxy: `u:secret@127.0.0.1:${port}` });
    expect(outcome).toMatchObject({ result: -1, why: `connection refused (127.0.0.1:${port})` });
  });
});

describe('a request for https', () => {
  it.each([
    ['HOST', []],
    ['http://user:secret@HOST', [`proxy-authorization: Basic ${Buffer.from('user:secret').toString('base64')}`]],
  ])('asks its proxy for a tunnel: %s', async (proxy, authorization) => {
    const server = await serveRaw((_, socket) => socket.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n'));
    const outcome = await visitor.get({
      url: 'https://u:p@some.invalid/a',
      proxy: proxy.replace('HOST', server.host),
      extra_header: 'Host: other\nCookie: secret',
    });
    expect(outcome).toMatchObject({
      result: -1,
      why: `the proxy ${server.host} answered 403 when asked for a tunnel to some.invalid:443`,
    });
    expect(server.requests.map(({ lines }) => lines.filter((line) => !/^connection:/i.test(line)))).toEqual([
      ['CONNECT some.invalid:443 HTTP/1.1', 'host: some.invalid:443', ...authorization],
    ]);
  });

  it.each([
    ['is none', (socket: Socket) => socket.end('no tunnel here\r\n\r\n'), /^127\.0\.0\.1:\d+ .*HTTP|Parse Error/],
    ['closes', (socket: Socket) => socket.end(), /^127\.0\.0\.1:\d+ reset the connection before it answered$/],
  ])('fails with a proxy that %s', async (_, answer, why) => {
    const server = await serveRaw((_, socket) => answer(socket));
    const outcome = await visitor.get({ url: 'https://some.invalid/', proxy: server.host });
    expect(outcome).toMatchObject({ result: -1, why: expect.stringMatching(why) });
  });

  it('fails with a proxy that is not there, and says which', async () => {
    const port = await deadPort();
    const outcome = await visitor.get({ url: 'https://some.invalid/', proxy: `127.0.0.1:${port}` });
    expect(outcome).toMatchObject({ result: -1, why: `connection refused (127.0.0.1:${port})` });
  });

  it('fails when the other end does not speak TLS, and names that end', async () => {
    const server = await serveHttp((_, res) => res.end());
    const proxy = await serveTunnels(server.port);
    const outcome = await visitor.get({ url: 'https://some.invalid:444/', proxy: proxy.host });
    expect(proxy.requests[0]?.lines[0]).toBe('CONNECT some.invalid:444 HTTP/1.1');
    expect(outcome).toMatchObject({ result: -1, why: expect.stringMatching(/some\.invalid/) });
  });
});
