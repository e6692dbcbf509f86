/** The webhook with real servers, and what happens to the messages of modules. */

import { createHmac } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Asked, startRestServer } from '../../helpers/rest-server.js';
import { KEY, WebhookScene } from './scene.js';

/** A server that answers as this says; it goes with the test. */
async function serve(answer: (asked: Asked, response: ServerResponse) => void) {
  const server = await startRestServer(answer);
  onTestFinished(() => server.close());
  return server;
}

const take = (_: unknown, response: ServerResponse) => void response.writeHead(204).end();
const sentOf = ({ body }: Asked) => JSON.parse(body);
const texts = (asked: readonly Asked[]) => asked.map((one) => sentOf(one).message);
const ids = (asked: readonly Asked[]) => asked.map(({ headers }) => headers['webhook-id']);

describe('a message that a module sends', () => {
  it('is posted as send --json shows it, with a signature, and is done when the answer is 2xx', async () => {
    const server = await serve(take);
    const scene = await WebhookScene.to(`${server.url}/hooks/1?for=chat`);
    const beganMs = Date.now();
    const cause = { server: 'http', eventId: 2n ** 63n, hops: 0 };
    const sentId = scene.keep('grüß dich', { cause });
    await server.reached(1);
    const [asked] = server.asked as [Asked];
    expect(asked).toMatchObject({ method: 'POST', path: '/hooks/1?for=chat' });
    expect(asked.headers).toMatchObject({ 'content-type': 'application/json', 'webhook-id': sentId });
    expect(asked.headers['user-agent']).toMatch(/^mesibo-modules\/\d/);
    const sent = JSON.parse(asked.body);
    const params = { aid: '0', id: '1', refid: '0', groupid: '0', flags: 0, type: 0, expiry: 0, uflags: 0 };
    expect(sent).toEqual({
      ...{ module: 'm', sentId, message: 'grüß dich' },
      cause: { server: 'http', eventId: '9223372036854775808' },
      params: { ...params, status: 0, sid: '0', device: 0, to: 'bob', from: 'alice' },
    });
    const at = asked.headers['webhook-timestamp'];
    expect(Number(at)).toBeGreaterThanOrEqual(Math.floor(beganMs / 1000));
    expect(Number(at)).toBeLessThanOrEqual(Date.now() / 1000);
    const signature = createHmac('sha256', KEY).update(`${sentId}.${at}.${asked.body}`).digest('base64');
    expect(asked.headers['webhook-signature']).toBe(`v1,${signature}`);
    await expect.poll(() => scene.sends.counters()).toMatchObject({ waiting: 0, delivered: 1, refused: 0 });
    expect([scene.heard, scene.said]).toEqual([[], []]);
  });

  it('keeps bytes that are not text, and a large message stays whole', async () => {
    const server = await serve(take);
    const scene = await WebhookScene.to(server.url);
    const bytes = Buffer.from([0xff, 0x00, 0x80]);
    const large = 'x'.repeat(8 * 1024 * 1024);
    scene.keep(bytes);
    scene.keep(large);
    await server.reached(2);
    expect(sentOf(server.asked[0] as Asked)).toMatchObject({ message: null, messageBase64: bytes.toString('base64') });
    expect(sentOf(server.asked[1] as Asked).message === large).toBe(true);
  });

  it('comes in order: it waits for the answer to the one before it, and other modules do not wait', async () => {
    const held: ServerResponse[] = [];
    const server = await serve((asked, response) => {
      if (sentOf(asked).message === 'm 0') held.push(response);
      else take(asked, response);
    });
    const scene = await WebhookScene.to(server.url);
    for (let i = 0; i < 50; i++) for (const module of ['m', 'n']) scene.keep(`${module} ${i}`, { module });
    await server.reached(51);
    expect(texts(server.asked).filter((text) => text.startsWith('m'))).toEqual(['m 0']);
    take(null, held[0] as ServerResponse);
    await server.reached(100);
    for (const module of ['m', 'n']) {
      const of = texts(server.asked).filter((text) => text.startsWith(module));
      expect(of).toEqual(Array.from({ length: 50 }, (_, i) => `${module} ${i}`));
    }
  });

  it('goes to no other server when its event came from the webhook, and comes again after the webhook was away', async () => {
    const server = await serve(take);
    const scene = await WebhookScene.to(server.url);
    await scene.webhook.close();
    const cause = { server: 'webhook', eventId: 7n, hops: 0 };
    const sentIds = [1, 2, 3].map((i) => scene.keep(`${i}`, { cause }));
    expect(scene.sends.away()).toEqual([{ server: 'webhook', waiting: 3 }]);
    await scene.open(server.url);
    await server.reached(3);
    expect(ids(server.asked)).toEqual(sentIds);
  });
});

