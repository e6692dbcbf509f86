/** Answers as servers write them by hand: those that curl takes and that are safe are taken; the others are refused with the reason. */

import { execFile, spawnSync } from 'node:child_process';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { closeServers, serveRaw, serveTcp, serveTunnels } from './servers.js';
import { bodyOf, Visitor } from './visitor.js';

const visitor = new Visitor();
afterEach(closeServers);

const hasCurl = spawnSync('curl', ['--version']).error === undefined;
const GZIP = gzipSync('hello').toString('latin1');
const OK = 'HTTP/1.1 200 OK\r\n';
const FIVE = 'Content-Length: 5\r\n\r\nhello';
const chunked = (body: string) => `${OK}Transfer-Encoding: chunked\r\n\r\n${body}`;

/** Each is "hello" to curl, and to a module. */
const TAKEN: Record<string, string> = {
  'lines that end with LF alone': 'HTTP/1.1 200 OK\nContent-Type: a/b\nContent-Length: 5\n\nhello',
  'lines of which some end with LF alone': 'HTTP/1.1 200 OK\r\nContent-Length: 5\n\r\nhello',
  'a field of 20 KB': `${OK}Set-Cookie: ${'x'.repeat(20_000)}\r\n${FIVE}`,
  'a header of 90 KB': `${OK}${`Set-Cookie: ${'x'.repeat(60)}\r\n`.repeat(1200)}${FIVE}`,
  'fields over several lines': `${OK}X-A: b\r\n c\r\nContent-Type: a/b;\r\n\tcharset=utf-8\r\n${FIVE}`,
  'the same length twice': `${OK}Content-Length: 5\r\n${FIVE}`,
  'the same length twice in one field': `${OK}Content-Length: 5, 5\r\n\r\nhello`,
  'spaces around a length': `${OK}Content-Length: \t 5 \r\n\r\nhello`,
  'no reason': `HTTP/1.1 200\r\n${FIVE}`,
  'a status line in lower case': `http/1.1 200 ok\r\n${FIVE.toLowerCase()}`,
  'a status line with two spaces': `HTTP/1.1  200  OK\r\n${FIVE}`,
  'a reason that is no ASCII': `HTTP/1.1 200 \xe4\r\nX: \xe4\r\n${FIVE}`,
  'HTTP/1.0 without a length': 'HTTP/1.0 200 OK\r\n\r\nhello',
  'HTTP/1.0 that keeps the connection': `HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n${FIVE}`,
  'no header at all': `${OK}\r\nhello`,
  'a name with a space': `${OK}X Y: a\r\n${FIVE}`,
  'a space before a colon': `${OK}X : a\r\n${FIVE}`,
  'no name': `${OK}: a\r\n${FIVE}`,
  'control characters in a value': `${OK}X: a\x01\x1bb\r\n${FIVE}`,
  'a status 999': `HTTP/1.1 999 Denied\r\n${FIVE}`,
  '100 that nobody asked for': `HTTP/1.1 100 Continue\r\n\r\n${OK}${FIVE}`,
  '103 in lines that end with LF': `HTTP/1.1 103 Early Hints\nLink: </x>\n\n${OK}${FIVE}`,
  'twenty times 103': `${'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(20)}${OK}${FIVE}`,
  'an upgrade that is offered': `${OK}Upgrade: h2\r\nConnection: upgrade\r\n${FIVE}`,
  'chunks with extensions and a trailer': chunked('05;a=b\r\nhello\r\n0\r\nX: y\r\n\r\n'),
  'chunked twice over, in words': `${OK}Transfer-Encoding: chunked\r\n${chunked('5\r\nhello\r\n0\r\n\r\n').slice(OK.length)}`,
  'the transfer coding identity': `${OK}Transfer-Encoding: identity\r\n${FIVE}`,
  'more than the length': `${OK}${FIVE} world`,
  'gzip in capitals': `${OK}Content-Encoding: GZIP\r\n\r\n${GZIP}`,
  'x-gzip': `${OK}Content-Encoding: x-gzip\r\n\r\n${GZIP}`,
  'gzip in a list with nothing else': `${OK}Content-Encoding: , gzip ,\r\n\r\n${GZIP}`,
  'the coding none': `${OK}Content-Encoding: none\r\n${FIVE}`,
  'the coding identity': `${OK}Content-Encoding: identity\r\n${FIVE}`,
  'an empty coding': `${OK}Content-Encoding:\r\n${FIVE}`,
};

