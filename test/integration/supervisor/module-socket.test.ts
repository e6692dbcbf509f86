import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Dealer } from 'zeromq';
import { ModuleSocket, type Peer, type PeerListener } from '../../../src/supervisor/module-socket.js';
import { type CoreFrame, decodeCoreFrame, encodeHostFrame, type HostFrame, PROTOCOL } from '../../../src/wire/codec.js';
import { makeTempDir } from '../../helpers/temp-dir.js';

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
  /** Resolves when the core has ended the connection; what is sent later goes over the next one. */
  disconnected(): Promise<void> {
    return new Promise((resolve) => this.#socket.events.on('disconnect', () => resolve()));
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
  connections = 0;
  connected(peer: Peer, protocol: number): void {
    this.connections += 1;
    this.peer = peer;
    peer.send({ welcome: { protocol } });
  }
  received(frame: HostFrame): void {
    this.frames.push(frame);
  }
  losses = 0;
  lost(): void {
    this.losses += 1;
  }
  readonly rejections: string[] = [];
  rejected(error: Error): void {
    this.rejections.push(error.message);
  }
  violated(error: Error): void {
    this.violations.push(error.message);
  }
}

const MAX_FRAME = 4096;
let socket: ModuleSocket;
let hosts: ScriptedHost[];
let connect: () => ScriptedHost;
beforeEach(async () => {
  const path = join(makeTempDir(), 'm.sock');
  socket = new ModuleSocket(MAX_FRAME);
  await socket.open(path);
  hosts = [];
  connect = () => {
    const host = new ScriptedHost(`ipc://${path}`);
    hosts.push(host);
    return host;
  };
});
afterEach(() => {
  for (const host of hosts) host.close();
  socket.close();
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

  it('is its host’s whatever else it says, and a second hello is nothing new', async () => {
    const expecting = new Expecting();
    socket.expect('right', expecting);
    const host = connect();
    await host.hello('right', 0, 99);
    expect((await host.receive()).welcome?.protocol).toBe(PROTOCOL.max);
    await host.hello('right');
    await eventually(() => expecting.frames.map((frame) => frame.hello?.token)).toEqual(['right']);
    expect(expecting.connections).toBe(1);
  });

  it('is used up by a host of another protocol', async () => {
    socket.expect('right', new Expecting());
    const host = connect();
    await host.hello('right', 7, 9);
    expect((await host.receive()).rejected?.reason).toMatch(/^the core speaks protocol/);
    await host.hello('right');
    expect((await host.receive()).rejected?.reason).toMatch(/token is not known/);
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

it('frames arrive whole and in their order, both ways', async () => {
  const expecting = new Expecting();
  socket.expect('token', expecting);
  const host = connect();
  await host.hello('token');
  await host.receive();
  const numbers = Array.from({ length: 1000 }, (_, i) => i);
  for (const protocol of numbers) expecting.peer?.send({ welcome: { protocol } });
  const seen: (number | null | undefined)[] = [];
  for (const _ of numbers) seen.push((await host.receive()).welcome?.protocol);
  expect(seen).toEqual(numbers);
  for (const micros of numbers) await host.send({ report: { entries: [{ result: { micros } }] } });
  await eventually(() => expecting.frames.length).toBe(numbers.length);
  expect(expecting.frames.map(({ report }) => report?.entries?.[0]?.result?.micros)).toEqual(numbers);
});

it('a host that was forgotten is a stranger from then on', async () => {
  const [forgotten, other] = [new Expecting(), new Expecting()];
  socket.expect('forgotten', forgotten);
  socket.expect('other', other);
  const [first, second] = [connect(), connect()];
  await first.hello('forgotten');
  await second.hello('other');
  await first.receive();
  await second.receive();
  socket.forget('forgotten', forgotten);
  await first.send({ ready: {} });
  await first.raw(Buffer.alloc(9, 0xff));
  // Answered, so that what came before it over the same connection was read.
  await first.hello('unknown');
  expect((await first.receive()).rejected?.reason).toMatch(/token is not known/);
  await second.send({ ready: {} });
  await eventually(() => other.frames.length).toBe(1);
  expect([forgotten.frames, forgotten.violations]).toEqual([[], []]);
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
    // As long as a frame may be, then one byte more.
    await first.send({ refused: { message: 'x'.repeat(MAX_FRAME - 6) } });
    await eventually(() => large.frames.length).toBe(1);
    const disconnected = first.disconnected();
    await first.raw(Buffer.alloc(MAX_FRAME + 1));
    await disconnected;
    await second.send({ ready: {} });
    await eventually(() => good.frames.length).toBe(1);
    // It comes back by itself, as anybody: nobody knows it any more.
    await first.send({ ready: {} });
    await first.hello('large');
    expect((await first.receive()).rejected?.reason).toMatch(/used before/);
    expect(large.frames).toHaveLength(1);
    expect(large.violations).toEqual([]);
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
