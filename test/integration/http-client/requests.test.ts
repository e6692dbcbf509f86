import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { VERSION } from '../../../src/paths.js';
import { closeServers, response, serveHttp, serveRaw } from './servers.js';
import { bodyOf, Visitor } from './visitor.js';

const MIB = 1024 * 1024;
const visitor = new Visitor();
afterEach(closeServers);
const latin1 = (text: string) => Buffer.from(text).toString('latin1');

describe('a server receives', () => {
  it('a plain GET', async () => {
    const server = await serveRaw((_, socket) => socket.write(response('hello', 'Content-Type: text/plain')));
    const outcome = await visitor.get({ url: `http://${server.host}/a/b?c=d&e#f` });
    expect(server.requests.map(({ text }) => text)).toEqual([
      `GET /a/b?c=d&e HTTP/1.1\r\nhost: ${server.host}\r\nconnection: keep-alive\r\nUser-Agent: mesibo-modules/${VERSION}\r\n\r\n`,
    ]);
    expect(outcome).toMatchObject({ status: 200, type: 'text/plain', progress: [99], result: 0, why: '' });
    expect(bodyOf(outcome)).toBe('hello');
  });

  it('every option', async () => {
    const server = await serveRaw((_, socket) => socket.write(response('')));
    await visitor.get({
      url: `user%40x:p%3Aw:d@${server.host}/${latin1('ä')}`,
      post: Buffer.from('a=1&b=\0\xff', 'latin1'),
      content_type: 'application/json',
      extra_header: 'X-One: 1\r\n\n  X-Two :  2  \nX-One: again\nx-bytes: \xff\xfe\n',
      user_agent: 'agent/1',
      referrer: 'http://from/',
      origin: 'http://origin',
      cookie: 'a=b; c=d',
      encoding: 'gzip',
      cache_control: 'no-cache',
      accept: 'text/*',
      etag: '"tag"',
      ims: 784111777,
    });
    expect(server.requests[0]?.text).toBe(
      [
        'POST /%C3%A4 HTTP/1.1',
        `host: ${server.host}`,
        'connection: keep-alive',
        'User-Agent: agent/1',
        'Accept: text/*',
        'Accept-Encoding: gzip',
        'Cache-Control: no-cache',
        'Cookie: a=b; c=d',
        'If-None-Match: "tag"',
        'Origin: http://origin',
        'Referer: http://from/',
        'If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT',
        `Authorization: Basic ${Buffer.from('user@x:p:w:d').toString('base64')}`,
        'Content-Type: application/json',
        'X-One: 1',
        'X-Two: 2',
        'X-One: again',
        'x-bytes: \xff\xfe',
        'content-length: 8',
        '',
        'a=1&b=\0\xff',
      ].join('\r\n'),
    );
  });

  it('a POST without a body, and lines that replace ours', async () => {
    const server = await serveRaw((_, socket) => socket.write(response('')));
    await visitor.get({
      url: `u:p@${server.host}`,
      post: Buffer.alloc(0),
      extra_header: 'hOST: elsewhere\nuser-agent: mine\nCONTENT-TYPE: text/x\nAuthorization: Bearer t\n',
    });
    expect(server.requests[0]?.lines).toEqual([
      'POST / HTTP/1.1',
      'host: elsewhere',
      'connection: keep-alive',
      'user-agent: mine',
      'CONTENT-TYPE: text/x',
      'Authorization: Bearer t',
      'content-length: 0',
    ]);
  });

  it('requests over one connection, when it keeps that open', async () => {
    const server = await serveRaw((_, socket) => socket.write(response('x')));
    for (let i = 0; i < 5; i++) expect(await visitor.get({ url: server.host })).toMatchObject({ result: 0 });
    expect(server.requests).toHaveLength(5);
    expect(server.sockets).toHaveLength(1);
  });

  it('each request over a new connection, when it closes each', async () => {
    const server = await serveRaw((_, socket) => socket.end(response('x', 'Connection: close')));
    for (let i = 0; i < 5; i++) expect(await visitor.get({ url: server.host })).toMatchObject({ result: 0 });
    expect(server.sockets).toHaveLength(5);
  });
});

