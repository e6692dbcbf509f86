/** The file of a unix socket: nobody else's from its birth unless others are let in, and its process's as long as that serves. */

import { once } from 'node:events';
import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';

/** How a socket is made, and who is told. */
export interface SocketListenerOptions {
  /** Absolute, and short enough for the system. Its folder is there. */
  path: string;
  /** The beginning of the name of a folder that is beside it for a moment; the pid follows. No other socket there has the same. */
  nursery: string;
  /** Whether who sends nothing any more may still read; the default is that he has gone. */
  allowHalfOpen?: boolean;
  /** Lets others than this user connect to the socket, while it is where they cannot come yet; the default is nobody. */
  admit?: (socket: string) => void;
  connected: (socket: Socket) => void;
  /** A client could not be let in; the listener goes on. */
  failed: (error: Error) => void;
  /** What {@link SocketListener.open} throws when something stands in the way. */
  cannot: (reason: string, cause: unknown) => Error;
}

/** Listens on a socket, and keeps its file. */
export class SocketListener {
  readonly #options: SocketListenerOptions;
  #server: Server | null = null;
  /** Which file is ours. */
  #identity = '';

  constructor(options: SocketListenerOptions) {
    this.#options = options;
  }

  /** Where it is. */
  get path(): string {
    return this.#options.path;
  }

  /**
   * Makes the socket and listens; when it is called again, on a new file, and who is connected stays so.
   *
   * @throws what `cannot` makes, when something stands in the way
   */
  async open(): Promise<void> {
    // Made where nobody else can come, since a socket has the mode that the umask leaves it. Node removes the path that it
    // bound when it closes; the name that clients know is ours to remove.
    const { path, admit, connected, failed, cannot, allowHalfOpen = false } = this.#options;
    const nursery = join(dirname(path), `${this.#options.nursery}${process.pid}`);
    const born = join(nursery, 's');
    const server = createServer({ allowHalfOpen }, connected);
    try {
      rmSync(nursery, { recursive: true, force: true });
      mkdirSync(nursery, { mode: 0o700 });
      chmodSync(nursery, 0o700);
      await once(server.listen(born), 'listening');
      server.on('error', failed);
      chmodSync(born, 0o600);
      admit?.(born);
      const identity = identityOf(born);
      renameSync(born, path);
      this.#server?.close();
      this.#server = server;
      this.#identity = identity;
    } catch (cause) {
      server.close();
      const { code, message } = cause as NodeJS.ErrnoException;
      throw cannot(code ?? message, cause);
    } finally {
      removeNursery(nursery);
    }
  }

  /** Whether clients that look for the socket find this one. */
  isThere(): boolean {
    return this.#server !== null && identityOf(this.path) === this.#identity;
  }

  /** Lets nobody in any more, and removes the file unless it is another's by now. What cannot be removed stays. */
  close(): void {
    try {
      if (this.isThere()) rmSync(this.path, { force: true });
    } catch {
      // Nobody listens there any more, and whoever comes next can tell.
    }
    this.#server?.close();
    this.#server = null;
  }
}

/** Where that cannot be, the next one is made in its place. */
function removeNursery(nursery: string): void {
  try {
    rmSync(nursery, { recursive: true, force: true });
  } catch {
    // Why is told by what could not be made in it.
  }
}

/** What cannot be looked at, as when its folder is a file by now, is none: nobody can connect there. */
function identityOf(path: string): string {
  try {
    const info = lstatSync(path);
    return info.isSocket() ? `${info.dev}:${info.ino}` : 'none';
  } catch {
    return 'none';
  }
}
