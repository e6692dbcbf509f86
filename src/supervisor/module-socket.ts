/** The socket of one module in the core: every host of the module connects to it and is known by its token. */

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

/** A connected host, as frames are sent to it. */
export interface Peer {
  /** Queues one frame; one for a host that has gone is dropped, its exit says the rest. */
  send(frame: CoreFrame): void;
}

/** Who expects a host: gets its connection, then its frames. */
export interface PeerListener {
  connected(peer: Peer, protocol: number, version: string): void;
  received(frame: HostFrame): void;
  /** The host sent something that is no frame, or spoke out of turn. */
  violated(error: HandshakeError): void;
}

/** One ROUTER socket, bound for the life of the module. */
export class ModuleSocket {
  readonly #socket = new Router({
    mandatory: true,
    linger: 0,
    // What is under way is bounded by the windows of the hosts, not by a count of frames.
    sendHighWaterMark: 0,
    receiveHighWaterMark: 0,
    sendTimeout: 0,
  });
  readonly #expected = new Map<string, PeerListener>();
  readonly #peers = new Map<string, PeerListener>();
  readonly #outbox: [identity: Buffer, frame: Uint8Array][] = [];
  #sending = false;

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
    this.#outbox.length = 0;
    this.#socket.close();
  }

  async #receive(): Promise<void> {
    for await (const [identity, bytes] of this.#socket) {
      if (identity && bytes) this.#dispatch(identity, bytes);
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
      listener.violated(new HandshakeError('HANDSHAKE_FAILED', reason));
      return;
    }
    this.#peers.set(key, listener);
    listener.connected({ send: (frame) => this.#send(identity, frame) }, protocol, hello.version ?? '');
  }

  #send(identity: Buffer, frame: CoreFrame): void {
    this.#outbox.push([identity, encodeCoreFrame(frame)]);
    if (!this.#sending) void this.#pump();
  }

  async #pump(): Promise<void> {
    this.#sending = true;
    for (let next = this.#outbox.shift(); next && !this.#socket.closed; next = this.#outbox.shift()) {
      try {
        await this.#socket.send(next);
      } catch {
        // EHOSTUNREACH: the host is gone, and its exit settles what it held.
      }
    }
    this.#sending = false;
  }
}
