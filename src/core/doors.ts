/** The ways into a core from other processes: each is there as long as the core serves. */

import { ControlServer, type ControlServerOptions } from '../control/server.js';
import type { Supervisor } from '../supervisor/supervisor.js';

/** What doors are made with. */
export interface DoorsOptions extends Pick<ControlServerOptions, 'runDir' | 'warn'> {
  /** Keeps their files. */
  supervisor: Supervisor;
}

/** What comes in by them. */
export type Doorway = Omit<ControlServerOptions, 'runDir' | 'warn'>;

/** Opened together, and closed together. */
export class Doors {
  readonly #options: DoorsOptions;
  #control: ControlServer | undefined;
  #isRetired = false;

  constructor(options: DoorsOptions) {
    this.#options = options;
  }

  /**
   * Makes the control socket and begins to answer.
   *
   * @throws DirectoryError when something stands in the way
   */
  async open(doorway: Doorway): Promise<void> {
    const { runDir, supervisor, warn } = this.#options;
    this.#control = await ControlServer.open({ ...doorway, runDir, warn });
    // The stop may have begun while the socket was being opened.
    if (this.#isRetired) this.#control.retire();
    else supervisor.keepFile(this.#control);
  }

  /** Takes nobody in any more; those who are in are still answered. */
  retire(): void {
    this.#isRetired = true;
    this.#control?.retire();
  }

  /** Ends all answering; what was answered may still leave. */
  async close(): Promise<void> {
    await this.#control?.close();
  }
}
