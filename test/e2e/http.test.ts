import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import type { ModuleOptions } from 'mesibo-modules';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { hasOpenssl, makeCertificate } from '../helpers/certificate.js';
import { type Asked, type RestServer, startRestServer } from '../helpers/rest-server.js';
import { fixtureModule, makeTempDir, patientConfig, startCore, type TestCore } from './core.js';

let core: TestCore;
let server: RestServer | undefined;
afterEach(async () => {
  await core.close();
  await server?.close();
  server = undefined;
});

type Abi = 'table' | '2019' | '2020';
type Answer = Parameters<typeof startRestServer>[0];
const ABIS: Abi[] = ['table', '2019', '2020'];

async function start(abi: Abi, answer: Answer, options: Partial<ModuleOptions> = {}): Promise<string> {
  server = await startRestServer(answer);
  core = await startCore([fixtureModule(`asks-${abi}`, { logRate: null, ...options })]);
  return server.url;
}

function lines(): string[] {
  return core.lines(core.supervisor.status().modules[0]?.name ?? '');
}

/** Hands the module a message that says what to ask for. */
async function ask(settings: Record<string, string | number>): Promise<void> {
  const text = Object.entries(settings).map(([key, value]) => `${key}=${value}`);
  expect((await core.send(text.join('\n'), { id: 7, from: 'a', to: 'b' })).trace).toMatchObject([{ default: null }]);
}

/** How many requests have come to their end. */
const ended = () => lines().filter((line) => line.endsWith('in all')).length;

async function askAndWait(settings: Record<string, string | number>, count = 1): Promise<string[]> {
  const [before, endedBefore] = [lines().length, ended()];
  await ask(settings);
  await core.until(() => ended() >= endedBefore + count);
  return lines().slice(before);
}

/** The callbacks of one response, without the progress of its chunks. */
function callbacks(abi: Abi, status: string, chunks: string[], result: 'done' | 'failed'): string[] {
  const data = chunks.map((chunk) => `data(3,1,${chunk})`);
  if (abi === '2020') return [status, ...data, ...(result === 'done' ? ['data(3,100,)', 'close(0)'] : ['close(-1)'])];
  return [...data, result === 'done' ? 'data(3,100,)' : 'data(3,-1,)'];
}

const withoutReturn = (all: string[]) => all.filter((line) => !line.startsWith('returned') && !line.endsWith('in all'));