describe('a message that is not taken', () => {
  it.each([500, 503, 429, 400, 401, 404, 304])('is posted again after %i, before all later ones', async (status) => {
    const server = await serve((asked, response) => {
      if (server.asked.length <= 3) response.writeHead(status).end();
      else take(asked, response);
    });
    const scene = await WebhookScene.to(server.url);
    const [first, second] = [scene.keep('first'), scene.keep('second')];
    await server.reached(5);
    expect(ids(server.asked)).toEqual([first, first, first, first, second]);
    await scene.until(() => scene.said.length === 2);
    expect(scene.said).toEqual([
      expect.stringMatching(
        `^warn: the webhook at ${server.url} did not take a message of module m: it answered ${status}`,
      ),
      `info: the webhook at ${server.url} takes messages again`,
    ]);
    await expect.poll(() => scene.sends.counters()).toMatchObject({ waiting: 0, delivered: 2 });
    expect([scene.heard, scene.webhook.problems()]).toEqual([[], []]);
  });

  it.each([301, 302, 303, 307, 308])('goes nowhere else after %i, and is not a GET', async (status) => {
    const other = await serve(take);
    const server = await serve((asked, response) => {
      if (server.asked.length <= 2) response.writeHead(status, { location: `${other.url}/hidden` }).end();
      else take(asked, response);
    });
    const scene = await WebhookScene.to(server.url);
    scene.keep('first');
    await server.reached(3);
    expect([other.asked, server.asked.map(({ method }) => method)]).toEqual([[], ['POST', 'POST', 'POST']]);
    expect(scene.said[0]).toContain(`it answered ${status}, a redirect, which is not followed`);
    expect(scene.said.join()).not.toContain('hidden');
  });

  it('is signed anew each time', async () => {
    const server = await serve((asked, response) => {
      if (server.asked.length < 6) response.writeHead(500).end();
      else take(asked, response);
    });
    const scene = await WebhookScene.to(server.url);
    scene.keep('first');
    await server.reached(6);
    // Six attempts take more than a second together.
    const times = server.asked.map(({ headers }) => Number(headers['webhook-timestamp']));
    expect(new Set(times).size).toBeGreaterThan(1);
    for (const { headers, body } of server.asked) {
      const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
      const signature = createHmac('sha256', KEY).update(signed).digest('base64');
      expect(headers['webhook-signature']).toBe(`v1,${signature}`);
    }
  });

  it.each([410, 422])('is refused with %i: the module hears 0x80, and the next one is posted', async (status) => {
    const server = await serve((asked, response) => {
      if (sentOf(asked).message === 'first') response.writeHead(status).end();
      else take(asked, response);
    });
    const scene = await WebhookScene.to(server.url);
    const first = scene.keep('first');
    scene.keep('second');
    await server.reached(2);
    await scene.until(() => scene.heard.length > 0 && scene.said.length > 0);
    expect(scene.heard).toEqual([{ sentId: first, status: 0x80 }]);
    expect(texts(server.asked)).toEqual(['first', 'second']);
    expect(scene.said).toEqual([
      `warn: module m: the webhook at ${server.url} refused 1 message that it sent; the module gets the status 0x80`,
    ]);
    await expect.poll(() => scene.sends.counters()).toMatchObject({ waiting: 0, delivered: 1, refused: 1, expired: 0 });
  });

  it('is given up after send_ttl: the module hears 0x80, and the next one is posted', async () => {
    const server = await serve((asked, response) => {
      if (sentOf(asked).message === 'first') response.writeHead(500).end();
      else take(asked, response);
    });
    const scene = await WebhookScene.to(server.url);
    const first = scene.keep('first');
    await server.reached(2);
    scene.nowMs += 3_000_000;
    scene.keep('second');
    scene.nowMs += 1_000_000;
    await scene.until(() => scene.heard.length > 0);
    expect(scene.heard).toEqual([{ sentId: first, status: 0x80 }]);
    await expect.poll(() => scene.sends.counters()).toMatchObject({ waiting: 0, delivered: 1, refused: 0, expired: 1 });
    expect(texts(server.asked).filter((text) => text === 'second')).toEqual(['second']);
    expect(scene.webhook.problems()).toEqual([]);
    expect(scene.said.filter((line) => line.includes('send_ttl; the module gets the status 0x80'))).toHaveLength(1);
  });

  it('keeps no other module waiting, however many fail', async () => {
    const warnings: string[] = [];
    const warn = ({ message }: Error) => void warnings.push(message);
    process.on('warning', warn);
    onTestFinished(() => void process.off('warning', warn));
    const server = await serve((asked, response) => {
      if (sentOf(asked).module.startsWith('bad')) response.writeHead(500).end();
      else take(asked, response);
    });
    const scene = await WebhookScene.to(server.url);
    for (let i = 0; i < 100; i++) for (let j = 0; j < 3; j++) scene.keep('stuck', { module: `bad_${i}` });
    for (let i = 0; i < 20; i++) scene.keep(`${i}`, { module: 'good' });
    const good = () => server.asked.filter((asked) => sentOf(asked).module === 'good');
    await expect.poll(() => texts(good()), { timeout: 50_000 }).toEqual(Array.from({ length: 20 }, (_, i) => `${i}`));
    expect(scene.webhook.problems()[0]).toMatch(
      /takes no messages of bad_0, bad_1, .* and others since .*: it answered 500/,
    );
    // All of them in one line, and not a line for each.
    expect(scene.said).toHaveLength(1);
    expect(warnings).toEqual([]);
  });
});

