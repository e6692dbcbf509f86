/** Sees to it that nothing is left: of killed cores when this one starts, of this one when it stops. */

import type { WireParams } from '../../wire/params.js';
import type { RunDir } from '../directories/run-dir.js';
import { describeEnding } from '../news/describe-ending.js';
import { Orphans } from '../runner/local/leftovers/orphans.js';
import type { LogLine, SendKeeper, SentMessage } from '../types.js';
import { endLeftovers } from './leftovers.js';
import { recover } from './recovery.js';
import { findLostRuns, forgetRun, type LostRun, markRun } from './run-marks.js';
import { isThrowaway, removeDeadThrowaway, removeDeadThrowaways } from './throwaway-dirs.js';

/** What a sweeper works with. */
export interface SweeperOptions {
  runDir: RunDir;
  boxDir: string;
  maxMessageBytes: number;
  /** See `SupervisorOptions`. */
  subreaper: boolean;
  /** @param params its parameters, to be kept */
  message(sent: SentMessage, params: WireParams): void;
  /** Who keeps what {@link message} is given; `null`: nobody does. */
  keeper: Pick<SendKeeper, 'settled'> | null;
  log(line: LogLine): void;
}

/** Sweeps for one run of one core. */
export class Sweeper {
  /** What hosts leave behind is adopted and ended with them; `null` without subreaper. */
  readonly orphans: Orphans | null;
  /** Messages of a killed core that were announced by this one. */
  recoveredSends = 0;
  readonly #options: SweeperOptions;
  #oldRunIds: string[] = [];
  #closing: Promise<void> | null = null;

  /** @throws Error when the system refuses to let this process adopt others */
  constructor(options: SweeperOptions) {
    this.#options = options;
    this.orphans = options.subreaper ? new Orphans() : null;
  }

  /**
   * Ends the processes of killed cores, and removes what those left that nobody will start again; returns when they are
   * gone, or cannot be ended.
   */
  async sweep(): Promise<void> {
    const { runDir, boxDir } = this.#options;
    const { pid, files, runIds } = runDir.left;
    markRun(boxDir, { runId: runDir.runId, runDir: runDir.path });
    removeDeadThrowaways(Date.now());
    // What a lasting core left is swept by one, whose log tells its operator of it; nobody reads that of `try`.
    const isForUs = isThrowaway(runDir.path) ? (run: LostRun) => isThrowaway(run.runDir) : () => true;
    const lost = findLostRuns(boxDir).filter(isForUs);
    const ours = lost.filter((run) => run.runDir === runDir.path);
    this.#oldRunIds = [...runIds, ...ours.map(({ runId }) => runId)];
    if (pid !== null || files.length > 0 || this.#oldRunIds.length > 0) {
      const who = pid === null ? 'a core' : `the core with pid ${pid}`;
      this.#warn(`${who} did not end cleanly; ${describeFiles(files.length)} in ${runDir.path}`);
    }
    const all = [...runIds, ...lost.map(({ runId }) => runId)];
    if (all.length > 0) this.#warn(describeEnding(await endLeftovers(all), 'that it left'));
    for (const run of lost) if (run.runDir !== runDir.path) this.#abandon(run);
  }

  #abandon({ runId, runDir }: LostRun): void {
    const boxes = forgetRun(this.#options.boxDir, runId);
    // What a core for a moment had in them is missed by nobody.
    if (isThrowaway(runDir)) removeDeadThrowaway(runDir, Date.now());
    else if (boxes > 0) this.#warn(`${describeBoxes(boxes)} removed: ${runDir} knows nothing of it any more`);
  }

  /**
   * Announces what hosts of killed cores had sent and logged and those cores had not handed on; only after
   * {@link sweep}, when nobody writes it any more.
   *
   * @param proceed asked now and then; what is left when it says no is the next core's
   */
  async recover(proceed: () => boolean): Promise<void> {
    const { runDir, boxDir, maxMessageBytes, keeper, log } = this.#options;
    const runIds = this.#oldRunIds;
    if (runIds.length === 0) return;
    const message = (sent: SentMessage, params: WireParams) => {
      this.recoveredSends += 1;
      this.#options.message(sent, params);
    };
    const { lines, problems, complete } = await recover({
      boxDir,
      runIds,
      maxMessageBytes,
      message,
      keeper,
      log,
      proceed,
    });
    for (const problem of problems) this.#warn(problem);
    if (this.recoveredSends + lines > 0) {
      const what = `${this.recoveredSends} messages and ${lines} log lines`;
      this.#warn(`${what} were found in the black boxes of a killed core and delivered now`);
    }
    if (!complete) return;
    for (const runId of runIds) forgetRun(boxDir, runId);
    runDir.forgetLeft();
  }

  /** Ends what left the process group of its host, once no host is left; may be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    // What the last hosts sent stands in their boxes until then.
    await this.#options.keeper?.settled();
    const ending = await (this.orphans?.close() ?? endLeftovers([this.#options.runDir.runId], 1));
    this.#warn(describeEnding(ending, 'that modules left behind'));
    forgetRun(this.#options.boxDir, this.#options.runDir.runId);
  }

  #warn(text: string | null): void {
    if (text === null) return;
    const time = Date.now();
    this.#options.log({ time, module: null, generation: null, source: 'supervisor', level: 1, text });
  }
}

function describeFiles(count: number): string {
  if (count === 0) return 'it had left no socket';
  return count === 1 ? 'its socket was removed that it left' : `${count} sockets were removed that it left`;
}

function describeBoxes(count: number): string {
  return count === 1 ? '1 black box of a killed core was' : `${count} black boxes of a killed core were`;
}
