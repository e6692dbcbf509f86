/**
 * The connection of the core to one host. The host listens and the core connects. The reason is ZeroMQ: without a free
 * descriptor, a listener ends its process, but a connection only waits for one.
 */

import { unlinkSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { Pair } from 'zeromq';
import { HandshakeError } from '../../../errors.js';
import {
  type CoreFrame,
  decodeHostFrame,
  encodeCoreFrame,
  type HostFrame,
  negotiate,
  PROTOCOL,
  proofOf,
} from '../../../wire/codec.js';
import type { Peer, PeerListener } from '../peer.js';

/** How long frames are read before everything else has its turn. */
const TURN_MS = 5;
/** The host listens already: only a core without a descriptor has to try again. */
const RECONNECT_MS = 50;

/** Where a host listens, and how it is known. */
export interface HostAddress {
  path: string;
  token: string;
}

/** One PAIR socket: it has one peer for the life of the host. */
export class HostSocket implements Peer {
  readonly #address: HostAddress;
  #listener: PeerListener;
  readonly #socket: Pair;
  /** Called when the host has said who it is. */
  onGreeted: () => void = () => undefined;
  /** The protocol of the host that has said who it is. */
  #protocol: number | null = null;
  #isLost = false;
  #isWaiting = false;

  /**
   * @param maxFrameBytes a larger frame ends the connection
   * @throws an error of the system, `EMFILE` for one, when the socket cannot be made
   */
  constructor(address: HostAddress, maxFrameBytes: number, listener: PeerListener) {
    this.#address = address;
    this.#listener = listener;
    this.#socket = new Pair({
      linger: 0,
      maxMessageSize: maxFrameBytes,
      // The window of a host bounds what travels to it, not a count of frames.
      sendHighWaterMark: 0,
      // An honest host is bounded by its black box; one that floods waits in its own process.
      receiveHighWaterMark: 64,
      sendTimeout: 0,
      reconnectInterval: RECONNECT_MS,
    });
    try {
      this.#socket.events.on('disconnect', () => this.#disconnected());
    } catch (error) {
      this.#socket.close();
      throw error;
    }
  }

  /** Connects, once the host listens. */
  connect(): void {
    if (this.#socket.closed) return;
    this.#socket.connect(`ipc://${this.#address.path}`);
    this.send({ greeting: { proof: proofOf(this.#address.token) } });
    void this.#receive();
  }

  /** Whether the host has said who it is. */
  get isGreeted(): boolean {
    return this.#protocol !== null;
  }

  /** Gives a greeted connection to a new owner, who is told about it in a moment. */
  handOver(listener: PeerListener): void {
    const protocol = this.#protocol as number;
    this.#listener = listener;
    queueMicrotask(() => listener.connected(this, protocol));
  }

  send(frame: CoreFrame): void {
    if (!this.#isLost) this.sendBytes(encodeCoreFrame(frame));
  }

  /** With no time to wait a send is over when it returns: none has to wait for the one before it. */
  sendBytes(frame: Uint8Array): void {
    if (!this.#isLost && !this.#socket.closed) this.#socket.send(frame).catch(this.#undelivered);
  }

  readonly #undelivered = (): void => this.#lose();

  /** Closes the connection. What was queued is dropped, and what still arrives is not read. */
  close(): void {
    this.#isLost = true;
    this.#socket.close();
    removeFile(this.#address.path);
  }

  /** Reads until nothing more comes. Frames that have already arrived need no turn of the event loop each. */
  async #receive(): Promise<void> {
    const socket = this.#socket;
    let beganMs = performance.now();
    while (!socket.closed) {
      let frames: Buffer[];
      this.#isWaiting = true;
      try {
        frames = await socket.receive();
      } catch {
        break;
      } finally {
        this.#isWaiting = false;
      }
      this.#dispatch(frames[0] as Buffer);
      if (performance.now() - beganMs < TURN_MS) continue;
      // A host that floods must not keep the core from the others.
      await new Promise(setImmediate);
      beganMs = performance.now();
    }
    this.close();
  }

  #dispatch(bytes: Buffer): void {
    let frame: HostFrame;
    try {
      frame = decodeHostFrame(bytes);
    } catch (error) {
      this.#listener.violated(error as HandshakeError);
      return;
    }
    if (this.#protocol !== null) this.#listener.received(frame);
    else this.#greet(frame.hello ?? null);
  }

  #greet(hello: HostFrame['hello']): void {
    if (hello?.token !== this.#address.token) {
      const what = `the process that answers at ${this.#address.path} is not the host that this core has started`;
      this.#listener.violated(new HandshakeError('HANDSHAKE_FAILED', what));
      return;
    }
    const protocol = negotiate(hello.protocolMin ?? 0, hello.protocolMax ?? 0);
    if (protocol === null) {
      const ranges = `the core speaks protocol ${PROTOCOL.min} to ${PROTOCOL.max}, the host ${hello.protocolMin} to ${hello.protocolMax}`;
      const reason = `${ranges}; install the same version of both`;
      this.send({ rejected: { reason } });
      this.#listener.rejected(new HandshakeError('HANDSHAKE_FAILED', reason));
      return;
    }
    this.#protocol = protocol;
    this.onGreeted();
    this.#listener.connected(this, protocol);
  }

  /** What came before is read still. Then the socket is closed, so that it connects to nobody else. */
  #disconnected(): void {
    if (this.#isLost) return;
    this.#lose();
    this.#socket.receiveTimeout = 0;
    setImmediate(() => {
      if (this.#isWaiting) this.close();
    });
  }

  #lose(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#listener.lost();
  }
}

/** The host removes it when the core is there; one that ended before has left it. */
function removeFile(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    return;
  }
}
