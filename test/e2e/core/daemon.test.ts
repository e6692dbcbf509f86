/** The daemon with its gateway and its store: what becomes of events and sends at a stop, a kill, a reload, and with bad places. */

import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { ControlClient } from '../../../src/control/client/client.js';
import type { CoreStatus } from '../../../src/supervisor/types.js';
import { CommandLine } from '../../helpers/command.js';
import { messageOf, RawServer } from '../../helpers/raw-server.js';
import { startRestServer } from '../../helpers/rest-server.js';
import { fixture, isRunning, makeTempDir, sample } from '../core.js';

const SENDER = `module statuses_table { path = ${fixture('statuses-table')} ; abi = table ; deadline = 20s }`;
const CALLBACKS = `module sends_in_callbacks { path = ${fixture('sends-in-callbacks')} ; deadline = 20s }`;
const AT_A_SIGN = `module sends_at_a_sign { path = ${fixture('sends-at-a-sign')} ; deadline = 60s ; hang = off }`;
const SLOW = `chain_deadline = 60s
module slow { path = ${fixture('slow')} ; deadline = 60s ; hang = off ; stop_timeout = 30s }`;

let directory: string;
let command: CommandLine;
let servers: RawServer[];
beforeEach(() => {
  directory = makeTempDir();
  command = new CommandLine(directory);
  servers = [];
});
afterEach(async () => {
  for (const server of servers) server.end();
  await command.run('stop');
  rmSync(directory, { recursive: true });
});

const gateway = () => join(directory, 'run', 'gateway.sock');
const status = async () => JSON.parse((await command.run('status', '--json')).stdout) as CoreStatus;
const enter = async (takesSends = true, name = 'chat') => {
  const { server } = await RawServer.join(gateway(), { takesSends, server: name });
  servers.push(server);
  return server;
};

let signs = 0;
/** A sign for the module that sends at one. */
async function sign() {
  signs += 1;
  const path = join(directory, `sign-${signs}`);
  execFileSync('mkfifo', [path, `${path}.done`]);
  return {
    path,
    /** Resolves when the module waits for the sign, with what gives it, which resolves when the module has sent. */
    async open() {
      const gate = await open(path, 'w');
      return async () => {
        await gate.close();
        await (await open(`${path}.done`, 'r')).close();
      };
    },
  };
}

