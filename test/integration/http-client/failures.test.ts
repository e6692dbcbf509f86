import type { Socket } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { closeServers, deadPort, response, serveHttp, serveRaw, serveTcp } from './servers.js';
import { bodyOf, Visitor } from './visitor.js';

const visitor = new Visitor();
afterEach(closeServers);

/** Answers every request with this, to the byte, and then ends the connection or leaves it open. */
const say = (text: string, then: (socket: Socket) => void = () => {}) =>
  serveRaw((_, socket) => socket.write(text, 'latin1', () => then(socket)));
const end = (socket: Socket) => socket.end();
const reset = (socket: Socket) => socket.resetAndDestroy();

describe('an impossible request fails at once', () => {
  it.each([
    [{ url: null }, 'there is no URL'],
    [{ url: ' \n' }, 'there is no URL'],
    [{ url: 'http://secret:pw@' }, 'the URL is not valid'],
    [{ url: 'ftp://secret@host/' }, 'the URL has the scheme ftp://, and only http:// and https:// can be used'],
    [{ url: 'x', proxy: 'socks5://secret:1' }, 'proxy has the scheme socks5://, and only http:// can be used'],
    [{ url: 'x', extra_header: 'A: b\nsecret' }, 'line 2 of extra_header has no colon'],
    [{ url: 'x', extra_header: 'A: b\n\n: secret' }, 'line 3 of extra_header has no valid name'],
    [{ url: 'x', extra_header: 'A: b\u0001' }, 'line 1 of extra_header holds a character that a header cannot carry'],
    [
      { url: 'x', extra_header: 'Content-length: 5' },
      'line 1 of extra_header sets Content-length, which a module cannot set',
    ],
    [{ url: 'x', extra_header: 'Host: a\nHost: b' }, 'duplicate host header'],
    [{ url: 'x', cookie: 'a=b\r\nX: secret' }, 'cookie holds a character that a header cannot carry'],
    [{ url: 'x', ims: 2 ** 53 }, 'ims is not a time in seconds'],
  ])('%j', async (ask, why) => {
    expect(await visitor.get(ask)).toMatchObject({ status: null, chunks: [], result: -1, why });
  });
});

describe('a server that cannot be reached', () => {
  it('refuses', async () => {
    const port = await deadPort();
    const why = `connection refused (127.0.0.1:${port})`;
    expect(await visitor.get({ url: `http://u:p@127.0.0.1:${port}/?key=secret` })).toMatchObject({ result: -1, why });
  });

  it('has a name that nobody knows', async () => {
    const { result, why } = await visitor.get({ url: 'http://nobody.invalid/' });
    expect(result).toBe(-1);
    expect(why).toMatch(/^the name "nobody\.invalid" could not be resolved( for now)?$/);
  });

  it.each(['http://[::1]:PORT/', 'http://0x7f.1:PORT/', '127.0.0.1:PORT'])('is where %s says', async (url) => {
    const port = String(await deadPort());
    const peer = url.includes('::1') ? '[::1]' : '127.0.0.1';
    expect((await visitor.get({ url: url.replace('PORT', port) })).why).toContain(`${peer}:${port}`);
  });
});

describe('a connection that breaks', () => {
  const header = 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n';

  it.each([
    ['closed before an answer', '', end, null, /^HOST closed the connection before it answered$/],
    ['reset before an answer', '', reset, null, /^HOST reset the connection before it answered$/],
    [
      'reset within the header',
      'HTTP/1.1 200 O',
      reset,
      null,
      /^HOST (reset|closed) the connection before it answered$/,
    ],
    [
      'closed within the body',
      `${header}12345`,
      end,
      '12345',
      /^HOST closed the connection after 5 of 100 bytes of the body$/,
    ],
    [
      'closed within the body, as it said',
      `${header.replace('\r\n', '\r\nConnection: close\r\n')}12345`,
      end,
      '12345',
      /^HOST closed the connection after 5 of 100 bytes of the body$/,
    ],
    [
      'reset within the body',
      `${header}12345`,
      reset,
      '12345',
      /^HOST reset the connection after 5 of 100 bytes of the body$/,
    ],
    [
      'reset where the end of the connection is that of the body',
      'HTTP/1.1 200 OK\r\n\r\n12345',
      reset,
      '12345',
      /^HOST reset the connection after 5 bytes of the body$/,
    ],
    [
      'closed within chunks',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n',
      end,
      '12345',
      /^HOST closed the connection after 5 bytes of the body$/,
    ],
  ])('%s', async (_, text, then, body, why) => {
    // A reset overtakes bytes that were sent before it, so it waits until those have arrived.
    let arrived = () => {};
    const server = await say(text, (socket) => {
      arrived = () => then(socket);
      if (body === null) arrived();
    });
    const visit = visitor.begin({ url: server.host }, () => {
      if (bodyOf(visit.outcome) !== '' && visit.outcome.result === null) arrived();
      return 1;
    });
    const { result, why: told, status } = await visit.ended;
    expect({ result, status, told }).toEqual({
      result: -1,
      status: body === null ? null : 200,
      told: expect.stringMatching(new RegExp(why.source.replace('HOST', server.host))),
    });
    expect(bodyOf(visit.outcome)).toBe(body ?? '');
  });

  it('while nobody reads it', async () => {
    const server = await say('HTTP/1.1 200 OK\r\n\r\n12345', (socket) => socket.once('data', reset.bind(null, socket)));
    const visit = visitor.begin({ url: server.host }, () => {
      if (visit.outcome.result !== null) return 1;
      // Another request to the same server is answered after the reset of this one; by then that has arrived here.
      server.sockets[0]?.resetAndDestroy();
      void visitor.get({ url: server.host }).then(() => visitor.client.resume(visit.id));
      return 0;
    });
    expect(await visit.ended).toMatchObject({ result: -1 });
  });
});

