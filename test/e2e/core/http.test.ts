/** The daemon with HTTP: its address and token, what a reload takes, and what becomes of callers at a stop. */

import { execFileSync } from 'node:child_process';
import { chmodSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import { PACKAGE_ROOT } from '../../../src/paths.js';
import type { CoreStatus } from '../../../src/supervisor/types.js';
import { CommandLine } from '../../helpers/command.js';
import { HttpCaller } from '../../helpers/http-caller.js';
import { RawServer } from '../../helpers/raw-server.js';
import { fixture, isRunning, makeTempDir, sample } from '../core.js';

const FILTER = `module filter { path = ${sample('filter')} ; deadline = 20s ; blocked_words = heck }`;
const SENDER = `module statuses_table { path = ${fixture('statuses-table')} ; abi = table ; deadline = 20s }`;
const SLOW = `chain_deadline = 60s
module slow { path = ${fixture('slow')} ; deadline = 60s ; hang = off ; stop_timeout = 30s }`;
const HTTP = 'http = 127.0.0.1:0\nhttp_token = token\n';
const SECRET = 'a-token-that-no-log-has';
const NEW_SECRET = 'a-new-token-that-no-log-has';

let directory: string;
let command: CommandLine;
beforeEach(() => {
  directory = makeTempDir();
  command = new CommandLine(directory);
  keepToken(SECRET);
});
afterEach(async () => {
  await command.run('stop');
  rmSync(directory, { recursive: true });
});

const tokenFile = () => join(directory, 'token');
function keepToken(token: string): void {
  rmSync(tokenFile(), { force: true });
  writeFileSync(tokenFile(), `${token}\nanything else\n`, { mode: 0o600 });
}
const status = async () => JSON.parse((await command.run('status', '--json')).stdout) as CoreStatus;
/** Starts a core, and asks it. */
async function start(config: string): Promise<{ caller: HttpCaller; pid: number }> {
  expect(await command.start(config)).toMatchObject({ code: 0 });
  const { core } = await status();
  const caller = new HttpCaller(core.http as string, SECRET);
  onTestFinished(() => caller.close());
  return { caller, pid: core.pid };
}

/** All that the core has logged, and that its directories have beside what modules sent. */
function allTexts(): string {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => path !== tokenFile())
    .map((path) => readFileSync(path, 'latin1'))
    .join('\n');
}

it('the system chooses a port, which status shows; a message is decided on, and the token is in no file', async () => {
  const { caller } = await start(`${HTTP}${FILTER}`);
  expect((await status()).core.http).toMatch(/^127\.0\.0\.1:[1-9]\d+$/);
  const body = { from: 'alice', to: 'bob', text: 'what the heck' };
  expect(await caller.post('/v1/messages', body)).toMatchObject({ status: 200, json: { by: 'filter' } });
  expect((await command.run('status')).stdout).toMatch(/answers over HTTP at 127\.0\.0\.1:\d+/);
  expect(await caller.get('/readyz')).toMatchObject({ status: 200, json: { ready: true, reasons: [], notes: [] } });
  const stranger = new HttpCaller(caller.address, 'another-token-that-no-log-has');
  onTestFinished(() => stranger.close());
  expect(await stranger.post('/v1/messages', body)).toMatchObject({ status: 401 });
  await command.run('stop');
  expect(allTexts()).toContain('the token of the request is wrong');
  expect(allTexts()).not.toContain('token-that-no-log-has');
});

