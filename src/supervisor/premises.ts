/** What one core holds while it runs: its directories, and the duty to leave nothing in them. */

import { resolve } from 'node:path';
import { takeAllInTurn } from '../to-the-end.js';
import { acquireRunDir, hostSocketPath, type RunDir } from './directories/run-dir.js';
import { RunDirGuard } from './directories/run-dir-guard.js';
import { acquireStateDir, type StateDir } from './directories/state-dir.js';
import type { Announcer } from './news/announcer.js';
import { Sweeper } from './recovery/sweeper.js';
import { removeEmptyDirectories } from './runner/local/working-directory.js';
import type { SupervisorOptions } from './types.js';

/** Where black boxes are made unless said otherwise. */
const BOX_DIR = '/dev/shm';

/** Held from its making until it is closed. */
export class Premises {
  readonly runDir: RunDir;
  /** `null`: the core keeps no state. */
  readonly stateDir: StateDir | null;
  /** Where that is; `null` as well. */
  readonly statePath: string | null;
  readonly boxDir: string;
  readonly guard: RunDirGuard;
  readonly sweeper: Sweeper;
  #closing: Promise<void> | null = null;

  /**
   * @throws {DirectoryError} when a directory is held by another core or cannot be used; then nothing is held
   * @throws {IllegalStateError} when another supervisor is the subreaper
   */
  constructor(options: SupervisorOptions, announcer: Announcer) {
    // As long as that of every host.
    hostSocketPath(options.runDir);
    const { stateDir, boxDir = BOX_DIR, subreaper = false, sendKeeper: keeper = null } = options;
    this.boxDir = boxDir;
    this.statePath = stateDir ?? null;
    const statePath = stateDir === undefined ? null : resolve(stateDir);
    this.runDir = acquireRunDir(options.runDir, options.kind ?? 'bare', statePath);
    this.guard = new RunDirGuard(this.runDir, { say: (text) => announcer.warn(text) });
    let held: StateDir | null = null;
    try {
      if (stateDir !== undefined) {
        held = acquireStateDir(stateDir, this.runDir.path);
        this.guard.keep(held);
      }
      const message = announcer.recovered.bind(announcer);
      const log = announcer.log.bind(announcer);
      const told = { message, keeper, log };
      const places = { runDir: this.runDir, boxDir, stateDir: statePath };
      this.sweeper = new Sweeper({ ...places, subreaper, ...told });
    } catch (error) {
      void this.guard.close();
      held?.release();
      this.runDir.release();
      throw error;
    }
    this.stateDir = held;
  }

  /** What is wrong with the directories, a line each. */
  get problems(): string[] {
    const stateDir = this.stateDir?.problem ?? null;
    return [...(stateDir === null ? [] : [stateDir]), ...this.guard.problems];
  }

  /**
   * Gives everything back, once no host is left; may be called again.
   *
   * @param clear removes what was kept in the run directory
   */
  close(clear?: () => Promise<void>): Promise<void> {
    this.#closing ??= this.#close(clear);
    return this.#closing;
  }

  async #close(clear?: () => Promise<void>): Promise<void> {
    await takeAllInTurn(
      () => this.sweeper.close(),
      () => this.guard.close(),
      () => removeEmptyDirectories(this.runDir.path),
      () => clear?.(),
      () => this.stateDir?.release(),
      () => this.runDir.release(),
    );
  }
}
