import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Dealer } from 'zeromq';
import { ModuleSocket, type Peer, type PeerListener } from '../../../src/supervisor/module-socket.js';
import { type CoreFrame, decodeCoreFrame, encodeHostFrame, type HostFrame, PROTOCOL } from '../../../src/wire/codec.js';

/** A host that says what a test tells it to. */
class ScriptedHost {
  readonly #socket = new Dealer({ linger: 0 });
  constructor(endpoint: string) {
    this.#socket.connect(endpoint);
  }
  send(frame: HostFrame): Promise<void> {
    return this.raw(encodeHostFrame(frame));
  }
  raw(bytes: Uint8Array): Promise<void> {
    return this.#socket.send(bytes);
  }
  hello(token: string, min: number = PROTOCOL.min, max: number = PROTOCOL.max): Promise<void> {
    return this.send({ hello: { token, protocolMin: min, protocolMax: max, version: 'test' } });
  }
  async receive(): Promise<CoreFrame> {
    return decodeCoreFrame((await this.#socket.receive())[0] as Buffer);
  }
  close(): void {
    this.#socket.close();
  }
}

/** Who expects a host: remembers what it was told, and lets a test wait for it. */
class Expecting implements PeerListener {
  peer: Peer | null = null;
  readonly frames: HostFrame[] = [];
  readonly violations: string[] = [];
  connected(peer: Peer, protocol: number): void {
    this.peer = peer;
    peer.send({ welcome: { protocol } });
  }
  received(frame: HostFrame): void {
    this.frames.push(frame);
  }
  readonly rejections: string[] = [];
  rejected(error: Error): void {
    this.rejections.push(error.message);
  }
  violated(error: Error): void {
    this.violations.push(error.message);
  }
}

let directory: string;
let socket: ModuleSocket;
let hosts: ScriptedHost[];
let connect: () => ScriptedHost;
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'mm-ms-'));
  socket = new ModuleSocket(4096);
  await socket.open(join(directory, 'm.sock'));
  hosts = [];
  connect = () => {
    const host = new ScriptedHost(`ipc://${join(directory, 'm.sock')}`);
    hosts.push(host);
    return host;
  };
});
afterEach(() => {
  for (const host of hosts) host.close();
  socket.close();
  rmSync(directory, { recursive: true });
});

const eventually = (holds: () => unknown) => expect.poll(holds, { timeout: 10_000 });

describe('a token', () => {
  it('lets its host in once', async () => {
    const expecting = new Expecting();
    socket.expect('right', expecting);
    const host = connect();
    await host.hello('right');
    expect((await host.receive()).welcome?.protocol).toBe(PROTOCOL.max);
    await host.send({ ready: { abi: 'table' } });
    await eventually(() => expecting.frames.length).toBe(1);

    const thief = connect();
    await thief.hello('right');
    expect((await thief.receive()).rejected?.reason).toBe('its token is not known here, or was used before');
    await thief.send({ ready: { abi: 'table' } });
    expecting.peer?.send({ stop: {} });
    expect((await host.receive()).stop).toBeTruthy();
    expect(expecting.frames).toHaveLength(1);
  });

  it('that is not known, or was forgotten, is rejected', async () => {
    const expecting = new Expecting();
    socket.expect('old', expecting);
    socket.forget('old', expecting);
    for (const token of ['wrong', '', 'old']) {
      const host = connect();
      await host.hello(token);
      expect((await host.receive()).rejected?.reason).toMatch(/token is not known/);
    }
    expect(expecting.peer).toBeNull();
  });
});

it('a host of another protocol is told, and so is who expects it', async () => {
  const expecting = new Expecting();
  socket.expect('token', expecting);
  const host = connect();
  await host.hello('token', 7, 9);
  const reason = `the core speaks protocol ${PROTOCOL.min} to ${PROTOCOL.max}, the host 7 to 9; install the same version of both`;
  expect((await host.receive()).rejected?.reason).toBe(reason);
  expect(expecting.rejections).toEqual([reason]);
});

describe('bytes that are no frame', () => {
  it('are ignored from a stranger and a violation from a host', async () => {
    const stranger = connect();
    for (let i = 0; i < 20; i++) await stranger.raw(Buffer.alloc(i * 7, 0xff));
    const expecting = new Expecting();
    socket.expect('token', expecting);
    const host = connect();
    await host.hello('token');
    await host.receive();
    await host.raw(Buffer.alloc(9, 0xff));
    await eventually(() => expecting.violations).toEqual(['9 bytes from the host are no frame of the protocol']);
  });

  it('that are too many end only the connection they came over', async () => {
    const [large, good] = [new Expecting(), new Expecting()];
    socket.expect('large', large);
    socket.expect('good', good);
    const [first, second] = [connect(), connect()];
    await first.hello('large');
    await second.hello('good');
    await first.receive();
    await second.receive();
    await first.raw(Buffer.alloc(5000));
    await second.send({ ready: {} });
    await eventually(() => good.frames.length).toBe(1);
    expect(large.frames).toHaveLength(0);
  });
});

it('a host that has gone costs the others nothing', async () => {
  const [gone, stays] = [new Expecting(), new Expecting()];
  socket.expect('gone', gone);
  socket.expect('stays', stays);
  const [first, second] = [connect(), connect()];
  await first.hello('gone');
  await second.hello('stays');
  await first.receive();
  await second.receive();
  first.close();
  for (let i = 0; i < 100; i++) gone.peer?.send({ stop: {} });
  stays.peer?.send({ stop: {} });
  expect((await second.receive()).stop).toBeTruthy();
});