it('a reload takes another token, keeps the old one when the new one cannot be used, and says what needs a restart', async () => {
  const { caller } = await start(`${HTTP}${FILTER}`);
  keepToken(NEW_SECRET);
  const reload = async () => {
    const { code, stdout, stderr } = await command.run('reload');
    return { code, said: `${stdout}${stderr}`.replaceAll(/\s+/g, ' ') };
  };
  expect(await reload()).toEqual({ code: 0, said: 'mesibo-modules: reloaded: http_token: a new token is in use ' });
  expect(await reload()).toEqual({ code: 0, said: 'mesibo-modules: reloaded: nothing has changed ' });
  expect(await caller.post('/v1/calls', {})).toMatchObject({ status: 401 });
  const next = new HttpCaller(caller.address, NEW_SECRET);
  onTestFinished(() => next.close());
  expect(await next.post('/v1/calls', {})).toMatchObject({ status: 200 });
  keepToken('a-newer-token-that-no-log-has');
  chmodSync(tokenFile(), 0o644);
  writeFileSync(join(directory, 'mesibo.conf'), `chain_deadline = 9s\n${HTTP}${FILTER}`);
  const refused = { code: 1, said: expect.stringContaining('it has the mode 0644, so others may use it') };
  expect(await reload()).toEqual(refused);
  expect(await next.post('/v1/calls', {})).toMatchObject({ status: 200 });
  expect((await status()).core.problems).toEqual([expect.stringMatching(/the reload of .* failed: .*mode 0644/)]);
  keepToken('too-short');
  expect(await reload()).toEqual({ code: 1, said: expect.stringContaining('head -c 24 /dev/urandom | base64 >') });
  expect(await next.post('/v1/calls', {})).toMatchObject({ status: 200 });
  keepToken(NEW_SECRET);
  // What failed has changed nothing.
  expect(await reload()).toEqual({ code: 0, said: 'mesibo-modules: reloaded: now in use: chain_deadline ' });
  writeFileSync(join(directory, 'mesibo.conf'), `http = off\n${FILTER}`);
  const { stdout, stderr } = await command.run('reload');
  expect(`${stdout}${stderr}`).toContain('needs a restart of the core: http');
  expect(await next.post('/v1/calls', {})).toMatchObject({ status: 200 });
  // It still listens, and a configuration without a token opens it to nobody.
  const stranger = new HttpCaller(caller.address, null);
  onTestFinished(() => stranger.close());
  expect(await stranger.post('/v1/calls', {})).toMatchObject({ status: 401 });
});

it('a start fails with the reason when the address is impossible or has no usable token', async () => {
  const taken = createServer();
  await new Promise<void>((done) => taken.listen(0, '127.0.0.1', done));
  onTestFinished(() => void taken.close());
  const { port } = taken.address() as { port: number };
  const failed = async (config: string) => {
    const { code, stderr } = await command.start(`${config}\n${FILTER}`);
    expect(code).not.toBe(0);
    expect(stderr).not.toContain(SECRET);
    return stderr.replaceAll(/\s+/g, ' ');
  };
  expect(await failed('http = 127.0.0.1:0')).toContain('expected a file with a token');
  expect(await failed('http = 7780')).toContain('expected HOST:PORT, [V6]:PORT, unix:PATH, or off');
  expect(await failed(`http = 127.0.0.1:${port}\nhttp_token = token`)).toContain('another process listens there');
  expect(await failed('http = 192.0.2.1:0\nhttp_token = token')).toContain('this machine does not have the address');
  expect(await failed('http = 127.0.0.1:0\nhttp_token = nothing')).toContain('there is no such file');
  expect(await failed('http = unix:token')).toContain('something that is not a socket is there');
  chmodSync(tokenFile(), 0o640);
  expect(await failed(HTTP)).toContain('it has the mode 0640, so others may use it');
  expect((await command.run('check', '--config', 'mesibo.conf')).stderr).toContain('it has the mode 0640');
});

it('a unix socket is for its user alone, needs no token, and is made again when it was removed', async () => {
  const { caller } = await start(`http = unix:http.sock\n${FILTER}`);
  const socket = join(directory, 'http.sock');
  expect(caller.address).toBe(`unix:${socket}`);
  expect(statSync(socket).mode & 0o777).toBe(0o600);
  const open = new HttpCaller(caller.address, null);
  onTestFinished(() => open.close());
  expect(await open.post('/v1/messages', { text: 'heck' })).toMatchObject({ json: { verdict: 'consumed' } });
  rmSync(socket);
  expect(await command.run('reload')).toMatchObject({ code: 0 });
  const again = new HttpCaller(caller.address, null);
  onTestFinished(() => again.close());
  expect(await again.post('/v1/messages', { text: 'heck' })).toMatchObject({ json: { verdict: 'consumed' } });
  await command.run('stop');
  expect(readdirSync(directory)).not.toContain('http.sock');
});

it('a core that stops answers what is in progress, takes no more, and ends its streams', async () => {
  const { caller, pid } = await start(`${HTTP}${SLOW}`);
  const stream = await caller.stream('/v1/sends');
  const slow = caller.post('/v1/messages', { from: 'a', to: 'b', text: '3000' });
  await expect.poll(async () => (await status()).modules[0]?.inFlight, { timeout: 20_000 }).toBe(1);
  process.kill(pid, 'SIGTERM');
  const readyz = () => caller.get('/readyz');
  await expect.poll(readyz, { timeout: 20_000, interval: 10 }).toMatchObject({
    status: 503,
    json: { ready: false, reasons: ['the core is stopping'] },
  });
  expect(await caller.get('/healthz')).toMatchObject({ status: 200 });
  expect(await caller.post('/v1/messages', { text: '0' })).toMatchObject({
    status: 503,
    json: { error: { code: 'CORE_STOPPING' } },
  });
  expect(await slow).toMatchObject({ status: 200, json: { verdict: 'pass', trace: [{ default: null }] } });
  expect(await stream.rest()).toMatch(/event: end\ndata: .*CORE_STOPPING/);
  await expect.poll(() => isRunning(pid), { timeout: 20_000 }).toBe(false);
});

