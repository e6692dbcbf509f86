/** Sees to it that nothing is left: of killed cores when this one starts, of this one when it stops. */

import { recover } from '../black-box/recovery.js';
import type { RunDir } from '../run-dir.js';
import type { LogLine, SentMessage } from '../types.js';
import { describeEnding } from './end-processes.js';
import { endLeftovers } from './leftovers.js';
import { Orphans } from './orphans.js';

/** What a sweeper works with. */
export interface SweeperOptions {
  runDir: RunDir;
  boxDir: string;
  maxMessageBytes: number;
  /** See `SupervisorOptions`. */
  subreaper: boolean;
  message(sent: SentMessage): void;
  log(line: LogLine): void;
}

/** Sweeps for one run of one core. */
export class Sweeper {
  /** What hosts leave behind is adopted and ended with them; `null` without subreaper. */
  readonly orphans: Orphans | null;
  /** Messages of a killed core that were announced by this one. */
  recoveredSends = 0;
  readonly #options: SweeperOptions;
  #closing: Promise<void> | null = null;

  /** @throws Error when the system refuses to let this process adopt others */
  constructor(options: SweeperOptions) {
    this.#options = options;
    this.orphans = options.subreaper ? new Orphans() : null;
  }

  /** Ends the processes of killed cores; returns when they are gone, or cannot be ended. */
  async sweep(): Promise<void> {
    const { pid, files, runIds } = this.#options.runDir.left;
    if (pid === null && files.length === 0 && runIds.length === 0) return;
    const who = pid === null ? 'a core' : `the core with pid ${pid}`;
    const sockets = `${files.length} sockets that it left in ${this.#options.runDir.path} were removed`;
    this.#warn(`${who} did not end cleanly; ${sockets}`);
    if (runIds.length > 0) this.#warn(describeEnding(await endLeftovers(runIds), 'that it left'));
  }

  /**
   * Announces what hosts of killed cores had sent and logged and those cores had not handed on; only after
   * {@link sweep}, when nobody writes it any more.
   *
   * @param proceed asked now and then; what is left when it says no is the next core's
   */
  async recover(proceed: () => boolean): Promise<void> {
    const { runDir, boxDir, maxMessageBytes, log } = this.#options;
    const { runIds } = runDir.left;
    if (runIds.length === 0) return;
    const message = (sent: SentMessage) => {
      this.recoveredSends += 1;
      this.#options.message(sent);
    };
    const { boxes, lines, problems, complete } = await recover({
      boxDir,
      runIds,
      maxMessageBytes,
      message,
      log,
      proceed,
    });
    for (const problem of problems) this.#warn(problem);
    if (boxes > 0) {
      const what = `${this.recoveredSends} messages and ${lines} log lines`;
      this.#warn(`${what} were found in the black boxes of a killed core and delivered now`);
    }
    if (complete) runDir.forgetLeft();
  }

  /** Ends what left the process group of its host, once no host is left; may be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const ending = await (this.orphans?.close() ?? endLeftovers([this.#options.runDir.runId], 1));
    this.#warn(describeEnding(ending, 'that modules left behind'));
  }

  #warn(text: string | null): void {
    if (text === null) return;
    const time = Date.now();
    this.#options.log({ time, module: null, generation: null, source: 'supervisor', level: 1, text });
  }
}
