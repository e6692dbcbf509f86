/** The file of a unix socket: nobody else's from its birth unless others are let in, and its process's as long as that serves. */

import { once } from 'node:events';
import { chmodSync, lstatSync, mkdirSync, renameSync, rmdirSync, rmSync, type Stats } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname, join } from 'node:path';
import { withItself } from '../own-files.js';

/** How a socket is made, and who is told. */
export interface SocketListenerOptions {
  /** Absolute, and short enough for the system. Its folder is there. */
  path: string;
  /** The beginning of the name of a folder that is beside it for a moment; the pid follows. No other socket there has the same. */
  nursery: string;
  /** Whether who sends nothing any more may still read; the default is that he has gone. */
  allowHalfOpen?: boolean;
  /**
   * Lets others than this user connect to the socket, while it is where they cannot come yet; the default is nobody. It gets a path
   * that leads to the socket and to nothing else.
   */
  admit?: (socket: string) => void;
  connected: (socket: Socket) => void;
  /** A client could not be let in; the listener goes on. */
  failed: (error: Error) => void;
  /** What {@link SocketListener.open} throws when something stands in the way. */
  cannot: (reason: string, cause: unknown) => Error;
}

/** The name of a socket until it has its own. */
const BORN = 's';

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
    const born = join(nursery, BORN);
    const server = createServer({ allowHalfOpen }, connected);
    try {
      removeNursery(nursery);
      mkdirSync(nursery, { mode: 0o700 });
      // Where others may write to the folder, somebody may put something else in the place of each.
      withOwn(nursery, 'isDirectory', (itself) => chmodSync(itself, 0o700));
      await once(server.listen(born), 'listening');
      server.on('error', failed);
      const identity = withOwn(born, 'isSocket', (itself, info) => {
        chmodSync(itself, 0o600);
        admit?.(itself);
        return `${info.dev}:${info.ino}`;
      });
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

/** With all that is ever in one, and nothing else: a link may lead elsewhere. What cannot be removed, the next one meets. */
function removeNursery(nursery: string): void {
  try {
    withItself(nursery, (itself, info) => {
      if (info.isDirectory()) rmSync(join(itself, BORN), { force: true });
    });
  } catch {
    // Most often there is none. Else why is told by what could not be made in its place.
  }
  for (const remove of [rmdirSync, rmSync]) {
    try {
      remove(nursery);
      return;
    } catch {
      // It may be no folder.
    }
  }
}

/** @throws an error when something else stands there than what this process has made */
function withOwn<T>(path: string, kind: 'isDirectory' | 'isSocket', use: (itself: string, info: Stats) => T): T {
  return withItself(path, (itself, info) => {
    if (!info[kind]() || info.uid !== process.geteuid?.())
      throw new Error(`somebody else has put something at ${path}`);
    return use(itself, info);
  });
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
