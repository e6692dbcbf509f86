/** The webhook of a core that was started from the command line. */

import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { keyOf } from '../../src/secrets.js';
import type { CoreStatus } from '../../src/supervisor/types.js';
import { signatureHeaders } from '../../src/webhook/signature.js';
import { CommandLine } from '../helpers/command.js';
import { RawServer } from '../helpers/raw-server.js';
import { type Asked, type RestServer, startRestServer } from '../helpers/rest-server.js';
import { fixture } from './core.js';

const SECRET = 'the-secret-of-this-test';
const OTHER_SECRET = 'another-secret-of-this-test';
const MODULES = ['sends-many', 'statuses-table']
  .map((name) => `module ${name.replaceAll('-', '_')} { path = ${fixture(name)} ; abi = table ; deadline = 20s }`)
  .join('\n');

/** Commands for a core whose state outlives it. */
class Cli extends CommandLine {
  override get env() {
    return { ...super.env, MESIBO_STATE_DIR: join(this.directory, 'state') };
  }
}

let cli: Cli;
let server: RestServer;
let answer: (asked: Asked, response: ServerResponse) => void;

const take = (_: unknown, response: ServerResponse) => void response.writeHead(204).end();
const fail = (_: unknown, response: ServerResponse) => void response.writeHead(500).end();

beforeEach(async () => {
  cli = new Cli(mkdtempSync(join(tmpdir(), 'mm-')));
  answer = take;
  server = await startRestServer((asked, response) => answer(asked, response));
  writeSecret(SECRET);
});
afterEach(async () => {
  await cli.run('stop');
  await server.close();
  rmSync(cli.directory, { recursive: true });
});

function writeSecret(secret: string): void {
  const file = join(cli.directory, 'webhook.secret');
  writeFileSync(file, `${secret}\n`);
  chmodSync(file, 0o600);
}

const webhook = () => `webhook = ${server.url}/hidden-path\nwebhook_secret = webhook.secret\n`;
const start = async (config = webhook() + MODULES) => {
  const { code, stderr } = await cli.start(config);
  expect({ code, stderr }).toMatchObject({ code: 0 });
};
const reload = async (config: string) => {
  writeFileSync(join(cli.directory, 'mesibo.conf'), config);
  const { code, stdout, stderr } = await cli.run('reload');
  return { code, said: stdout + stderr };
};
const send = async (text: string) =>
  expect((await cli.run('send', '--from', 'alice', '--to', 'bob', text)).code).toBe(0);
const status = async () => JSON.parse((await cli.run('status', '--json')).stdout) as CoreStatus;
const of = (module: string) => server.asked.filter(({ body }) => JSON.parse(body).module === module);
const texts = (asked: readonly Asked[]) => asked.map(({ body }) => JSON.parse(body).message);
const ids = (asked: readonly Asked[]) => asked.map(({ headers }) => headers['webhook-id']);

function isSigned({ headers, body }: Asked, secret: string): boolean {
  const id = headers['webhook-id'] as string;
  const timestamp = Number(headers['webhook-timestamp']);
  const expected = signatureHeaders(keyOf(secret, ''), { id, timestamp, body });
  return headers['webhook-signature'] === expected['webhook-signature'];
}

it('gets the messages of modules, even without a gateway, and status shows it as a server', async () => {
  await start(`gateway = off\n${webhook()}${MODULES}`);
  await send('3');
  await server.reached(3);
  expect(texts(of('sends_many'))).toEqual(['sent 1', 'sent 2', 'sent 3']);
  expect(server.asked.map((asked) => isSigned(asked, SECRET))).not.toContain(false);
  const { core, servers } = await status();
  expect([core.webhook, core.problems]).toEqual([server.url, []]);
  expect(servers).toMatchObject([{ name: 'webhook', connections: 1, takesSends: true, inProgress: 0 }]);
  await expect.poll(async () => (await status()).sends, { timeout: 20_000 }).toMatchObject({ waiting: 0 });
});

