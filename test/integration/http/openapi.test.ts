/** The description of the interface, against what the server does. */

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sample } from '../../e2e/core.js';
import { type Answer, type Asking, HttpRig } from '../../helpers/http-rig.js';

const FILTER = { name: 'filter', path: sample('filter'), config: { blocked_words: 'heck' } };

type Json = Record<string, unknown>;
interface Operation {
  parameters?: { name: string; in: string; required: boolean }[];
  requestBody?: { content: { 'application/json': { schema: Json } } };
  responses: Record<string, { content: Record<string, { schema: Json }> }>;
  security?: unknown;
}
interface Description {
  openapi: string;
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Json> };
}

async function start(): Promise<{ rig: HttpRig; description: Description }> {
  const rig = await HttpRig.start(
    { modules: [FILTER] },
    {},
    { metrics: async () => ({ contentType: 'text/plain', text: 'x 1\n' }) },
  );
  const { json } = await rig.ask('GET', '/v1/openapi.json');
  return { rig, description: json as Description };
}

/** What a schema of the description takes. */
function checkerOf(schema: Json, { components }: Description): z.ZodType {
  const [, name] = /^#\/components\/schemas\/(\w+)$/.exec(String(schema.$ref)) ?? [];
  return z.fromJSONSchema(
    (name === undefined ? schema : components.schemas[name]) as Parameters<typeof z.fromJSONSchema>[0],
  );
}

/** Finds a request in the description, and compares the answer with it. */
function requireDescribed(description: Description, method: string, url: string, answer: Answer): void {
  const path = url.split('?', 1)[0] ?? '';
  const found = Object.entries(description.paths).find(([pattern]) =>
    new RegExp(`^${pattern.replace(/\{\w+\}/g, '[^/]+')}$`).test(path),
  );
  const operation = found?.[1][method.toLowerCase()];
  if (operation === undefined) {
    expect([401, 404, 405]).toContain(answer.status);
    checkerOf(description.components.schemas.Failure as Json, description).parse(answer.json);
    return;
  }
  const response = operation.responses[answer.status];
  expect(response, `${method} ${url} answers ${answer.status}, which is not described`).toBeDefined();
  const [type = '', content] = Object.entries(response?.content ?? {})[0] ?? [];
  expect(answer.headers['content-type']).toMatch(new RegExp(`^${type}`));
  checkerOf(content?.schema as Json, description).parse(type === 'application/json' ? answer.json : answer.text);
}

it('every answer is described, whatever the request', async () => {
  const { rig, description } = await start();
  expect(description.openapi).toBe('3.1.0');
  rig.sends.send({ sentId: 'a' });
  rig.sends.send({ sentId: 'b', payload: Buffer.from([0xff]) });
  const reading = await rig.read();
  const events = [await reading.next(), await reading.next(), await reading.next()];
  const shown = description.paths['/v1/sends']?.get?.responses[200]?.content['text/event-stream']?.schema as Json;
  for (const event of events.slice(1)) checkerOf(shown, description).parse(JSON.parse(event?.data ?? ''));
  const asked: [string, string, Asking?][] = [
    ['GET', '/healthz'],
    ['GET', '/readyz'],
    ['GET', '/metrics'],
    ['GET', '/v1/openapi.json'],
    ['GET', '/v1/sends'],
    ['GET', '/v1/nothing'],
    ['POST', '/v1/messages', { body: { from: 'a', to: 'b', text: 'heck' } }],
    ['POST', '/v1/messages', { body: { payload: '/w==', trace: false } }],
    ['POST', '/v1/messages', { body: { text: 'x'.repeat(1024 * 1024 + 1) } }],
    ['POST', '/v1/messages', { body: { text: 'x'.repeat(10_000_000) } }],
    ['POST', '/v1/statuses', { body: { id: '7', status: 3 } }],
    ['POST', '/v1/logins', { body: { address: 'a', online: true } }],
    ['POST', '/v1/calls', { body: { kind: 'call_status' } }],
    ['POST', '/v1/calls'],
    ['POST', '/v1/sends/a/status', { body: { status: 'delivered' } }],
    ['POST', '/v1/sends/a/ack'],
    ['POST', '/v1/sends/b/ack', { body: { refused: true } }],
    ['POST', '/v1/sends/c/ack'],
  ];
  for (const [method, url, how = {}] of asked) {
    const ways: Asking[] = [how, { ...how, token: 'wrong' }];
    if (method === 'POST')
      ways.push({ body: '{' }, { body: { unknown: 1 } }, { body: {}, headers: { 'content-type': 'text/plain' } });
    for (const way of ways) requireDescribed(description, method, url, await rig.ask(method as 'GET', url, way));
    requireDescribed(description, method, `${url}?x=1`, await rig.ask(method as 'GET', `${url}?x=1`, how));
    requireDescribed(description, 'PUT', url, await rig.ask('PUT', url, how));
  }
});