describe('a webhook that ends', () => {
  it('waits for an answer that comes soon, and leaves other messages for the next webhook, in order', async () => {
    const held: ServerResponse[] = [];
    const server = await serve((_, response) => void held.push(response));
    const scene = await WebhookScene.to(server.url);
    const sentIds = [1, 2, 3].map((i) => scene.keep(`${i}`));
    await server.reached(1);
    const closed = scene.webhook.close();
    take(null, held[0] as ServerResponse);
    await closed;
    expect(scene.sends.counters()).toMatchObject({ waiting: 2, delivered: 1, unacknowledged: 0 });
    await scene.open(server.url);
    await server.reached(2);
    take(null, held[1] as ServerResponse);
    await server.reached(3);
    expect(ids(server.asked)).toEqual(sentIds);
  });

  it('does not wait for an answer that does not come, and the message comes again under its id', async () => {
    const server = await serve((asked, response) => {
      if (server.asked.length > 1) take(asked, response);
    });
    const scene = await WebhookScene.to(server.url);
    const sentId = scene.keep('first');
    await server.reached(1);
    await scene.webhook.close();
    expect(scene.sends.counters()).toMatchObject({ waiting: 1, unacknowledged: 0 });
    await scene.open(server.url);
    await server.reached(2);
    expect(ids(server.asked)).toEqual([sentId, sentId]);
  });

  it('makes no further attempt with a message that waits for one', async () => {
    const server = await serve((_, response) => void response.writeHead(500, { 'retry-after': '60' }).end());
    const scene = await WebhookScene.to(server.url);
    scene.keep('first');
    await scene.until(() => scene.said.length > 0);
    await scene.webhook.close();
    expect(server.asked).toHaveLength(1);
    expect(scene.sends.counters()).toMatchObject({ waiting: 1, unacknowledged: 0 });
  });
});
