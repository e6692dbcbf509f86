import type { ServerResponse } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import { type Asked, type RestServer, startRestServer } from '../helpers/rest-server.js';
import { fixture, sample, startCore, type TestCore } from './core.js';

let core: TestCore;
let server: RestServer;
afterEach(async () => {
  await core.close();
  await server?.close();
});

function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}

describe('filter and autoreply', () => {
  it('block and answer, and neither sees its own', async () => {
    const config = { blocked_words: 'darn,heck' };
    core = await startCore([
      { name: 'filter', path: sample('filter'), config },
      { name: 'autoreply', path: sample('autoreply'), config: { reply: 'Thanks.' } },
    ]);
    expect(await core.send('What the HECK?')).toMatchObject({ verdict: 'consumed', by: 'filter' });
    expect(await core.send('checking')).toMatchObject({ verdict: 'pass', by: null });
    expect(core.sent).toHaveLength(1);
    const { params, payload } = core.sent[0] as TestCore['sent'][number];
    expect(payload.toString()).toBe('Thanks.');
    const reply = await core.supervisor.onMessage({ ...params, from: params.from, to: params.to }, payload, {
      sentBy: 'autoreply',
    });
    expect(reply.trace.map(({ module }) => module)).toEqual(['filter']);
  });
});

describe('chatbot', () => {
  const APOLOGY = 'I did not get that.';

  async function start(
    answer: (asked: Asked, response: ServerResponse) => void,
    path = sample('chatbot'),
  ): Promise<void> {
    server = await startRestServer(answer);
    const config = { address: 'bot', url: `${server.url}/query`, token: 's3cret', apology: APOLOGY };
    core = await startCore([{ name: 'chatbot', path, config }]);
  }

  async function ask(text: string): Promise<TestCore['sent'][number]> {
    const before = core.sent.length;
    expect(await core.send(text, { id: 7, from: 'alice', to: 'bot' })).toMatchObject({
      verdict: 'consumed',
      by: 'chatbot',
    });
    await core.until(() => core.sent.length > before);
    return core.sent[before] as TestCore['sent'][number];
  }

  it('asks its service and sends what that answers', async () => {
    await start((_, response) => json(response, { result: { fulfillment: { reply: 'Hej "Ω" 👋\n' } } }));
    const { params, payload } = await ask('say "hello"\n\\ 👋');
    expect(payload.toString()).toBe('Hej "Ω" 👋\n');
    expect(params).toMatchObject({ from: 'bot', to: 'alice', refid: 7n });
    expect(params.id).not.toBe(0n);
    expect(server.asked).toHaveLength(1);
    const { method, path, headers, body } = server.asked[0] as Asked;
    expect([method, path, headers.authorization]).toEqual(['POST', '/query', 'Bearer s3cret']);
    expect(headers['content-type']).toBe('application/json');
    expect(JSON.parse(body)).toEqual({ query: 'say "hello"\n\\ 👋', session: 'alice' });
  });

  it('leaves all other messages alone', async () => {
    await start((_, response) => json(response, { reply: 'never' }));
    expect(await core.send('hello')).toMatchObject({ verdict: 'pass' });
    expect(await core.send('hello', { from: 'bot', to: 'bot' })).toMatchObject({ verdict: 'pass' });
    expect(server.asked).toEqual([]);
  });

  it.each([
    ['an error', (response: ServerResponse) => json(response, { reply: 'stack trace' }, 500)],
    ['no such field', (response: ServerResponse) => json(response, { answer: 'hm' })],
    ['null', (response: ServerResponse) => json(response, { reply: null })],
    ['a list', (response: ServerResponse) => json(response, { reply: [1, 'two'] })],
    ['an empty text', (response: ServerResponse) => json(response, { reply: '' })],
    ['no JSON', (response: ServerResponse) => response.end('<html>')],
    ['nothing', (response: ServerResponse) => response.end()],
    ['a reset in the middle', (response: ServerResponse) => response.write('{"reply":"ha', () => response.destroy())],
    ['too much', (response: ServerResponse) => response.end(`{"reply":"${'x'.repeat(300_000)}"}`)],
  ])('apologises when the service answers %s', async (_, answer) => {
    await start((_asked, response) => void answer(response));
    expect((await ask('hello')).payload.toString()).toBe(APOLOGY);
    expect((await ask('again')).payload.toString()).toBe(APOLOGY);
    expect(core.module('chatbot').crashes.total).toBe(0);
  });

  it('apologises when nobody listens there, and when it is stopped before the answer', async () => {
    let waiting = () => {};
    const reached = new Promise<void>((resolve) => {
      waiting = resolve;
    });
    await start(() => waiting());
    await core.send('hello', { from: 'alice', to: 'bot' });
    await reached;
    await core.supervisor.stop();
    expect(core.sent.map(({ payload }) => payload.toString())).toEqual([APOLOGY]);
    await core.close();
    await server.close();
    const config = { address: 'bot', url: server.url, apology: APOLOGY };
    core = await startCore([{ name: 'chatbot', path: sample('chatbot'), config }]);
    await core.send('hello', { from: 'alice', to: 'bot' });
    await core.until(() => core.sent.length > 0);
    expect(core.lines('chatbot').join('\n')).toMatch(/failed: connection refused/);
  });

  it.each([
    ['for the answer of the service', 'hello', 'alice'],
    ['for the question', 'x'.repeat(5000), 'alice'],
    ['to remember who asked', 'hello', 'alice'.repeat(100)],
  ])('apologises and logs it when there is no memory %s', async (_, text, from) => {
    await start((_asked, response) => json(response, { reply: 'never' }), fixture('chatbot-without-memory'));
    expect(await core.send(text, { id: 7, from, to: 'bot' })).toMatchObject({ verdict: 'consumed', by: 'chatbot' });
    await core.until(() => core.sent.length > 0);
    const { params, payload } = core.sent[0] as TestCore['sent'][number];
    expect([params.from, params.to, params.refid, payload.toString()]).toEqual(['bot', from, 7n, APOLOGY]);
    expect(core.lines('chatbot')).toEqual([`there is no memory to answer ${from}`]);
  });

  it('refuses to start without its settings, and says which', async () => {
    server = await startRestServer(() => {});
    core = await startCore([{ name: 'chatbot', path: sample('chatbot'), config: { address: 'bot' } }]);
    expect(core.report.refused.map(({ error }) => error.message).join()).toMatch(/url is not set/);
  });
});

