/** Where callers come: an address with a port, or a unix socket that nobody but this user can use. */

import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { formatHttpAddress, type HttpAddress } from '../config/http-address.js';
import { DirectoryError, SupervisorError } from '../errors.js';
import { SocketListener } from '../unix-socket/listener.js';
import { requireShort } from '../unix-socket/path.js';
import { describeObstacle, findObstacle } from '../unix-socket/place.js';

/** A place where callers are let in. */
export interface Listening {
  /** As it would be written in a configuration. */
  readonly address: string;
  /** @throws DirectoryError `HTTP_UNUSABLE` */
  open(): Promise<void>;
  /** Whether who looks for it finds this one. */
  isThere(): boolean;
  /** Lets nobody in any more. */
  close(): void;
}

/** What a place tells. */
export interface ListeningEvents {
  connected(socket: Socket): void;
  failed(error: Error): void;
}

/** Makes one; nothing listens before it is opened. */
export function listeningAt(address: HttpAddress, events: ListeningEvents): Listening {
  return address.kind === 'tcp' ? new TcpListening(address, events) : new UnixListening(address.path, events);
}

/** Of the system's errors, those that an operator meets. */
const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'another process listens there',
  EADDRNOTAVAIL: 'this machine does not have the address',
  EACCES: 'this user may not use the port',
  ENOTFOUND: 'the name of the host is not known',
  EAI_AGAIN: 'the name of the host cannot be looked up now',
};

class TcpListening implements Listening {
  readonly #host: string;
  readonly #port: number;
  readonly #server: Server;

  constructor({ host, port }: { host: string; port: number }, { connected, failed }: ListeningEvents) {
    this.#host = host;
    this.#port = port;
    // A caller that has sent everything may still read.
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, connected);
    this.#server.on('error', (error) => {
      if (this.#server.listening) failed(error);
    });
  }

  get address(): string {
    const bound = this.#server.address() as AddressInfo | null;
    return formatHttpAddress(this.#host, bound?.port ?? this.#port);
  }

  async open(): Promise<void> {
    try {
      await once(this.#server.listen({ host: this.#host, port: this.#port }), 'listening');
    } catch (cause) {
      const { code, message } = cause as NodeJS.ErrnoException;
      throw unusable(this.address, REASONS[code ?? ''] ?? code ?? message, cause);
    }
  }

  isThere(): boolean {
    return true;
  }

  close(): void {
    this.#server.close();
  }
}

const NURSERY = '.h';

class UnixListening implements Listening {
  readonly #path: string;
  readonly #listener: SocketListener;

  constructor(path: string, { connected, failed }: ListeningEvents) {
    this.#path = path;
    requireShort(path, 'set "http" to a shorter path');
    requireShort(join(dirname(path), `${NURSERY}${process.pid}`, 's'), 'set "http" to a shorter path');
    const cannot = (reason: string, cause: unknown) =>
      cause instanceof SupervisorError ? cause : unusable(this.address, describeObstacle(reason), cause);
    this.#listener = new SocketListener({ path, nursery: NURSERY, allowHalfOpen: true, connected, failed, cannot });
  }

  get address(): string {
    return `unix:${this.#path}`;
  }

  async open(): Promise<void> {
    const obstacle = await findObstacle(this.#path);
    if (obstacle !== null) throw unusable(this.address, describeObstacle(obstacle.reason), obstacle.cause);
    await this.#listener.open();
  }

  isThere(): boolean {
    return this.#listener.isThere();
  }

  close(): void {
    this.#listener.close();
  }
}

function unusable(address: string, reason: string, cause: unknown): DirectoryError {
  const remedy = 'end what is in its place, or set "http" to another address';
  return new DirectoryError('HTTP_UNUSABLE', `nothing can listen at ${address} (${reason})`, { remedy, cause });
}