describe('a daemon with a chat server', () => {
  it('gives events that are in progress at a stop their outcomes, and takes no others', async () => {
    expect(await command.start(SLOW)).toMatchObject({ code: 0 });
    const server = await enter(false);
    const { core } = await status();
    server.say(messageOf(1, '5000'));
    // Nothing that takes a second of its own is between the event and the stop.
    const client = await ControlClient.connect(join(directory, 'run'));
    const inFlight = async () => (await client.status()).modules[0]?.inFlight;
    await expect.poll(inFlight, { timeout: 20_000, interval: 10 }).toBe(1);
    client.close();
    process.kill(core.pid, 'SIGTERM');
    expect(await server.failure()).toMatchObject({ code: 'CORE_STOPPING' });
    server.say(messageOf(2, '0'));
    expect(await server.outcome()).toMatchObject({ id: 2n, failure: { code: 'CORE_STOPPING' } });
    expect(await server.outcome()).toMatchObject({ id: 1n, verdict: 'pass', defaultReason: null });
    await expect.poll(() => isRunning(core.pid), { timeout: 20_000 }).toBe(false);
    expect(existsSync(gateway())).toBe(false);
  });

  it('that was killed still has the messages that no server acknowledged, under the same ids', async () => {
    await command.start(SENDER);
    const { core } = await status();
    const server = await enter();
    server.say(messageOf(1, '7'), messageOf(2, '8'));
    const frames = [await server.next(), await server.next(), await server.next(), await server.next()];
    const sent = frames.flatMap((frame) => (frame?.kind === 'send' ? [frame] : []));
    expect(sent.map(({ cause }) => cause)).toEqual([1n, 2n]);
    server.say({ kind: 'ack', sentIds: [sent[0]?.sentId ?? ''], refused: false });
    await expect.poll(async () => (await status()).sends?.waiting, { timeout: 20_000 }).toBe(1);
    process.kill(core.pid, 'SIGKILL');
    await expect.poll(() => isRunning(core.pid), { timeout: 20_000 }).toBe(false);
    await command.start(SENDER);
    expect((await status()).sends).toMatchObject({ waiting: 1, delivered: 0 });
    expect(await (await enter()).sent()).toMatchObject({ sentId: sent[1]?.sentId, cause: 2n });
  });

  it.each(['call', 'thread', 'http'])(
    'that was killed together with its hosts knows which server an unread message was for (%s)',
    async (who) => {
      const rest = await startRestServer((_, response) => void response.end('here'));
      onTestFinished(() => rest.close());
      await command.start(AT_A_SIGN);
      const { core, modules } = await status();
      const other = await enter(true, 'other');
      const server = await enter();
      const [first, last] = [await sign(), await sign()];
      other.say(messageOf(9, `thread ${last.path}`));
      await other.outcome();
      const closeLast = await last.open();
      server.say(messageOf(1, `${who} ${first.path} ${rest.url}`));
      const closeFirst = await first.open();

      process.kill(core.pid, 'SIGSTOP');
      await closeFirst();
      await closeLast();
      for (const { pid } of modules) process.kill(pid as number, 'SIGKILL');
      process.kill(core.pid, 'SIGKILL');
      await expect.poll(() => isRunning(core.pid), { timeout: 20_000 }).toBe(false);

      await command.start(AT_A_SIGN);
      expect((await status()).core.recoveredSends).toBe(2);
      // The one that has the older message comes last.
      const again = [await enter(true, 'other'), await enter()] as const;
      for (const [i, cause] of [9n, 1n].entries()) {
        const { sentId, ...rest } = await (again[i] as RawServer).sent();
        expect(rest).toMatchObject({ cause, payload: Buffer.from('sent') });
        again[i]?.say({ kind: 'ack', sentIds: [sentId], refused: false });
      }
      await expect
        .poll(async () => (await status()).sends, { timeout: 20_000 })
        .toMatchObject({ waiting: 0, delivered: 2 });
    },
  );

  it('gives a server the messages that modules send because of its statuses and its refusals', async () => {
    await command.start(CALLBACKS);
    // The home of what modules send by themselves.
    await enter(true, 'other');
    const server = await enter();
    server.say(messageOf(1, 'hello'));
    const frames = [await server.next(), await server.next()];
    const first = frames.find((frame) => frame?.kind === 'send');
    expect(first).toMatchObject({ cause: 1n, payload: Buffer.from('on_message') });
    const { sentId = '' } = first ?? {};
    server.say({ kind: 'ack', sentIds: [sentId], refused: false });
    server.say({ kind: 'send_status', sentId, status: 3, params: {} });
    const second = await server.sent();
    expect(second).toMatchObject({ cause: null, payload: Buffer.from('on_message_status 3') });
    server.say({ kind: 'ack', sentIds: [second.sentId], refused: true });
    const third = await server.sent();
    expect(third).toMatchObject({ cause: null, payload: Buffer.from('on_message_status 128') });
  });

  it('makes its socket again when somebody has removed it', async () => {
    await command.start(SENDER);
    rmSync(gateway());
    expect(await command.run('reload')).toMatchObject({ code: 0 });
    expect(existsSync(gateway())).toBe(true);
    await enter();
    expect((await command.run('status')).stdout).toMatch(/^chat +1 +0 +yes +0$/m);
  });

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'serves when the folder of its socket is a file, and %s ends it',
    async (signal) => {
      const folder = join(directory, 'gwd');
      mkdirSync(folder);
      await command.start(`gateway = ${join(folder, 'x.sock')}\n${SENDER}`);
      const { core } = await status();
      renameSync(folder, join(directory, 'gwd2'));
      writeFileSync(folder, '');
      expect(await command.run('reload')).toMatchObject({ code: 0 });
      const { problems } = (await status()).core;
      expect(problems).toEqual([
        expect.stringContaining('x.sock cannot be made (a part of its path is a file and no folder)'),
      ]);
      process.kill(core.pid, signal);
      await expect.poll(() => isRunning(core.pid), { timeout: 20_000 }).toBe(false);
      expect(readFileSync(join(directory, 'run', 'lock'), 'utf8')).toBe('');
    },
  );

  it('finds its socket again when its folder is back', async () => {
    const folder = join(directory, 'gwd');
    mkdirSync(folder);
    await command.start(`gateway = ${join(folder, 'x.sock')}\n${SENDER}`);
    renameSync(folder, join(directory, 'gwd2'));
    writeFileSync(folder, '');
    await command.run('reload');
    rmSync(folder);
    mkdirSync(folder);
    await command.run('reload');
    expect((await status()).core.problems).toEqual([]);
    expect(existsSync(join(folder, 'x.sock'))).toBe(true);
  });

  it('takes other bounds of what waits at a reload, and another gateway at its next start', async () => {
    await command.start(`send_queue = 10\n${SENDER}`);
    const config = join(directory, 'mesibo.conf');
    writeFileSync(config, `send_queue = 1\ngateway = off\n${SENDER}`);
    const { stderr } = await command.run('reload');
    expect(stderr).toContain('now in use: send_queue');
    expect(stderr).toContain('needs a restart of the core: gateway');
    expect((await command.run('reload')).stderr).toContain('needs a restart of the core: gateway');
    expect((await status()).core.problems).toEqual(['changed, but needs a restart of the core: gateway']);
    writeFileSync(config, `send_queue = 1\n${SENDER}`);
    expect((await command.run('reload')).stderr).toContain('nothing has changed');
    expect((await status()).core.problems).toEqual([]);
    writeFileSync(config, `send_queue = 1\ngateway = off\n${SENDER}`);
    for (const id of [1, 2]) await command.run('send', '--from', 'a', '--to', 'b', '--wait', '0', `${id}`);
    await expect
      .poll(async () => (await status()).modules[0]?.sends, { timeout: 20_000 })
      .toMatchObject({ waiting: 1 });
    expect((await command.run('status')).stdout).toContain('no server takes them (statuses_table: 1)');
    await command.run('stop');
    await command.start(readFileSync(config, 'utf8'));
    expect(existsSync(gateway())).toBe(false);
    expect(await status()).toMatchObject({ core: { gateway: null }, sends: null });
  });
});