describe('translate', () => {
  async function start(
    answer: (asked: Asked, response: ServerResponse) => void,
    path = sample('translate'),
  ): Promise<void> {
    server = await startRestServer(answer);
    const config = { url: `${server.url}/v2`, target: 'de', key: 'k3y' };
    core = await startCore([{ name: 'translate', path, config }]);
  }

  async function translate(text: string): Promise<TestCore['sent'][number]> {
    const before = core.sent.length;
    const params = { id: 7, from: 'alice', to: 'bob', type: 3, expiry: 60 };
    expect(await core.send(text, params)).toMatchObject({ verdict: 'consumed', by: 'translate' });
    await core.until(() => core.sent.length > before);
    return core.sent[before] as TestCore['sent'][number];
  }

  it('sends the message on in the words of its service', async () => {
    await start((asked, response) => {
      const text = new URLSearchParams(asked.body).get('q');
      json(response, { data: { translations: [{ translatedText: `auf deutsch: ${text}` }] } });
    });
    const { params, payload } = await translate('good morning & 50% "Ω"\0.');
    expect(payload.toString()).toBe('auf deutsch: good morning & 50% "Ω"\uFFFD.');
    expect(params).toMatchObject({ id: 7n, from: 'alice', to: 'bob', type: 3, expiry: 60 });
    const { method, path, headers, body } = server.asked[0] as Asked;
    expect([method, path, headers['x-api-key']]).toEqual(['POST', '/v2', 'k3y']);
    expect(headers['content-type']).toBe('application/x-www-form-urlencoded');
    expect(body).toBe('target=de&q=good%20morning%20%26%2050%25%20%22%CE%A9%22%00.');
  });

  it.each([
    ['an answer without a translation', (response: ServerResponse) => json(response, { error: 'quota' })],
    ['null', (response: ServerResponse) => json(response, { translatedText: null })],
    ['a list', (response: ServerResponse) => json(response, { translatedText: [1, 2] })],
    ['an empty translation', (response: ServerResponse) => json(response, { translatedText: '' })],
    ['a response that breaks off', (response: ServerResponse) => response.write('{"tr', () => response.destroy())],
    ['no body', (response: ServerResponse) => response.end()],
  ])('sends it as it was after %s', async (_, answer) => {
    await start((_asked, response) => void answer(response));
    const text = 'good\0morning';
    const { params, payload } = await translate(text);
    expect(payload.toString()).toBe(text);
    expect(params).toMatchObject({ id: 7n, from: 'alice', to: 'bob' });
  });

  it('lets it through unchanged, and logs that, when there is no memory', async () => {
    await start((_asked, response) => json(response, { translatedText: 'never' }), fixture('translate-without-memory'));
    expect((await translate('good morning')).payload.toString()).toBe('good morning');
    const long = await core.send('x'.repeat(5000), { id: 8, from: 'alice', to: 'bob' });
    expect([long.verdict, long.payload.length]).toEqual(['pass', 5000]);
    await core.until(() => core.lines('translate').length === 2);
    expect(core.lines('translate')).toEqual([
      'message 7 is sent as it was: there is no translation',
      'message 8 goes on as it was: there is no memory',
    ]);
  });

  it('loses nothing at a stop', async () => {
    let reached = 0;
    await start(() => {
      reached += 1;
    });
    for (let id = 1; id <= 20; id++) await core.send(`message ${id}`, { id, from: 'alice', to: 'bob' });
    await core.supervisor.stop();
    expect(core.sent.map(({ payload }) => payload.toString()).sort()).toEqual(
      Array.from({ length: 20 }, (_, i) => `message ${i + 1}`).sort(),
    );
    expect(reached).toBeLessThanOrEqual(20);
  });
});