describe('a body', () => {
  it('is handed on as it arrives', async () => {
    let next = () => {};
    const server = await serveHttp((_, res) => {
      let sent = 0;
      res.writeHead(200, { 'content-length': 300 });
      next = () => res.write('x'.repeat(100), () => (++sent === 3 ? res.end() : undefined));
      next();
    });
    const visit = visitor.begin({ url: server.host }, () => {
      // The next part is sent only when this one has come.
      if (visit.outcome.chunks.length > 0 && visit.outcome.result === null) next();
      return 1;
    });
    const outcome = await visit.ended;
    expect(outcome.progress).toEqual([33, 66, 99]);
    expect(outcome.result).toBe(0);
  });

  it('of 10 MB comes whole', async () => {
    const body = Buffer.alloc(10_000_000, 'abcdefg');
    const server = await serveHttp((_, res) => res.end(body));
    const outcome = await visitor.get({ url: server.host });
    const sum = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');
    expect(sum(Buffer.concat(outcome.chunks))).toBe(sum(body));
    expect(outcome.progress.every((now, i) => now >= (outcome.progress[i - 1] ?? 1) && now <= 99)).toBe(true);
  });

  it.each([
    [200, { 'content-length': '0' }],
    [204, {}],
    [304, { etag: '"x"' }],
  ])('may be empty: %i', async (status, headers) => {
    const server = await serveHttp((_, res) => res.writeHead(status, headers).end());
    const outcome = await visitor.get({ url: server.host, encoding: 'gzip' });
    expect(outcome).toMatchObject({ status, type: '', chunks: [], result: 0, why: '' });
  });

  it.each([404, 500])('of an error status is handed on as well: %i', async (status) => {
    const server = await serveHttp((_, res) => res.writeHead(status).end('sorry'));
    const outcome = await visitor.get({ url: server.host });
    expect(outcome).toMatchObject({ status, progress: [1], result: 0 });
    expect(bodyOf(outcome)).toBe('sorry');
  });

  it('may end with the connection, when nothing says how long it is', async () => {
    const server = await serveRaw((_, socket) => socket.end('HTTP/1.1 200 OK\r\n\r\nto the end'));
    const outcome = await visitor.get({ url: server.host });
    expect([bodyOf(outcome), outcome.result]).toEqual(['to the end', 0]);
  });
});

describe('an encoded body', () => {
  const text = 'äöü, many times over. '.repeat(20_000);
  const encoders: Record<string, (body: Buffer) => Buffer> = {
    gzip: gzipSync,
    'x-gzip': gzipSync,
    deflate: deflateSync,
    br: brotliCompressSync,
    'deflate, gzip': (body) => gzipSync(deflateRawSync(body)),
    'br, identity, deflate': (body) => deflateSync(brotliCompressSync(body)),
  };

  it.each([...Object.entries(encoders), ['Deflate', deflateRawSync] as const])(
    'is decoded: %s',
    async (coding, encode) => {
      const server = await serveHttp((_, res) => {
        const body = encode(Buffer.from(text));
        res.writeHead(200, { 'content-encoding': coding, 'content-length': body.length });
        // Byte by byte at first, as networks may.
        for (let i = 0; i < 10; i++) res.write(body.subarray(i, i + 1));
        res.end(body.subarray(10));
      });
      const outcome = await visitor.get({ url: server.host, encoding: 'gzip, deflate, br' });
      expect(outcome.result).toBe(0);
      expect(bodyOf(outcome)).toBe(text);
      expect(outcome.progress.every((now) => now === 1)).toBe(true);
    },
  );

  it('stays as it is when the module did not ask for one', async () => {
    const server = await serveHttp((_, res) => res.setHeader('content-encoding', 'gzip').end(gzipSync('x')));
    const outcome = await visitor.get({ url: server.host, extra_header: 'Accept-Encoding: gzip' });
    expect(Buffer.concat(outcome.chunks)).toEqual(gzipSync('x'));
  });
});