it('servers hear of a reload that changes only chain_deadline', async () => {
  await command.start(`chain_deadline = 5s\n${SENDER}`);
  const { server, welcome } = await RawServer.join(gateway(), { takesSends: false });
  servers.push(server);
  expect(welcome).toMatchObject({ chainDeadlineMs: 5000 });
  writeFileSync(join(directory, 'mesibo.conf'), `chain_deadline = 7s\n${SENDER}`);
  expect((await command.run('reload')).stderr).toContain('now in use: chain_deadline');
  expect(await server.welcome()).toMatchObject({ chainDeadlineMs: 7000, maxMessage: welcome.maxMessage });
});

it('a reload of some modules leaves chain_sends of the others as it was', async () => {
  const filter = `module filter { path = ${sample('filter')} ; blocked_words = sent }`;
  await command.start(`${SENDER}\n${filter}`);
  const chained = SENDER.replace('abi =', 'chain_sends = yes ; abi =');
  writeFileSync(join(directory, 'mesibo.conf'), `${chained}\n${filter}`);
  const send = (id: number) => command.run('send', '--from', 'a', '--to', 'b', '--wait', '0', `${id}`);
  expect((await command.run('reload', 'filter')).stderr).toContain('changed, but left as they were: statuses_table');
  await send(1);
  await expect.poll(async () => (await status()).sends, { timeout: 20_000 }).toMatchObject({ waiting: 1, consumed: 0 });
  expect(await command.run('reload')).toMatchObject({ code: 0 });
  await send(2);
  await expect.poll(async () => (await status()).sends, { timeout: 20_000 }).toMatchObject({ waiting: 1, consumed: 1 });
});