describe.each(ABIS)('a module of %s', (abi) => {
  it('is called back for each chunk as it comes, then once for the end', async () => {
    let goOn = () => {};
    const url = await start(abi, (_, response) => {
      response.writeHead(404, { 'content-type': 'text/plain' });
      response.write('one');
      goOn = () => void response.end('two');
    });
    await ask({ url: `${url}/path` });
    await core.until(() => lines().includes('data(3,1,one)'));
    expect(ended()).toBe(0);
    goOn();
    await core.until(() => ended() === 1);
    expect(withoutReturn(lines())).toEqual(callbacks(abi, 'status(404,text/plain)', ['one', 'two'], 'done'));
  });

  it('gets an empty body, a percentage, and the answer to a form', async () => {
    const url = await start(abi, ({ method }, response) => {
      if (method === 'GET') response.writeHead(204).end();
      else response.writeHead(200, { 'content-length': 5 }).end('hello');
    });
    expect(withoutReturn(await askAndWait({ url }))).toEqual(callbacks(abi, 'status(204,)', [], 'done'));
    const posted = await askAndWait({ url, post: 'op=userdel&token=1' });
    expect(posted).toContain('data(3,99,hello)');
    expect(server?.asked.at(-1)).toMatchObject({
      method: 'POST',
      body: 'op=userdel&token=1',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    });
  });

  it('hears of a failure once', async () => {
    const url = await start(abi, ({ path }, response) => {
      if (path === '/middle') response.write('half', () => response.destroy());
      else if (path === '/begin') response.destroy();
      // Never answers otherwise.
    });
    const closed = createServer().listen(0, '127.0.0.1');
    await once(closed, 'listening');
    const { port } = closed.address() as { port: number };
    closed.close();
    await once(closed, 'close');
    const failed = (all: string[]) => withoutReturn(all).filter((line) => !line.startsWith('http: '));
    expect(failed(await askAndWait({ url: `${url}/middle` }))).toEqual(
      callbacks(abi, 'status(200,)', ['half'], 'failed'),
    );
    const nothing = callbacks(abi, '', [], 'failed').filter((line) => line !== '');
    for (const settings of [
      { url: `${url}/begin` },
      { url: `127.0.0.1:${port}` },
      { url: 'http://no-such-name.invalid/' },
      { url: `${url}/never`, total_timeout: 1 },
      { url, extra_header: 'no colon' },
      ...(abi === '2020' ? [] : [{ url, proxy: `127.0.0.1:${port}` }]),
    ]) {
      expect(failed(await askAndWait(settings))).toEqual(nothing);
    }
    expect(lines().filter((line) => line.startsWith('http: GET http'))).not.toEqual([]);
    expect(lines().join('\n')).toMatch(new RegExp(`http: GET 127.0.0.1:${port} failed: connection refused`));
    expect(core.module(`asks_${abi}`).crashes.total).toBe(0);
  });

  it('has every option reach the server', async () => {
    const url = await start(abi, ({ path }, response) => {
      if (path === '/moved') response.writeHead(302, { location: '/here' }).end();
      else response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('unpacked'));
    });
    const told = await askAndWait({
      url: `${url.replace('http://', 'user:pass%20word@')}/moved`,
      content_type: 'text/x-own',
      extra_header: 'X-One: 1|X-Two: 2',
      user_agent: 'agent/1',
      referrer: 'http://from/',
      origin: 'http://origin',
      cookie: 'a=b',
      encoding: 'gzip',
      cache_control: 'no-cache',
      accept: 'text/x-any',
      etag: '"tag"',
      ims: 86400,
    });
    expect(told.join()).toContain('unpacked');
    const asked = server?.asked as Asked[];
    expect(asked.map(({ path }) => path)).toEqual(['/moved', '/here']);
    expect(asked[1]?.headers).toMatchObject({
      authorization: `Basic ${Buffer.from('user:pass word').toString('base64')}`,
      'x-one': '1',
      'x-two': '2',
      'user-agent': 'agent/1',
      referer: 'http://from/',
      origin: 'http://origin',
      cookie: 'a=b',
      'accept-encoding': 'gzip',
      'cache-control': 'no-cache',
      accept: 'text/x-any',
      'if-none-match': '"tag"',
      'if-modified-since': 'Fri, 02 Jan 1970 00:00:00 GMT',
    });
  });

  it('may end a response that never ends', async () => {
    let closed = () => {};
    const wasClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const url = await start(abi, (_, response) => {
      response.on('close', closed);
      const write = () => {
        while (response.write(Buffer.alloc(64 * 1024)));
      };
      response.on('drain', write);
      write();
    });
    const told = await askAndWait({ url, stop: 3_000_000 });
    await wasClosed;
    expect(told).toContain('that is enough');
    expect(told.join()).not.toMatch(/close|,100,|,-1,/);
  });

  it('gets a body of 10 MB whole', async () => {
    const url = await start(abi, (_, response) => response.end(Buffer.alloc(10_000_000, 'x')));
    expect(await askAndWait({ url })).toContain('10000000 bytes in all');
  });

  it('may ask 1,000 times in one message, on a thread, and in a callback', async () => {
    const url = await start(abi, (_, response) => response.end('ok'));
    await askAndWait({ url, times: 1000 }, 1000);
    await askAndWait({ url, times: 10, thread: 1 }, 10);
    const told = await askAndWait({ url, again: url }, 2);
    expect(told).toContain('asked again: 0');
    expect(server?.asked).toHaveLength(1012);
    expect(lines().filter((line) => line.startsWith('data(3,100,'))).toHaveLength(1012);
  });

  it('may leave out any callback, and gets the reason when nothing was asked', async () => {
    const url = await start(abi, (_, response) => response.end('ok'));
    await ask({ url, callbacks: '' });
    if (abi === '2020') {
      expect(withoutReturn(await askAndWait({ url, callbacks: 'd' }))).toEqual(['data(3,99,ok)', 'data(3,100,)']);
      expect(withoutReturn(await askAndWait({ url, callbacks: 'c' }))).toEqual(['close(0)']);
    }
    await ask({ post: 'no url' });
    expect(lines()).toContain('returned, 1 refused');
    expect(lines().join('\n')).toMatch(/refused: the URL is NULL/);
    await server?.reached(abi === '2020' ? 3 : 1);
  });

  it('hears the end of open requests at a stop before its cleanup, whatever its threads do', async () => {
    const url = await start(abi, () => {});
    await ask({ url, times: 3, forever: 1, again: url });
    await core.supervisor.stop();
    const told = withoutReturn(lines());
    const end = abi === '2020' ? 'close(-1)' : 'data(3,-1,)';
    expect(told.filter((line) => line === end)).toHaveLength(3);
    expect(told.filter((line) => line === 'asked again: -1')).toHaveLength(3);
    expect(told.at(-1)).toBe('cleanup');
  });
});

describe('a module whose init refused', () => {
  it('is not called back', async () => {
    const file = join(makeTempDir(), 'answered');
    server = await startRestServer((_, response) => {
      response.end('ok');
      response.on('close', () => writeFileSync(file, ''));
    });
    core = await startCore([fixtureModule('asks-then-refuses', { config: { url: server.url, file } })]);
    expect(core.report.refused).toHaveLength(1);
    await core.supervisor.stop();
    expect(core.lines('asks_then_refuses')).toEqual([]);
  });
});