describe('a redirect', () => {
  it('is followed, as a GET where browsers do so', async () => {
    const server = await serveRaw((request, socket, i) => {
      const to = ['/b', 'c?d#e', '//HOST/f'.replace('HOST', server.host)][i];
      const status = [307, 302][i] ?? 301;
      const body = 'see there';
      const header = `Location: ${to}\r\nContent-Length: ${body.length}`;
      socket.write(to ? `HTTP/1.1 ${status} Moved\r\n${header}\r\n\r\n${body}` : response(`at ${request.lines[0]}`));
    });
    const outcome = await visitor.get({ url: `${server.host}/x/a`, post: Buffer.from('body'), cookie: 'c=1' });
    expect(server.requests.map(({ lines, body }) => [lines[0], body])).toEqual([
      ['POST /x/a HTTP/1.1', 'body'],
      ['POST /b HTTP/1.1', 'body'],
      ['GET /c?d HTTP/1.1', ''],
      ['GET /f HTTP/1.1', ''],
    ]);
    expect(server.requests[2]?.text).not.toMatch(/content-/i);
    expect(server.requests[3]?.text).toContain('Cookie: c=1');
    expect(bodyOf(outcome)).toBe('at GET /f HTTP/1.1');
    // The rest of an unwanted body was read to its end, so its connection can be used again.
    expect(server.sockets).toHaveLength(2);
  });

  it('to another server carries no secrets', async () => {
    const other = await serveRaw((_, socket) => socket.write(response('')));
    const server = await serveRaw((_, socket) =>
      socket.write(`HTTP/1.1 308 Moved\r\nLocation: http://${other.host}/\r\nContent-Length: 0\r\n\r\n`),
    );
    const extra_header = 'X-Plain: 1\nHost: named';
    await visitor.get({ url: `u:p@${server.host}`, cookie: 'c=1', extra_header });
    await visitor.get({ url: server.host, extra_header: `${extra_header}\nauthorization: Bearer t\nCOOKIE: d` });
    for (const { lines } of other.requests) {
      expect(lines.slice(1)).toEqual([
        `host: ${other.host}`,
        'connection: keep-alive',
        `User-Agent: mesibo-modules/${VERSION}`,
        'X-Plain: 1',
      ]);
    }
    expect(other.requests).toHaveLength(2);
  });

  it('without a location counts as the answer', async () => {
    const server = await serveHttp((_, res) => res.writeHead(302).end('nowhere'));
    expect(await visitor.get({ url: server.host })).toMatchObject({ status: 302, result: 0 });
  });

  it.each([
    ['and never comes', (res: ServerResponse) => res.flushHeaders()],
    [
      'and never ends',
      (res: ServerResponse) => res.on('drain', () => res.write(Buffer.alloc(MIB))).write(Buffer.alloc(MIB)),
    ],
  ])('whose own body is announced %s is followed, and its connection closed', async (_, answer) => {
    let close = (_: number) => {};
    const closed = new Promise<number>((resolve) => {
      close = resolve;
    });
    const server = await serveHttp((req, res) => {
      const { socket } = req;
      if (req.url !== '/') {
        res.end('there');
        return;
      }
      res.on('close', () => close(socket.bytesWritten)).writeHead(302, { location: '/there' });
      answer(res);
    });
    expect(bodyOf(await visitor.get({ url: server.host }))).toBe('there');
    // What the kernel holds in between, and little more.
    expect(await closed).toBeLessThan(16 * MIB);
  });
});

it.each([204, 304])('a %i has no body, whatever its header announces', async (status) => {
  const server = await serveRaw((_, socket) => {
    socket.write(`HTTP/1.1 ${status} No body\r\nContent-Length: 55\r\nETag: "x"\r\n\r\n`);
  });
  expect(await new Visitor().get({ url: server.host })).toMatchObject({ status, result: 0, bytes: 0 });
});