/** Answers that we refuse, also those that curl takes: docs/module-api.md lists them. */
const REFUSED: Record<string, [text: string, why: string]> = {
  'two lengths that differ': [
    `${OK}Content-Length: 4\r\n${FIVE}`,
    'is not valid HTTP: Content-Length is there with different values',
  ],
  'a length with a sign': [`${OK}Content-Length: +5\r\n\r\nhello`, 'Content-Length is not a number'],
  'a length with a unit': [`${OK}Content-Length: 5 bytes\r\n\r\nhello`, 'Content-Length is not a number'],
  'an empty length': [`${OK}Content-Length:\r\n\r\nhello`, 'Content-Length is not a number'],
  'a length and chunks': [
    `${OK}Content-Length: 5\r\n${chunked('5\r\nhello\r\n0\r\n\r\n').slice(OK.length)}`,
    'Content-Length and Transfer-Encoding contradict each other',
  ],
  'a length with a space before its colon': [
    `${OK}Content-Length : 5\r\n\r\nhello`,
    'there is a space between Content-Length and its colon',
  ],
  'gzip as a transfer coding': [
    `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`,
    'Transfer-Encoding is "gzip", and only chunked is possible',
  ],
  'chunks inside chunks': [
    `${OK}Transfer-Encoding: chunked, Chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
    'Transfer-Encoding says chunked twice, and the body can be in chunks only once',
  ],
  'a CR without LF': [`${OK}X: a\rContent-Length: 3\r\n${FIVE}`, 'the header has a CR without LF, or a NUL'],
  'a NUL': [`${OK}X: a\0b\r\n${FIVE}`, 'the header has a CR without LF, or a NUL'],
  'HTTP/2 in words': [`HTTP/2 200\r\n${FIVE}`, 'the status line is not like "HTTP/1.1 200 OK"'],
  'a status 099': [`HTTP/1.1 099 No\r\n${FIVE}`, 'the status line is not like "HTTP/1.1 200 OK"'],
  'another protocol': [`ICY 200 OK\r\n${FIVE}`, 'it does not begin with HTTP/'],
  'another protocol after empty lines': ['\r\n\nhello', 'it does not begin with HTTP/'],
  'a header that goes on for ever': [OK + `X: ${'x'.repeat(1000)}\r\n`.repeat(400), 'the header has more than 256 KiB'],
  'a body over lines that end with LF alone': [chunked('5\nhello\n0\n\n'), 'Missing expected CR after chunk size'],
};

const serve = (text: string) => serveRaw((_, socket) => socket.end(text, 'latin1'));

function curl(url: string): Promise<string> {
  const args = ['--silent', '--http1.1', '--max-time', '60', '--compressed', url];
  return new Promise((resolve) => execFile('curl', args, { encoding: 'latin1' }, (_, stdout) => resolve(stdout)));
}

describe('an answer is taken with', () => {
  it.each(Object.entries(TAKEN))('%s', async (_, text) => {
    const { host } = await serve(text);
    const outcome = await visitor.get({ url: host, encoding: 'gzip' });
    expect({ body: bodyOf(outcome), why: outcome.why }).toEqual({ body: 'hello', why: '' });
    if (hasCurl) expect(await curl(`http://${host}/`)).toBe('hello');
  });

  it('any of these, in pieces of one byte', async () => {
    for (const text of Object.values(TAKEN).filter(({ length }) => length < 1000)) {
      const server = await serveRaw((_, socket) => {
        socket.setNoDelay();
        let at = 0;
        const next = () => {
          if (at < text.length) socket.write(text[at++] as string, 'latin1', () => setImmediate(next));
          else socket.end();
        };
        next();
      });
      expect(bodyOf(await visitor.get({ url: server.host, encoding: 'gzip' }))).toBe('hello');
    }
  });

  it('any of these, one after the other on one connection', async () => {
    const texts = Object.values(TAKEN).filter((text) =>
      /^(?!.*more|http\/1\.0).*\r\n(?:Content-Length: 5|5\r\n)/is.test(text),
    );
    const kept = texts.filter((text) => !/world|Content-Encoding|HTTP\/1\.0|http\/1\.1 200 ok/.test(text));
    const server = await serveRaw((_, socket, index) => socket.write(kept[index] as string, 'latin1'));
    for (const _ of kept) expect(bodyOf(await visitor.get({ url: server.host }))).toBe('hello');
    expect(kept.length).toBeGreaterThan(15);
    expect(server.sockets.length).toBe(1);
  });
});

describe('an answer is refused, with the reason, for', () => {
  it.each(Object.entries(REFUSED))('%s', async (_, [text, why]) => {
    const { host } = await serve(text);
    const outcome = await visitor.get({ url: host });
    expect(outcome).toMatchObject({ result: -1, why: expect.stringContaining(why) });
    expect(bodyOf(outcome)).toBe('');
  });
});

it('a redirect that is written by hand is followed', async () => {
  const { host } = await serve(`HTTP/1.1 200 OK\n${FIVE.replaceAll('\r', '')}`);
  const first = await serve(`HTTP/1.1 302 Found\nLocation:\n http://${host}/\nContent-Length: 0\n\n`);
  expect(bodyOf(await visitor.get({ url: first.host }))).toBe('hello');
});

it('a tunnel whose proxy answers by hand is taken', async () => {
  const cookie = `X: ${'x'.repeat(30_000)}`;
  const silent = await serveTcp((socket) => socket.once('data', () => socket.end()));
  const { host } = await serveTunnels(silent.port, `HTTP/1.0 200 Go\n${cookie}\n\n`);
  const { why } = await visitor.get({ url: 'https://some.invalid/', proxy: host });
  expect(why).toBe('some.invalid ended the connection during the TLS handshake');
});