it('every described operation exists, wants a token when it says so, and takes the parameters that it lists', async () => {
  const { rig, description } = await start();
  const operations = Object.entries(description.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase() as 'GET', operation })),
  );
  expect(operations.map(({ method, path }) => `${method} ${path}`)).toMatchInlineSnapshot(`
    [
      "POST /v1/messages",
      "POST /v1/statuses",
      "POST /v1/logins",
      "POST /v1/calls",
      "GET /v1/sends",
      "POST /v1/sends/{sentId}/ack",
      "POST /v1/sends/{sentId}/status",
      "GET /healthz",
      "GET /readyz",
      "GET /metrics",
      "GET /v1/openapi.json",
    ]
  `);
  for (const { method, path, operation } of operations) {
    const url = path.replace(/\{\w+\}/g, 'x');
    expect((await rig.ask(method, url, { token: null })).status === 401).toBe(operation.security !== undefined);
    for (const { name } of operation.parameters?.filter((parameter) => parameter.in === 'query') ?? []) {
      // A name that cannot be is refused for that, and not as unknown.
      const { json } = await rig.ask(method, `${url}?server=%20&${name}=%20`.replace(/server=%20&(?=server)/, ''));
      expect(json.error.message).toContain('server is " "');
    }
  }
});

describe.each(['/v1/messages', '/v1/statuses', '/v1/logins', '/v1/calls'])('the body of %s', (path) => {
  it('is taken as it is described, and refused otherwise', async () => {
    const { rig, description } = await start();
    const schema = description.paths[path]?.post?.requestBody?.content['application/json'].schema as Json;
    const checker = checkerOf(schema, description);
    const { properties = {} } = ((schema.anyOf as Json[] | undefined)?.[0] ?? schema) as { properties?: Json };
    const names = [...Object.keys(properties), 'unknown'];
    // Other tests check rules that a schema cannot express, such as: either text or payload.
    const field = fc.constantFrom(...names.filter((name) => name !== 'payload'));
    const value = fc.constantFrom<unknown>(
      ...[null, true, false, 0, 1, -1, 1.5, 2 ** 53, '', '0', '18446744073709551615', '123456789012345678901', 'x'],
      ...['call', 'call_status', [], {}, { base64: '/w==' }, { base64: 1 }, { base64: 'eA==', x: 1 }],
    );
    // Values that carry something, without those that may be empty.
    const whole = path === '/v1/messages' ? { text: 'x' } : path === '/v1/logins' ? { address: 'a' } : {};
    const body = fc
      .tuple(fc.constantFrom({}, whole), fc.dictionary(field, value, { maxKeys: 3 }))
      .map(([first, rest]): Json => ({ ...first, ...rest }));
    const taken = new Set<boolean>();
    await fc.assert(
      fc.asyncProperty(body, async (body) => {
        const { status } = await rig.ask('POST', path, { body });
        const isDescribed = checker.safeParse(body).success;
        taken.add(isDescribed);
        expect({ body, status }).toEqual({ body, status: isDescribed ? 200 : 400 });
      }),
      { numRuns: 150 },
    );
    expect(taken.size).toBe(2);
  });
});