it.each(['stop', 'SIGKILL'])(
  'after the end of the core (%s) it gets the same messages, under their ids and in order',
  async (how) => {
    answer = fail;
    await start();
    await send('20');
    await server.reached(3);
    const [first] = ids(of('sends_many'));
    expect(await cli.run('status')).toMatchObject({
      stdout: expect.stringMatching(/the webhook at \S+ takes no messages of .*it answered 500/),
    });
    const { core } = await status();
    if (how === 'stop') expect((await cli.run('stop')).code).toBe(0);
    else {
      process.kill(core.pid, 'SIGKILL');
      await expect.poll(() => existsSync(`/proc/${core.pid}/exe`), { timeout: 20_000 }).toBe(false);
    }
    answer = take;
    server.asked.length = 0;
    await start();
    await send('1');
    await expect
      .poll(() => texts(of('sends_many')), { timeout: 50_000 })
      .toEqual([...Array.from({ length: 20 }, (_, i) => `sent ${i + 1}`), 'sent 1']);
    expect(ids(of('sends_many'))[0]).toBe(first);
    expect(new Set(ids(server.asked)).size).toBe(server.asked.length);
  },
);

it('hears of a refusal by the status 0x80', async () => {
  answer = (_, response) => void response.writeHead(422).end();
  await start();
  await send('7');
  await server.reached(1);
  const logs = async () => (await cli.run('logs', 'statuses_table')).stdout;
  await expect.poll(logs, { timeout: 20_000 }).toContain('status=128 id=7 flags=0 from=bob to=alice');
});

it('a reload takes another URL, another key and off, and says so', async () => {
  await start(MODULES);
  const on = await reload(webhook() + MODULES);
  expect(on.said).toContain('now in use: webhook, webhook_secret');
  await send('1');
  await server.reached(1);
  writeSecret(OTHER_SECRET);
  expect((await reload(webhook() + MODULES)).said).toContain('reloaded: webhook_secret: a new key is in use');
  expect((await reload(webhook() + MODULES)).said).toContain('reloaded: nothing has changed');
  const logs = async () => (await cli.run('logs')).stdout;
  await expect.poll(logs, { timeout: 20_000 }).toContain(`the webhook posts to ${server.url}, with another key`);
  server.asked.length = 0;
  await send('1');
  await server.reached(1);
  expect(server.asked.map((asked) => isSigned(asked, OTHER_SECRET))).not.toContain(false);
  expect((await reload(MODULES)).said).toContain('now in use: webhook, webhook_secret');
  await expect.poll(logs, { timeout: 20_000 }).toContain('the webhook no longer posts');
  const { core, servers } = await status();
  expect([core.webhook, servers]).toEqual([null, []]);
});

it('a reload whose secret cannot be used changes nothing', async () => {
  await start();
  chmodSync(join(cli.directory, 'webhook.secret'), 0o644);
  const failed = await reload(`log_keep = 3\n${webhook()}${MODULES}`);
  expect(failed).toMatchObject({ code: 1, said: expect.stringMatching(/webhook_secret cannot be used .*0644/) });
  await send('1');
  await server.reached(1);
  expect(isSigned(server.asked[0] as Asked, SECRET)).toBe(true);
  chmodSync(join(cli.directory, 'webhook.secret'), 0o600);
  expect(await reload(webhook() + MODULES)).toMatchObject({ code: 0 });
});

it.each([
  ['is not there', () => rmSync(join(cli.directory, 'webhook.secret')), /there is no such file/],
  ['may be read by others', () => chmodSync(join(cli.directory, 'webhook.secret'), 0o640), /it has the mode 0640/],
  ['is too short', () => writeSecret('short'), /makes a key of 5 bytes, but needs at least 16/],
])('a start whose secret %s fails, and says why', async (_, spoil, words) => {
  spoil();
  const { code, stderr } = await cli.start(webhook() + MODULES);
  expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringMatching(words) });
  expect((await cli.run('status')).stderr).toContain('no core');
});

it('it needs a restart when the core keeps no messages, and each reload says so', async () => {
  await start(`gateway = off\n${MODULES}`);
  for (let i = 0; i < 2; i++) {
    const { said } = await reload(`gateway = off\n${webhook()}${MODULES}`);
    expect(said).toContain('needs a restart of the core: webhook, webhook_secret');
  }
  expect((await status()).core).toMatchObject({ webhook: null });
});