it('an unacknowledged message comes again under the same id after the core was killed', async () => {
  const { caller, pid } = await start(`${HTTP}${SENDER}`);
  const stream = await caller.stream('/v1/sends?server=shop');
  for (const text of ['7', '8']) await caller.post('/v1/messages?server=shop', { from: 'a', to: 'b', text });
  const [first = '', second = ''] = await stream.ids(2);
  expect(await caller.post(`/v1/sends/${first}/ack?server=shop`)).toMatchObject({ status: 200 });
  await expect.poll(async () => (await status()).sends?.waiting, { timeout: 20_000 }).toBe(1);
  expect((await status()).servers).toMatchObject([{ name: 'shop', takesSends: true, unacknowledged: 1 }]);
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => isRunning(pid), { timeout: 20_000 }).toBe(false);
  const { caller: next } = await start(`${HTTP}${SENDER}`);
  const again = await next.stream('/v1/sends?server=shop', { 'last-event-id': second });
  expect(await again.ids(1)).toEqual([second]);
  expect(await next.post(`/v1/sends/${second}/status?server=shop`, { status: 'delivered' })).toMatchObject({
    status: 200,
  });
  expect(await next.post(`/v1/sends/${second}/ack?server=shop`)).toMatchObject({ status: 200 });
  await expect.poll(async () => (await status()).sends?.waiting, { timeout: 20_000 }).toBe(0);
});

it('a name is taken once, through whichever door', async () => {
  const { caller } = await start(`${HTTP}${FILTER}`);
  const gateway = join(directory, 'run', 'gateway.sock');
  const { server } = await RawServer.join(gateway, { takesSends: true, server: 'shop' });
  expect(await caller.get('/v1/sends?server=shop')).toMatchObject({
    status: 409,
    json: { error: { code: 'SERVER_NAME_TAKEN' } },
  });
  server.end();
  await expect.poll(async () => (await status()).servers.some(({ takesSends }) => takesSends)).toBe(false);
  const stream = await caller.stream('/v1/sends?server=shop');
  const other = await RawServer.dial(gateway, 'json');
  other.say({ kind: 'hello', versionMin: 1, versionMax: 1, server: 'shop', instance: '', takesSends: true, window: 0 });
  expect(await other.lastWords()).toMatchObject({ code: 'SERVER_NAME_TAKEN' });
  stream.end();
});

it('a core without HTTP does not load what HTTP needs', async () => {
  const program = `
    import { createRequire } from 'node:module';
    import { Core, makeConfig } from 'mesibo-modules';
    const { cache } = createRequire(import.meta.url);
    const [directory, http] = process.argv.slice(1);
    const core = new Core(makeConfig({ http }), { runDir: directory + '/run', stateDir: directory + '/state' });
    await core.start();
    console.log(Object.keys(cache).some((path) => path.includes('/node_modules/fastify/')));
    await core.stop();`;
  const isLoaded = (http: string) => {
    const args = ['--input-type=module', '-e', program, directory, http];
    return execFileSync(process.execPath, args, { cwd: PACKAGE_ROOT, encoding: 'utf8' }).trim();
  };
  expect(isLoaded('off')).toBe('false');
  expect(isLoaded(`unix:${directory}/http.sock`)).toBe('true');
});

it('a core is not ready while its modules start, nor while a module is down whose default drops messages', async () => {
  const crashy = `module crashy { path = ${sample('crashy')} ; deadline = 20s ; on_failure = consume }`;
  const { caller } = await start(`${HTTP}${crashy}\n${FILTER}`);
  expect(await caller.get('/readyz')).toMatchObject({ status: 200 });
  await command.run('stop', 'crashy');
  const dropping = 'module crashy is stopped by an operator, and on_failure = consume drops its messages';
  expect(await caller.get('/readyz')).toMatchObject({ status: 503, json: { ready: false, reasons: [dropping] } });
  await command.run('start', 'crashy');
  await command.run('stop', 'filter');
  const passing = 'module filter is stopped by an operator, and on_failure = pass lets its messages through';
  expect(await caller.get('/readyz')).toMatchObject({ status: 200, json: { ready: true, notes: [passing] } });
});
