/** The socket of one module in the core: every host of the module connects to it and is known by its token. */

import { performance } from 'node:perf_hooks';
import { Router } from 'zeromq';
import { HandshakeError } from '../errors.js';
import {
  type CoreFrame,
  decodeHostFrame,
  encodeCoreFrame,
  type HostFrame,
  negotiate,
  PROTOCOL,
} from '../wire/codec.js';
import { Outbox } from '../wire/outbox.js';

/** How long frames are read before everything else has its turn. */
const TURN_MS = 5;

/** A connected host, as frames are sent to it. */
export interface Peer {
  /** Queues one frame; one for a host that has gone is dropped, its exit says the rest. */
  send(frame: CoreFrame): void;
}

/** Who expects a host: gets its connection, then its frames. */
export interface PeerListener {
  connected(peer: Peer, protocol: number): void;
  received(frame: HostFrame): void;
  /** The host speaks another protocol; it was told so. */
  rejected(error: HandshakeError): void;
  /** A frame could not be delivered: the host has closed its end. */
  lost(): void;
  /** The host sent something that is no frame. */
  violated(error: HandshakeError): void;
}

/** One ROUTER socket, bound for the life of the module. */
export class ModuleSocket {
  readonly #socket = new Router({
    mandatory: true,
    linger: 0,
    // What is under way to hosts is bounded by their windows, not by a count of frames.
    sendHighWaterMark: 0,
    // Per host. An honest one is bounded by its black box; one that floods waits in its own process.
    receiveHighWaterMark: 64,
    sendTimeout: 0,
  });
  readonly #expected = new Map<string, PeerListener>();
  readonly #peers = new Map<string, PeerListener>();
  readonly #outbox = new Outbox<[identity: Buffer, frame: Uint8Array]>((message) => this.#deliver(message));

  /**
   * @param maxFrameBytes a larger frame ends the connection of the host that sent it
   */
  constructor(maxFrameBytes: number) {
    this.#socket.maxMessageSize = maxFrameBytes;
  }

  /** Binds to `ipc://path` and serves until closed. */
  async open(path: string): Promise<void> {
    await this.#socket.bind(`ipc://${path}`);
    void this.#receive();
  }

  /** Lets one host in, once, by its token. */
  expect(token: string, listener: PeerListener): void {
    this.#expected.set(token, listener);
  }

  /** Forgets a host, whether it ever connected or not. */
  forget(token: string, listener: PeerListener): void {
    this.#expected.delete(token);
    for (const [identity, known] of this.#peers) if (known === listener) this.#peers.delete(identity);
  }

  /** Closes the socket; what was queued is dropped. */
  close(): void {
    this.#outbox.clear();
    this.#socket.close();
  }

  async #receive(): Promise<void> {
    let began = performance.now();
    for await (const [identity, bytes] of this.#socket) {
      if (identity && bytes) this.#dispatch(identity, bytes);
      if (performance.now() - began < TURN_MS) continue;
      // A host that floods must not keep the core from the others.
      await new Promise(setImmediate);
      began = performance.now();
    }
  }

  #dispatch(identity: Buffer, bytes: Buffer): void {
    const key = identity.toString('latin1');
    const listener = this.#peers.get(key);
    let frame: HostFrame;
    try {
      frame = decodeHostFrame(bytes);
    } catch (error) {
      // A stranger's bytes are nobody's business.
      listener?.violated(error as HandshakeError);
      return;
    }
    if (listener) listener.received(frame);
    else if (frame.hello) this.#greet(key, identity, frame.hello);
  }

  #greet(key: string, identity: Buffer, hello: NonNullable<HostFrame['hello']>): void {
    const token = hello.token ?? '';
    const listener = this.#expected.get(token);
    if (!listener) {
      this.#send(identity, { rejected: { reason: 'its token is not known here, or was used before' } });
      return;
    }
    this.#expected.delete(token);
    const protocol = negotiate(hello.protocolMin ?? 0, hello.protocolMax ?? 0);
    if (protocol === null) {
      const ranges = `the core speaks protocol ${PROTOCOL.min} to ${PROTOCOL.max}, the host ${hello.protocolMin} to ${hello.protocolMax}`;
      const reason = `${ranges}; install the same version of both`;
      this.#send(identity, { rejected: { reason } });
      listener.rejected(new HandshakeError('HANDSHAKE_FAILED', reason));
      return;
    }
    this.#peers.set(key, listener);
    listener.connected({ send: (frame) => this.#send(identity, frame) }, protocol);
  }

  #send(identity: Buffer, frame: CoreFrame): void {
    this.#outbox.push([identity, encodeCoreFrame(frame)]);
  }

  async #deliver(message: [identity: Buffer, frame: Uint8Array]): Promise<void> {
    if (this.#socket.closed) return;
    try {
      await this.#socket.send(message);
    } catch {
      // EHOSTUNREACH: the host is gone, or has closed what it must not.
      this.#peers.get(message[0].toString('latin1'))?.lost();
    }
  }
}