it('its name is taken: a chat server of the same name gets an error', async () => {
  await start();
  const { core } = await status();
  const chat = await RawServer.dial(core.gateway as string);
  chat.say({
    kind: 'hello',
    versionMin: 1,
    versionMax: 1,
    server: 'webhook',
    instance: '',
    takesSends: true,
    window: 0,
  });
  for (let frame = await chat.next(); frame !== null; frame = await chat.next()) {
    if (frame.kind === 'failure') expect(frame).toMatchObject({ code: 'SERVER_NAME_TAKEN', fatal: true });
  }
  await send('1');
  await server.reached(1);
});

/** Asks the core over HTTP. */
async function ask(method: string, path: string, body?: object): Promise<{ status: number; said: string }> {
  const socketPath = join(cli.directory, 'http.sock');
  const headers = body && { 'content-type': 'application/json' };
  const asking = request({ socketPath, method, path, headers }).end(body && JSON.stringify(body));
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, said: await readText(response) };
}

it('works together with HTTP: a message of the server "webhook" has its answer posted, and the status goes back', async () => {
  await start(`http = unix:http.sock\n${webhook()}${MODULES}`);
  const { status: answered } = await ask('POST', '/v1/messages?server=webhook', {
    ...{ id: '41', from: 'alice', to: 'bob', text: '7' },
  });
  expect(answered).toBe(200);
  await server.reached(8);
  const [sent] = of('statuses_table').map(({ body }) => JSON.parse(body));
  expect(sent).toMatchObject({ cause: { server: 'webhook', eventId: null }, params: { id: '7' } });
  const told = await ask('POST', `/v1/sends/${sent.sentId}/status?server=webhook`, { status: 'delivered' });
  expect(told).toMatchObject({ status: 200 });
  const logs = async () => (await cli.run('logs', 'statuses_table')).stdout;
  await expect.poll(logs, { timeout: 20_000 }).toContain('status=2 id=7 flags=0 from=bob to=alice');
  expect(await ask('GET', '/v1/sends?server=webhook')).toMatchObject({
    ...{ status: 409, said: expect.stringContaining('SERVER_NAME_TAKEN') },
  });
});

it('a reload whose webhook has a taken name warns, and it posts as soon as the name is free', async () => {
  const config = `http = unix:http.sock\n${MODULES}`;
  await start(config);
  const chat = await RawServer.join((await status()).core.gateway as string, { takesSends: true, server: 'webhook' });
  const { code, said } = await reload(webhook() + config);
  expect({ code, said }).toMatchObject({
    code: 0,
    said: expect.stringContaining('the webhook posts nothing: somebody'),
  });
  expect((await status()).core.problems).toEqual([expect.stringContaining('the webhook posts nothing: somebody')]);
  chat.server.end();
  await expect.poll(async () => (await status()).core.problems, { timeout: 30_000 }).toEqual([]);
  await send('1');
  await server.reached(1);
});

it('no secret gets into a log, a status or the files of the core', async () => {
  answer = fail;
  await start();
  await send('3');
  await server.reached(3);
  const said = [
    await cli.run('status'),
    await cli.run('status', '--json'),
    await cli.run('describe', 'sends_many', '--json'),
    await cli.run('check', '--config', 'mesibo.conf'),
    await cli.run('logs'),
  ].map(({ stdout, stderr }) => stdout + stderr);
  said.push((await reload(`webhook = ${server.url}/hidden-path#x\n${MODULES}`)).said);
  await cli.run('stop');
  for (const folder of ['run', 'state']) {
    for (const name of readdirSync(join(cli.directory, folder), { recursive: true, encoding: 'utf8' })) {
      const file = join(cli.directory, folder, name);
      if (statSync(file).isFile()) said.push(readFileSync(file, 'latin1'));
    }
  }
  const signature = server.asked[0]?.headers['webhook-signature'] as string;
  expect(said.join('\n')).toContain(server.url);
  for (const secret of [SECRET, 'hidden-path', signature])
    expect(said.some((text) => text.includes(secret))).toBe(false);
});
