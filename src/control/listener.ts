/** The file of the control socket: nobody else's from its birth, and this core's as long as it serves. */

import { once } from 'node:events';
import { chmodSync, lstatSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { DirectoryError } from '../errors.js';
import { controlSocketPath } from './endpoint.js';

/** Listens on the control socket of a run directory, and keeps its file. */
export class ControlListener {
  readonly #runDir: string;
  readonly path: string;
  readonly #connected: (socket: Socket) => void;
  readonly #failed: (error: Error) => void;
  #server: Server | null = null;
  /** Which file is ours. */
  #identity = '';

  /**
   * @param failed - told when a client could not be let in; the listener goes on
   * @throws DirectoryError `SOCKET_PATH_TOO_LONG`
   */
  constructor(runDir: string, connected: (socket: Socket) => void, failed: (error: Error) => void) {
    this.#runDir = runDir;
    this.path = controlSocketPath(runDir);
    this.#connected = connected;
    this.#failed = failed;
  }

  /**
   * Makes the socket and listens; when it is called again, on a new file, and who is connected stays so.
   *
   * @throws DirectoryError `RUN_DIR_UNUSABLE` when something stands in the way
   */
  async open(): Promise<void> {
    // Made where nobody else can come, since a socket has the mode that the umask leaves it. Node removes the path that it
    // bound when it closes; the name that clients know is ours to remove.
    const nursery = join(this.#runDir, `c${process.pid}`);
    const born = join(nursery, 's');
    const server = createServer(this.#connected);
    try {
      rmSync(nursery, { recursive: true, force: true });
      mkdirSync(nursery, { mode: 0o700 });
      chmodSync(nursery, 0o700);
      await once(server.listen(born), 'listening');
      server.on('error', this.#failed);
      chmodSync(born, 0o600);
      const identity = identityOf(born);
      renameSync(born, this.path);
      this.#server?.close();
      this.#server = server;
      this.#identity = identity;
    } catch (cause) {
      server.close();
      const { code } = cause as NodeJS.ErrnoException;
      const remedy = 'remove what is there, or give another --run-dir';
      const what = `the control socket ${this.path} cannot be made (${code})`;
      throw new DirectoryError('RUN_DIR_UNUSABLE', what, { remedy, cause });
    } finally {
      rmSync(nursery, { recursive: true, force: true });
    }
  }

  /** Whether clients that look for the socket find this one. */
  isThere(): boolean {
    return this.#server !== null && identityOf(this.path) === this.#identity;
  }

  /** Lets nobody in any more, and removes the file unless it is another's by now. */
  close(): void {
    if (this.isThere()) rmSync(this.path, { force: true });
    this.#server?.close();
    this.#server = null;
  }
}

function identityOf(path: string): string {
  const info = lstatSync(path, { throwIfNoEntry: false });
  return info?.isSocket() ? `${info.dev}:${info.ino}` : 'none';
}