describe('a daemon whose place', () => {
  it.each([
    [
      'for the gateway does not exist',
      'gateway = /nowhere/g.sock',
      /the socket for chat servers \/nowhere\/g\.sock cannot be made/,
    ],
    ['for the gateway is below a file', 'gateway = /etc/passwd/x', /x cannot be made \(a part of its path is a file/],
    [
      'for the gateway is in a folder that is missing',
      'gateway = ./nowhere/x',
      /x cannot be made \(its folder does not exist\)/,
    ],
    ['for the gateway is too long', `gateway = /tmp/${'x'.repeat(120)}`, /socket path .* 107/],
  ])('%s does not start, says why, and leaves nothing', async (_, setting, why) => {
    const { code, stderr } = await command.start(`${setting}\n${SENDER}`);
    expect([code, stderr]).toEqual([1, expect.stringMatching(why)]);
    expect(await command.run('status')).toMatchObject({ code: 3 });
    expect(readFileSync(join(directory, 'run', 'lock'), 'utf8')).toBe('');
  });

  it('for the messages of modules cannot be used serves, and says so in its status', async () => {
    mkdirSync(join(directory, 'run', 'state'), { recursive: true, mode: 0o700 });
    writeFileSync(join(directory, 'run', 'state', 'sends'), 'no database');
    expect(await command.start(SENDER)).toMatchObject({ code: 0 });
    const { core } = await status();
    expect(core.problems).toEqual([
      expect.stringMatching(/the store .*\/sends is damaged .*renamed to .*\/sends\.damaged-/),
    ]);
    const shown = await command.run('status');
    expect([shown.code, shown.stdout]).toEqual([1, expect.stringContaining(core.problems[0] as string)]);
    await command.run('send', '--from', 'a', '--to', 'b', '--wait', '0', '7');
    expect(await (await enter()).sent()).toMatchObject({ module: 'statuses_table' });
  });
});

it('the logs of a daemon with a state directory elsewhere are found by its run directory, also after it was killed', async () => {
  const state = join(directory, 'größer');
  expect(await command.start(SENDER, '--state-dir', state)).toMatchObject({ code: 0 });
  const { pid } = (await status()).core;
  const logs = async () => (await command.run('logs')).stdout;
  expect(await logs()).toContain('1 of 1 modules are ready');
  process.kill(pid, 'SIGKILL');
  await expect.poll(() => isRunning(pid), { timeout: 20_000 }).toBe(false);
  expect(await logs()).toContain('1 of 1 modules are ready');
  // Who names one is not contradicted.
  expect(await command.run('logs', '--state-dir', join(directory, 'run', 'state'))).toMatchObject({ code: 1 });
  expect(await command.start(SENDER, '--state-dir', state)).toMatchObject({ code: 0 });
});

it('a daemon whose end hangs after a mistake of its own ends all the same, with exit code 1', async () => {
  const preload = fileURLToPath(new URL('broken-stop.cjs', import.meta.url));
  const broken = new (class extends CommandLine {
    override get env() {
      return { ...super.env, NODE_OPTIONS: `--require=${preload}` };
    }
  })(directory);
  writeFileSync(join(directory, 'mesibo.conf'), SENDER);
  const running = broken.finish(broken.begin('start', '--config', 'mesibo.conf'));
  await expect.poll(async () => (await command.run('status')).code, { timeout: 20_000 }).toBe(0);
  process.kill((await status()).core.pid, 'SIGUSR2');
  expect(await running).toMatchObject({ code: 1 });
}, 60_000);