describe.skipIf(!hasOpenssl)('an https server', () => {
  it('is trusted when the core was given its certificates', async () => {
    const { file, ...own } = makeCertificate();
    const https = createHttpsServer(own, (_, response) => void response.end('hello')).listen(0, '127.0.0.1');
    await once(https, 'listening');
    vi.stubEnv('NODE_EXTRA_CA_CERTS', file);
    onTestFinished(() => {
      vi.unstubAllEnvs();
      https.closeAllConnections();
      https.close();
    });
    core = await startCore([fixtureModule('asks-2020')]);
    const told = await askAndWait({ url: `https://127.0.0.1:${(https.address() as AddressInfo).port}/` });
    expect(told).toContain('data(3,100,)');
    vi.unstubAllEnvs();
    await core.close();
    core = await startCore([fixtureModule('asks-2020')]);
    await askAndWait({ url: `https://127.0.0.1:${(https.address() as AddressInfo).port}/` });
    expect(lines().filter((line) => /certificate/.test(line))).toHaveLength(1);
    expect(lines()).toContain('close(-1)');
  });
});

describe('a reload', () => {
  it('ends open requests with a failure, before the cleanup of the old process', async () => {
    server = await startRestServer(() => undefined);
    const module = (work: string): ModuleOptions => fixtureModule('asks-2019', { config: { work } });
    core = await startCore([module('1')]);
    await ask({ url: server.url, times: 3 });
    await server.reached(3);
    expect(await core.supervisor.reload(patientConfig({ modules: [module('2')] }))).toMatchObject({
      replaced: ['asks_2019'],
    });
    await core.until(() => lines().includes('cleanup'));
    expect(lines().filter((line) => line === 'data(3,-1,)')).toHaveLength(3);
    expect(lines().at(-1)).toBe('cleanup');
  });
});

describe('a stop', () => {
  it('ends a response that never ends and comes faster than the module takes it', async () => {
    const url = await start('2020', (_, response) => {
      const write = () => {
        while (response.write(Buffer.alloc(64 * 1024)));
      };
      response.on('drain', write);
      write();
    });
    await ask({ url, slow: 5000 });
    await core.until(() => lines().filter((line) => line.startsWith('data(3,1,')).length > 20);
    await core.supervisor.stop();
    expect(
      lines()
        .filter((line) => !line.endsWith('in all'))
        .slice(-2),
    ).toEqual(['close(-1)', 'cleanup']);
  });
});

describe('a synchronous request', () => {
  it('is over when the call returns, on any thread, while other requests go on', async () => {
    let free = () => {};
    const url = await start('2019', ({ path }, response) => {
      if (path === '/first') free = () => void response.end('first');
      else {
        // The main thread of the host is blocked by this one, and yet the other has come.
        response.end('second');
        free();
      }
    });
    await ask({ url: `${url}/first` });
    await server?.reached(1);
    const told = await askAndWait({ url: `${url}/second`, synchronous: 1 }, 2);
    expect(told.slice(0, 4)).toEqual(['data(3,99,second)', 'data(3,100,)', '6 bytes in all', 'returned, 0 refused']);
    const onThread = await askAndWait({ url: `${url}/second`, synchronous: 1, thread: 1 });
    expect(onThread.slice(-1)).toEqual(['returned, 0 refused']);
    const failing = await askAndWait({ url: 'http://127.0.0.1:1/', synchronous: 1 });
    expect(failing.slice(-3)).toEqual(['data(3,-1,)', '0 bytes in all', 'returned, 0 refused']);
  });

  it('works in init, and an asynchronous one asked there is answered after it', async () => {
    server = await startRestServer((_, response) => void response.end('hello'));
    const options = (synchronous: number) => ({
      config: { at_init: `url=${server?.url}\nsynchronous=${synchronous}` },
    });
    core = await startCore([fixtureModule('asks-2019', options(1)), fixtureModule('asks-2020', options(0))]);
    expect(core.report.refused).toEqual([]);
    expect(core.lines('asks_2019').slice(0, 2)).toEqual(['data(3,99,hello)', 'data(3,100,)']);
    await core.until(() => core.lines('asks_2020').includes('close(0)'));
  });

  it('is answered even when the file of the module does not import the function', async () => {
    server = await startRestServer((_, response) => void response.end('hello'));
    core = await startCore([fixtureModule('asks-by-name-2019', { abi: 'exports-2019' })]);
    const told = await askAndWait({ url: server.url, synchronous: 1 });
    expect(told.slice(0, 2)).toEqual(['data(3,99,hello)', 'data(3,100,)']);
  });
});
