import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import Long from 'long';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Dealer, Pair, Router } from 'zeromq';
import { CoreLink } from '../../../../../src/host-runner/core-link.js';
import { HostSocket } from '../../../../../src/supervisor/runner/local/host-socket.js';
import type { Peer, PeerListener } from '../../../../../src/supervisor/runner/peer.js';
import {
  type CoreFrame,
  decodeCoreFrame,
  encodeHostFrame,
  type HostFrame,
  type HostFrameFields,
  PROTOCOL,
  proofOf,
} from '../../../../../src/wire/codec.js';
import { makeTempDir } from '../../../../helpers/temp-dir.js';

/** A host that says what a test tells it to. */
class ScriptedHost {
  // What it has sent goes out when it closes.
  readonly #socket = new Pair({ linger: 5000 });
  constructor(path: string) {
    this.#socket.bindSync(`ipc://${path}`);
  }
  send(frame: HostFrameFields): Promise<void> {
    return this.raw(encodeHostFrame(frame));
  }
  raw(bytes: Uint8Array): Promise<void> {
    return this.#socket.send(bytes);
  }
  async hello(token: string, min: number = PROTOCOL.min, max: number = PROTOCOL.max): Promise<void> {
    expect((await this.receive()).greeting?.proof).toBe(proofOf(TOKEN));
    await this.send({ hello: { token, protocolMin: min, protocolMax: max, version: 'test' } });
  }
  async receive(): Promise<CoreFrame> {
    return decodeCoreFrame((await this.#socket.receive())[0] as Buffer);
  }
  /** Resolves at the next event of the connection. */
  next(type: 'accept' | 'disconnect'): Promise<void> {
    return new Promise((resolve) => this.#socket.events.on(type, () => resolve()));
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
  losses = 0;
  readonly rejections: string[] = [];
  /** What a test wants to be done at each frame. */
  onFrame: () => void = () => undefined;
  connected(peer: Peer, protocol: number): void {
    this.connections += 1;
    this.peer = peer;
    peer.send({ welcome: { protocol } });
  }
  received(frame: HostFrame): void {
    this.frames.push(frame);
    this.onFrame();
  }
  lost(): void {
    this.losses += 1;
  }
  rejected(error: Error): void {
    this.rejections.push(error.message);
  }
  violated(error: Error): void {
    this.violations.push(error.message);
  }
}

const MAX_FRAME = 4096;
const TOKEN = 'a token of this host';
let path: string;
let expecting: Expecting;
let socket: HostSocket;
let host: ScriptedHost;
const closing: { close(): void }[] = [];

/** Another host, and the connection to it. */
function pair(): { host: ScriptedHost; socket: HostSocket; expecting: Expecting; path: string } {
  const path = join(makeTempDir(), 'h.sock');
  const host = new ScriptedHost(path);
  const expecting = new Expecting();
  const socket = new HostSocket({ path, token: TOKEN }, MAX_FRAME, expecting);
  socket.connect();
  closing.push(host, socket);
  return { host, socket, expecting, path };
}

beforeEach(() => {
  ({ host, socket, expecting, path } = pair());
});
afterEach(() => {
  for (const one of closing.splice(0)) one.close();
});

const eventually = (holds: () => unknown) => expect.poll(holds, { timeout: 10_000 });

describe('a host', () => {
  it('is let in by its token, once', async () => {
    await host.hello(TOKEN);
    expect((await host.receive()).welcome?.protocol).toBe(PROTOCOL.max);
    await host.send({ ready: { abi: 'table' } });
    await host.send({ hello: { token: TOKEN, protocolMin: PROTOCOL.min, protocolMax: PROTOCOL.max } });
    await eventually(() => expecting.frames.map((frame) => Object.keys(frame)[0])).toEqual(['ready', 'hello']);
    expect(expecting.connections).toBe(1);
  });

  it('that knows more protocols speaks the one of the core', async () => {
    await host.hello(TOKEN, 0, 99);
    expect((await host.receive()).welcome?.protocol).toBe(PROTOCOL.max);
  });

  it.each(['wrong', ''])('that does not know its token is turned away (%j)', async (token) => {
    await host.hello(token);
    await eventually(() => expecting.violations).toEqual([
      `the process that answers at ${path} is not the host that this core has started`,
    ]);
    expect(expecting.peer).toBeNull();
  });

  it('that does not begin with its hello is turned away', async () => {
    await host.send({ ready: { abi: 'table' } });
    await eventually(() => expecting.violations).toEqual([expect.stringMatching(/is not the host/)]);
    expect(expecting.frames).toEqual([]);
  });

  it('of another protocol gets an error, and so does whoever expects it', async () => {
    await host.hello(TOKEN, PROTOCOL.max + 1, 9);
    const reason = `the core speaks protocol ${PROTOCOL.min} to ${PROTOCOL.max}, the host ${PROTOCOL.max + 1} to 9; install the same version of both`;
    expect((await host.receive()).rejected?.reason).toBe(reason);
    expect(expecting.rejections).toEqual([reason]);
    expect(expecting.violations).toEqual([]);
  });
});

it('frames arrive whole and in their order, both ways', async () => {
  await host.hello(TOKEN);
  await host.receive();
  const numbers = Array.from({ length: 1000 }, (_, i) => i);
  for (const protocol of numbers) expecting.peer?.send({ welcome: { protocol } });
  const seen: (number | null | undefined)[] = [];
  for (const _ of numbers) seen.push((await host.receive()).welcome?.protocol);
  expect(seen).toEqual(numbers);
  for (const number of numbers) await host.send({ report: { position: Long.fromNumber(number, true) } });
  await eventually(() => expecting.frames.length).toBe(numbers.length);
  expect(expecting.frames.map(({ report }) => report?.position)).toEqual(numbers);
});

it('after the close nothing is reported any more, and the path is gone', async () => {
  await host.hello(TOKEN);
  await host.receive();
  expecting.onFrame = () => socket.close();
  for (let i = 0; i < 50; i++) await host.send({ ready: {} });
  await host.next('disconnect');
  expect(expecting.frames).toHaveLength(1);
  expect([expecting.losses, expecting.violations]).toEqual([0, []]);
  expect(existsSync(path)).toBe(false);
});

describe('bytes that are not a frame', () => {
  it('are a violation', async () => {
    await host.hello(TOKEN);
    await host.receive();
    await host.raw(Buffer.alloc(9, 0xff));
    await eventually(() => expecting.violations).toEqual(['9 bytes from the host are not a frame of the protocol']);
  });

  it('that are too many end the connection, and no other one', async () => {
    const other = pair();
    for (const one of [host, other.host]) {
      await one.hello(TOKEN);
      await one.receive();
    }
    // As long as a frame may be, then one byte more.
    await host.send({ refused: { message: 'x'.repeat(MAX_FRAME - 6) } });
    await eventually(() => expecting.frames.length).toBe(1);
    await host.raw(Buffer.alloc(MAX_FRAME + 1));
    await eventually(() => expecting.losses).toBe(1);
    await other.host.send({ ready: {} });
    await eventually(() => other.expecting.frames.length).toBe(1);
    expect([expecting.violations, other.expecting.losses]).toEqual([[], 0]);
  });
});

describe('a host that closes its end', () => {
  it('is reported as lost once, and everything that it had sent is read', async () => {
    await host.hello(TOKEN);
    await host.receive();
    const lossesAtLast = new Promise<number>((resolve) => {
      expecting.onFrame = () => {
        // Longer than a turn, so the loss is reported while frames still wait.
        for (const end = performance.now() + 6; performance.now() < end; );
        if (expecting.frames.length === 30) resolve(expecting.losses);
      };
    });
    for (let i = 0; i < 30; i++) await host.send({ ready: {} });
    host.close();
    expect(await lossesAtLast).toBe(1);
    expect(expecting.losses).toBe(1);
  });

  it('causes no error for frames that are sent to it later', async () => {
    await host.hello(TOKEN);
    await host.receive();
    host.close();
    await eventually(() => expecting.losses).toBe(1);
    const before = process.memoryUsage().rss;
    const payload = Buffer.alloc(1024 * 1024);
    for (let i = 0; i < 500; i++) socket.send({ batch: { calls: [{ message: { payload } }] } });
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * 1024 * 1024);
    expect(expecting.losses).toBe(1);
  });

  it('is not connected to again, whoever listens in its place', async () => {
    await host.hello(TOKEN);
    await host.receive();
    host.close();
    await eventually(() => expecting.losses).toBe(1);
    const thief = new Router({ linger: 0 });
    // Ten times as slow to try again as the core is.
    const witness = new Dealer({ linger: 0, reconnectInterval: 500 });
    closing.push(thief, witness);
    witness.connect(`ipc://${path}`);
    await new Promise<void>((resolve) => witness.events.on('connect:retry', () => resolve()));
    thief.bindSync(`ipc://${path}`);
    expecting.peer?.send({ stop: {} });
    await witness.send('seen');
    const [first] = await thief.receive();
    thief.receiveTimeout = 0;
    expect(first).toBeDefined();
    await expect(thief.receive()).rejects.toThrow();
  });
});

describe('the end of the host', () => {
  let link: CoreLink;
  beforeEach(() => {
    path = join(makeTempDir(), 'l.sock');
    link = new CoreLink(path, process.pid);
    closing.push(link);
  });

  it('can be connected to by its user alone, whatever the umask', () => {
    const before = process.umask(0);
    try {
      const open = `${path}.open`;
      closing.push(new CoreLink(open, process.pid));
      expect(statSync(open).mode & 0o777).toBe(0o600);
      expect(process.umask()).toBe(0);
    } finally {
      process.umask(before);
    }
  });

  it('knows its core, and is then out of reach', async () => {
    const core = new HostSocket({ path, token: TOKEN }, MAX_FRAME, new Expecting());
    closing.push(core);
    core.connect();
    expect(await link.meet(TOKEN)).toBe(true);
    expect(existsSync(path)).toBe(false);
  });

  it.each<[string, (stranger: Pair) => Promise<void>]>([
    ['another token', (stranger) => stranger.send(Buffer.from(`3a420a40${'61'.repeat(64)}`, 'hex'))],
    ['an order', (stranger) => stranger.send(Buffer.from('2200', 'hex'))],
    ['nothing that is a frame', (stranger) => stranger.send(Buffer.alloc(9, 0xff))],
  ])('does not obey a stranger that comes first with %s', async (_, speak) => {
    const stranger = new Pair({ linger: 0 });
    closing.push(stranger);
    stranger.connect(`ipc://${path}`);
    await speak(stranger);
    expect(await link.meet(TOKEN)).toBe(false);
  });

  it('is closed to every process but its core', async () => {
    const closed = `${path}.closed`;
    closing.push(new CoreLink(closed, process.ppid));
    const stranger = new Pair({ linger: 0, reconnectInterval: 1 });
    closing.push(stranger);
    let connections = 0;
    const shut = new Promise<void>((resolve) => {
      stranger.events.on('disconnect', () => {
        connections += 1;
        if (connections === 10) resolve();
      });
    });
    let greeted = false;
    stranger.events.on('handshake', () => {
      greeted = true;
    });
    stranger.connect(`ipc://${closed}`);
    await shut;
    expect(greeted).toBe(false);
  });

  it('turns away everybody else while the core is there', async () => {
    const core = new Expecting();
    const connection = new HostSocket({ path, token: TOKEN }, MAX_FRAME, core);
    closing.push(connection);
    connection.connect();
    const strangers = Array.from({ length: 20 }, () => new Pair({ linger: 0, sendTimeout: 0 }));
    closing.push(...strangers);
    expect(await link.meet(TOKEN)).toBe(true);
    const gone = strangers.map((one) => {
      const refused = new Promise<void>((resolve) => one.events.on('connect:retry', () => resolve()));
      one.connect(`ipc://${path}`);
      return refused;
    });
    await Promise.all(gone);
    link.send({ hello: { token: TOKEN, protocolMin: PROTOCOL.min, protocolMax: PROTOCOL.max } });
    await eventually(() => core.connections).toBe(1);
  });
});
