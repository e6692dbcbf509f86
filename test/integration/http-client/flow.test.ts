import { randomBytes } from 'node:crypto';
import type { Writable } from 'node:stream';
import { createGzip, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { closeServers, type LocalServer, response, serveHttp, serveRaw } from './servers.js';
import { bodyOf, Visitor } from './visitor.js';

const MIB = 1024 * 1024;
const BLOCK = Buffer.alloc(64 * 1024, 'x');
afterEach(closeServers);

/** Writes for ever, as fast as it is read, and tells how much it could write; encoded where that is asked for. */
async function serveWithoutEnd(): Promise<LocalServer & { written: () => number }> {
  let written = 0;
  const pour = async (to: Writable) => {
    while (!to.destroyed) {
      written += BLOCK.length;
      if (!to.write(BLOCK)) await new Promise((resolve) => to.once('drain', resolve));
    }
  };
  const server = await serveHttp((req, res) => {
    if (req.headers['accept-encoding'] === undefined) {
      void pour(res);
      return;
    }
    // Encoding does not make this smaller.
    const gzip = createGzip({ level: 0 });
    gzip.pipe(res.setHeader('content-encoding', 'gzip'));
    void pour(gzip);
  });
  return { ...server, written: () => written };
}

/** Reads so much from a server without end, as another does beside it, and goes away. */
async function readBeside(server: LocalServer, bytes: number, encoding = ''): Promise<void> {
  const visitor = new Visitor();
  await new Promise<void>((enough) => {
    const visit = visitor.begin({ url: server.host, encoding }, () => {
      visit.outcome.chunks.length = 0;
      if (visit.outcome.bytes < bytes) return 1;
      enough();
      return -1;
    });
  });
}

/** What the kernel holds between two processes, and what both of them hold. */
const MOST_ON_THE_WAY = 24 * MIB;

describe('a response without end', () => {
  it.each([
    ['at its header', 0, ''],
    ['at its first part', 1, ''],
    ['at its header, decoded', 0, 'gzip'],
    ['at its first part, decoded', 1, 'gzip'],
  ])('is not read on while there is no room: %s', async (_, parts, encoding) => {
    const visitor = new Visitor();
    const server = await serveWithoutEnd();
    let full = () => {};
    const paused = new Promise<void>((resolve) => {
      full = resolve;
    });
    const visit = visitor.begin({ url: server.host, encoding }, () => {
      if (visit.outcome.chunks.length < parts) return 1;
      full();
      return 0;
    });
    await paused;
    await readBeside(await serveWithoutEnd(), 32 * MIB, encoding);
    expect(visit.outcome.chunks).toHaveLength(parts);
    expect(server.written()).toBeLessThan(MOST_ON_THE_WAY);

    // With room again it goes on.
    const more = new Promise<void>((resolve) => {
      visit.onEvent = () => {
        if (visit.outcome.bytes < 2 * MOST_ON_THE_WAY) return 1;
        resolve();
        return -1;
      };
    });
    visitor.client.resume(visit.id);
    await more;
    expect(visit.outcome.result).toBe(null);
  });

  it('is not decoded any further: a few bytes that become very many', async () => {
    const visitor = new Visitor();
    const bomb = gzipSync(Buffer.alloc(64 * MIB));
    const server = await serveHttp((_, res) => res.setHeader('content-encoding', 'gzip').end(bomb));
    let full = () => {};
    const paused = new Promise<void>((resolve) => {
      full = resolve;
    });
    const visit = visitor.begin({ url: server.host, encoding: 'gzip' }, () => {
      if (visit.outcome.chunks.length < 3) return 1;
      full();
      return 0;
    });
    await paused;
    await readBeside(await serveWithoutEnd(), 32 * MIB);
    expect(visit.outcome.chunks).toHaveLength(3);
    visit.onEvent = () => 1;
    visitor.client.resume(visit.id);
    expect(await visit.ended).toMatchObject({ bytes: 64 * MIB, result: 0, why: '' });
  });

  it.each(['cancelled', 'paused, then cancelled', 'refused by its reader'])('ends when it is %s', async (how) => {
    const visitor = new Visitor();
    const server = await serveWithoutEnd();
    let seen = () => {};
    const begun = new Promise<void>((resolve) => {
      seen = resolve;
    });
    const visit = visitor.begin({ url: server.host }, () => {
      seen();
      return how.startsWith('refused') ? -1 : how.startsWith('paused') ? 0 : 1;
    });
    await begun;
    const closed = server.sockets.map((socket) => new Promise((gone) => socket.once('close', gone)));
    if (!how.startsWith('refused')) visitor.client.cancel(visit.id);
    const { bytes } = visit.outcome;
    expect(closed).toHaveLength(1);
    await Promise.all(closed);
    expect(visit.outcome).toMatchObject({ result: null, bytes });
  });
});

describe('a response that the server has written completely', () => {
  it.each([
    ['with its length', '', (body: Buffer) => body],
    ['to the end of the connection', 'Connection: close', (body: Buffer) => body],
    ['decoded', 'Content-Encoding: gzip', gzipSync],
  ])('is whole, however late it is read: %s', async (_, header, encode) => {
    const visitor = new Visitor();
    const body = randomBytes(MIB);
    const other = await serveWithoutEnd();
    let leave = () => {};
    const gone = new Promise<void>((resolve) => {
      leave = resolve;
    });
    const server = await serveRaw((_, socket) => {
      const coded = encode(body);
      const length = header.startsWith('Connection') ? [] : [`Content-Length: ${coded.length}`];
      socket.write(`${['HTTP/1.1 200 OK', header || 'A: b', ...length].join('\r\n')}\r\n\r\n`);
      socket.end(coded, leave);
    });
    const visit = visitor.begin({ url: server.host, encoding: 'gzip' }, () => {
      if (visit.outcome.chunks.length !== 1 || visit.outcome.result !== null) return 1;
      void gone.then(() => readBeside(other, 16 * MIB)).then(() => visitor.client.resume(visit.id));
      return 0;
    });
    const outcome = await visit.ended;
    expect(outcome).toMatchObject({ result: 0, why: '', bytes: MIB });
    expect(Buffer.concat(outcome.chunks).equals(body)).toBe(true);
  });
});

describe('a small response', () => {
  const lengthOf = (body: string | Buffer) => `Content-Length: ${body.length}`;
  const zipped = gzipSync('all');

  it.each([
    ['its header', [lengthOf('')], '', ''],
    ['its only part', [lengthOf('all')], 'all', 'all'],
    ['its only part, decoded', [lengthOf(zipped), 'Content-Encoding: gzip'], zipped, 'all'],
    ['its only part, with a connection that closes', [lengthOf('all'), 'Connection: close'], 'all', 'all'],
    ['its header, with a connection that closes', ['A: b'], '', ''],
    ['its only part, which ends with the connection', ['A: b'], 'all', 'all'],
    ['its only part, of chunks', ['Transfer-Encoding: chunked'], '3\r\nall\r\n0\r\n\r\n', 'all'],
  ])('ends only when there is room after %s', async (_, header, sent, body) => {
    const visitor = new Visitor();
    const server = await serveRaw((_, socket) => {
      socket.write(`${['HTTP/1.1 200 OK', ...header].join('\r\n')}\r\n\r\n`);
      socket.end(sent);
    });
    const visit = visitor.begin({ url: server.host, encoding: 'gzip' }, () => {
      if (visit.outcome.result !== null || bodyOf(visit.outcome) !== body) return 1;
      // Another answer of the same server shows that this one has come whole.
      void new Visitor().get({ url: server.host }).then(() => {
        expect(visit.outcome.result).toBe(null);
        visitor.client.resume(visit.id);
      });
      return 0;
    });
    expect(await visit.ended).toMatchObject({ result: 0, why: '' });
  });
});

describe('parts that arrive together', () => {
  it('come one by one, each when there is room', async () => {
    const visitor = new Visitor();
    const body = '1\r\na\r\n1\r\nb\r\n1\r\nc\r\n0\r\n\r\n';
    const server = await serveRaw((_, socket) =>
      socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}`),
    );
    const visit = visitor.begin({ url: server.host }, () => {
      if (visit.outcome.result === null) setImmediate(() => visitor.client.resume(visit.id));
      return 0;
    });
    const { chunks, result } = await visit.ended;
    expect(chunks.map(String)).toEqual(['a', 'b', 'c']);
    expect(result).toBe(0);
    // Its connection is good for more.
    const again = visitor.begin({ url: server.host });
    await again.ended;
    expect(server.sockets).toHaveLength(1);
  });
});

describe('many requests', () => {
  it('1,000 at once are all answered, over 64 connections', async () => {
    const visitor = new Visitor();
    const server = await serveRaw((request, socket) => socket.write(response(request.lines[0]?.split(' ')[1] ?? '')));
    const outcomes = await Promise.all(
      Array.from({ length: 1000 }, (_, i) => visitor.get({ url: `${server.host}/${i}` })),
    );
    expect(outcomes.map(bodyOf)).toEqual(Array.from({ length: 1000 }, (_, i) => `/${i}`));
    expect(server.sockets).toHaveLength(64);
  });

  it('1,000 at once all fail, where nothing works', async () => {
    const visitor = new Visitor();
    const server = await serveRaw((_, socket) => socket.destroy());
    const outcomes = await Promise.all(Array.from({ length: 1000 }, () => visitor.get({ url: server.host })));
    expect(outcomes.every(({ result }) => result === -1)).toBe(true);
    expect(server.sockets).toHaveLength(1000);
  });

  it('wait for their turn, and cancelled ones leave the line', async () => {
    const visitor = new Visitor();
    let answer = () => {};
    const taken = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const server = await serveRaw((request, socket) => {
      if (server.requests.length === 64) answer();
      if (request.lines[0]?.includes('/late')) socket.write(response('late'));
    });
    const first = Array.from({ length: 64 }, () => visitor.begin({ url: server.host }));
    const waiting = Array.from({ length: 10 }, () => visitor.begin({ url: `${server.host}/never` }));
    const impatient = visitor.get({ url: `${server.host}/impatient`, total_timeout: 1 });
    const late = visitor.get({ url: `${server.host}/late` });
    await taken;
    expect(await impatient).toMatchObject({ result: -1, why: 'not finished within 1 s (total_timeout)' });
    for (const visit of [...waiting, first[5]]) visitor.client.cancel(visit?.id ?? 0);
    expect(bodyOf(await late)).toBe('late');
    expect(server.requests).toHaveLength(65);
  });

  it('all fail when the client is closed', async () => {
    const visitor = new Visitor();
    const server = await serveRaw(() => visitor.client.close());
    const outcomes = await Promise.all(Array.from({ length: 100 }, () => visitor.get({ url: server.host })));
    expect(outcomes.every(({ result, why }) => result === -1 && why === 'the host stops')).toBe(true);
  });
});