describe('skeleton', () => {
  it('has each of its callbacks called, and lets everything through', async () => {
    core = await startCore([{ name: 'skeleton', path: sample('skeleton'), config: { trace: 'yes' } }]);
    expect(await core.send('hello', { from: 'alice', to: 'bob', id: 7 })).toMatchObject({ verdict: 'pass' });
    for (const decided of [
      core.supervisor.onMessageStatus({ from: 'alice', to: 'bob', id: 7 }, 2),
      core.supervisor.onLogin({ address: 'alice' }),
      core.supervisor.onCall(),
      core.supervisor.onCallStatus(),
    ])
      expect(await decided).toMatchObject({ verdict: 'pass', by: null });
    await core.supervisor.stop();
    expect(core.lines('skeleton')).toEqual([
      'on_config: trace = yes',
      'on_message: alice to bob, id 7, 5 bytes',
      'on_message_status: id 7 has the status 2',
      'on_login: alice is online',
      'on_call',
      'on_call_status',
      'on_cleanup',
    ]);
    expect(core.module('skeleton').abiSource).toBe('note');
  });
});

describe('reminder', () => {
  const start = async (config: Record<string, string> = {}) => {
    core = await startCore([{ name: 'reminder', path: sample('reminder'), config }]);
  };
  const remind = (text: string) => core.send(text, { from: 'alice', to: 'reminder' });
  const texts = () => core.sent.map(({ payload }) => payload.toString());

  it('sends each text back at its time, and leaves all other messages alone', async () => {
    await start();
    expect(await remind('2s  later')).toMatchObject({ verdict: 'consumed', by: 'reminder' });
    await remind('1s sooner');
    await core.until(() => core.sent.length === 2);
    expect(texts()).toEqual(['sooner', 'later']);
    expect(core.sent[0]?.params).toMatchObject({ from: 'reminder', to: 'alice' });
    expect(await core.send('1s hello')).toMatchObject({ verdict: 'pass' });
  });

  it.each(['', 'hello', '10', '10m', '10m ', '10x y', '-1s x', '1000000s x', '3h x'])(
    'explains itself to %j',
    async (text) => {
      await start({ longest: '120' });
      expect(await remind(text)).toMatchObject({ verdict: 'consumed' });
      await core.until(() => core.sent.length === 1);
      expect(texts()[0]).toMatch(/^Write when and what/);
    },
  );

  it('ends while reminders wait, with its thread', async () => {
    await start();
    await remind('1h later');
    await core.supervisor.stop();
    expect(core.module('reminder').crashes.total).toBe(0);
    expect(texts()).toEqual([]);
  });

  it('refuses to start with an invalid time', async () => {
    await start({ longest: 'a day' });
    expect(core.report.refused.map(({ error }) => error.message).join()).toMatch(/longest = a day: expected a number/);
  });
});