describe('an answer that is not HTTP', () => {
  it.each([
    ['not HTTP', 'SSH-2.0-OpenSSH_9.6\r\n', /is not valid HTTP: it does not begin with HTTP\/$/],
    ['a field without a colon', 'HTTP/1.1 200 OK\r\nA b\r\n\r\n', /is not valid HTTP: a line .* no name with a colon$/],
    ['a NUL in a value', 'HTTP/1.1 200 OK\r\nA: \0\r\n\r\n', /is not valid HTTP: /],
    ['a length that is none', 'HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n', /is not valid HTTP: /],
    ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab', /is not valid HTTP: /],
    [
      'an upgrade',
      'HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n',
      /is not valid HTTP: the status 101 changes to /,
    ],
    ['a header without an end', `HTTP/1.1 200 OK\r\n${'A: bbbbbbbbbbbbbbbb\r\n'.repeat(20_000)}`, /more than 256 KiB$/],
  ])('%s', async (_, text, why) => {
    const server = await say(text);
    expect(await visitor.get({ url: server.host })).toMatchObject({
      status: null,
      result: -1,
      why: expect.stringMatching(why),
    });
  });

  it.each([
    ['gzip', Buffer.from('no gzip'), 'the body is not valid gzip'],
    ['gzip', gzipSync('x'.repeat(1000)).subarray(0, 20), 'the body is not valid gzip'],
    ['deflate', Buffer.from('\xff\xff\xff', 'latin1'), 'the body is not valid deflate'],
    ['br', Buffer.from('no brotli'), 'the body is not valid br'],
    ['gzip, deflate', gzipSync('x'), 'the body is not valid deflate'],
    ['zstd', Buffer.from('x'), 'the body has the encoding "zstd", which cannot be decoded'],
    ['gzip,'.repeat(6), Buffer.from('x'), 'the body is encoded 6 times over'],
  ])('%s that is not', async (coding, body, why) => {
    const server = await serveHttp((_, res) => res.setHeader('content-encoding', coding).end(body));
    expect(await visitor.get({ url: server.host, encoding: 'gzip' })).toMatchObject({ result: -1, why });
  });
});

describe('a redirect that leads nowhere', () => {
  it.each([
    ['/', 0, 'redirected more than 5 times (maxredirects)', 6],
    ['/', 2, 'redirected more than 2 times (maxredirects)', 3],
    ['file:///etc/passwd', 0, 'HOST redirects to file://, and only http:// and https:// can be used', 1],
    ['http://[', 0, 'HOST redirects to an address that is not a URL', 1],
  ])('%s', async (location, maxredirects, why, requests) => {
    const server = await say(`HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`);
    const outcome = await visitor.get({ url: server.host, maxredirects });
    expect(outcome).toMatchObject({ status: null, result: -1, why: why.replace('HOST', server.host) });
    expect(server.requests).toHaveLength(requests);
  });
});

describe('another attempt', () => {
  it('is made when there was no answer, as often as the request asks for', async () => {
    const server = await serveRaw((_, socket, i) => (i < 2 ? socket.destroy() : socket.write(response('third'))));
    expect(bodyOf(await visitor.get({ url: server.host, retries: 2, post: Buffer.from('p') }))).toBe('third');
    expect(server.requests.map(({ body }) => body)).toEqual(['p', 'p', 'p']);
  });

  it('is not made unless the request asks for it, nor more often', async () => {
    const server = await serveTcp((socket) => socket.destroy());
    expect(await visitor.get({ url: server.host })).toMatchObject({ result: -1 });
    expect(server.sockets).toHaveLength(1);
    expect(await visitor.get({ url: server.host, retries: 1 })).toMatchObject({ result: -1 });
    expect(server.sockets).toHaveLength(3);
  });

  it('is not made when part of the answer was handed on', async () => {
    const server = await say('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n', end);
    expect(await visitor.get({ url: server.host, retries: 5 })).toMatchObject({ status: 200, result: -1 });
    expect(server.requests).toHaveLength(1);
  });

  it('is not made when it can only fail again', async () => {
    const server = await say('HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n');
    await visitor.get({ url: server.host, retries: 5, maxredirects: 1 });
    expect(server.requests).toHaveLength(2);
  });
});

describe('bytes behind the end of an encoded body', () => {
  const garbage = Buffer.from('garbage!');
  it.each([
    ['deflate', deflateSync('hello')],
    ['deflate', deflateRawSync('hello')],
    ['br', brotliCompressSync('hello')],
    ['deflate, gzip', gzipSync(Buffer.concat([deflateSync('hello'), garbage]))],
  ])('are left out (%s)', async (coding, body) => {
    const server = await serveHttp((_, res) => {
      res.setHeader('content-encoding', coding).end(coding.includes('gzip') ? body : Buffer.concat([body, garbage]));
    });
    expect(await visitor.get({ url: server.host, encoding: 'br' })).toMatchObject({ result: 0, bytes: 5 });
  });

  it('do not hold a connection when the rest of the body never comes', async () => {
    const server = await serveHttp((_, res) => {
      const body = Buffer.concat([brotliCompressSync('hello'), garbage]);
      res.writeHead(200, { 'content-encoding': 'br', 'content-length': body.length + 1000 }).write(body);
    });
    const outcomes = Array.from({ length: 65 }, () => visitor.get({ url: server.host, encoding: 'br' }));
    for (const outcome of await Promise.all(outcomes)) expect(outcome).toMatchObject({ result: 0, bytes: 5 });
  });
});
