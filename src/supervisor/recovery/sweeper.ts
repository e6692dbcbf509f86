/** Cleans up: what killed cores left when this one starts, and what this one leaves when it stops. */

import type { WireParams } from '../../wire/params.js';
import type { RunDir } from '../directories/run-dir.js';
import { describeEnding } from '../news/describe-ending.js';
import { Orphans } from '../runner/local/leftovers/orphans.js';
import type { LogLine, SendKeeper, SentMessage } from '../types.js';
import { endLeftovers } from './leftovers.js';
import type { ModuleBox } from './old-boxes.js';
import { removeOldBox } from './old-boxes.js';
import { recover } from './recovery.js';
import {
  findLostRuns,
  forgetAllButSends,
  forgetRun,
  isUnused,
  type LostRun,
  markRun,
  newestFirst,
  waitingSince,
} from './run-marks.js';
import { isThrowaway, removeDeadThrowaway, removeDeadThrowaways } from './throwaway-dirs.js';

/** What a sweeper works with. */
export interface SweeperOptions {
  runDir: RunDir;
  boxDir: string;
  /** Absolute; `null`: the core keeps no state. */
  stateDir: string | null;
  /** See `SupervisorOptions`. */
  subreaper: boolean;
  /** @param params its parameters, to be kept */
  message(sent: SentMessage, params: WireParams): void;
  /** Keeps what {@link message} is given; `null`: nobody does. */
  keeper: Pick<SendKeeper, 'isSafe'> | null;
  log(line: LogLine): void;
}

/** How long boxes with messages wait for a core that takes them: the longest possible `send_ttl`. */
const KEEP_MS = 24 * 3600 * 1000;
/** As often as an unusable store is tried again. */
const LOOK_EVERY_MS = 10_000;

/** Sweeps for one run of one core. */
export class Sweeper {
  /** What hosts leave behind is adopted and ended with them; `null` without subreaper. */
  readonly orphans: Orphans | null;
  /** Messages of a killed core that were announced by this one. */
  recoveredSends = 0;
  readonly #options: SweeperOptions;
  #oldRunIds: string[] = [];
  /** Boxes of killed cores whose messages were handed on and are in memory alone. */
  #unsafe: ModuleBox[] = [];
  /** Nothing else of the killed cores is left. */
  #isRestDone = true;
  #timer: NodeJS.Timeout | undefined;
  #closing: Promise<void> | null = null;

  /** @throws Error when the system refuses to let this process adopt others */
  constructor(options: SweeperOptions) {
    this.#options = options;
    this.orphans = options.subreaper ? new Orphans() : null;
  }

  /**
   * Ends the processes of killed cores, and removes what cores left that nobody will start again. Returns when the processes
   * are gone or cannot be ended.
   */
  async sweep(): Promise<void> {
    const { runDir, boxDir, stateDir } = this.#options;
    const { pid, files, runIds } = runDir.left;
    markRun(boxDir, { runId: runDir.runId, runDir: runDir.path, stateDir });
    removeDeadThrowaways(Date.now());
    // Only a lasting core sweeps what a lasting core left: its operator reads its log. Nobody reads the log of `try`.
    const isForUs = isThrowaway(runDir.path) ? (run: LostRun) => isThrowaway(run.runDir) : () => true;
    const lost = findLostRuns(boxDir).filter(isForUs);
    const isOurs = (run: LostRun) => run.runDir === runDir.path || (stateDir !== null && run.stateDir === stateDir);
    const [ours, others] = [lost.filter(isOurs), lost.filter((run) => !isOurs(run))];
    this.#oldRunIds = newestFirst(boxDir, [...runIds, ...ours.map(({ runId }) => runId)]);
    if (pid !== null || files.length > 0 || this.#oldRunIds.length > 0) {
      const who = pid === null ? 'a core' : `the core with pid ${pid}`;
      this.#warn(`${who} did not end cleanly; ${describeFiles(files.length)} in ${runDir.path}`);
    }
    const abandoned = others.filter(({ isKnown }) => !isKnown);
    const all = [...this.#oldRunIds, ...abandoned.map(({ runId }) => runId)];
    if (all.length > 0) this.#warn(describeEnding(await endLeftovers(all), 'that it left'));
    for (const run of abandoned) this.#abandon(run, Date.now());
    for (const run of others) if (run.isKnown) this.#leave(run, Date.now());
  }

  /** Leaves a run to the next start on its run directory, but not for ever: its boxes take memory. */
  #leave({ runId, runDir }: LostRun, nowMs: number): void {
    const { boxDir } = this.#options;
    if (nowMs - waitingSince(boxDir, runId, 'lost', nowMs) < KEEP_MS || !isUnused(boxDir, runId)) return;
    const removed = forgetRun(boxDir, runId);
    if (removed > 0) this.#warn(describeEnd(removed, runDir));
  }

  /**
   * Removes what nobody will come for. Messages of modules wait for a day: a core with the same run directory may take them.
   */
  #abandon({ runId, runDir }: LostRun, nowMs: number): void {
    const { boxDir } = this.#options;
    // Nobody misses what a temporary core had in them.
    if (isThrowaway(runDir)) {
      forgetRun(boxDir, runId);
      removeDeadThrowaway(runDir, nowMs);
      return;
    }
    const { removed, kept } = forgetAllButSends(boxDir, runId);
    if (removed > 0) this.#warn(`${describeBoxes(removed)} removed: ${runDir} no longer knows it`);
    if (kept === 0) return;
    const sinceMs = waitingSince(boxDir, runId, 'lost', nowMs);
    if (nowMs - sinceMs >= KEEP_MS) {
      forgetRun(boxDir, runId);
      this.#warn(describeEnd(kept, runDir));
    } else if (sinceMs === nowMs) {
      const until = new Date(sinceMs + KEEP_MS).toISOString();
      const remedy = `start a core with the run directory ${runDir}; it delivers them`;
      this.#warn(`${describeBoxes(kept)} found with messages of modules; it stays until ${until}: ${remedy}`);
    }
  }

  #unreadUntil({ runId }: ModuleBox): number | null {
    const nowMs = Date.now();
    const untilMs = waitingSince(this.#options.boxDir, runId, 'unread', nowMs) + KEEP_MS;
    return nowMs < untilMs ? untilMs : null;
  }

  /**
   * Announces what hosts of killed cores had sent and logged and those cores had not handed on. Only after {@link sweep}, when
   * nobody writes to the boxes.
   *
   * @param proceed asked now and then; if it says no, the rest is left to the next core
   */
  async recover(proceed: () => boolean): Promise<void> {
    const { boxDir, keeper, log } = this.#options;
    const runIds = this.#oldRunIds;
    if (runIds.length === 0) return;
    const message = (sent: SentMessage, params: WireParams) => {
      this.recoveredSends += 1;
      this.#options.message(sent, params);
    };
    const unreadUntil = (box: ModuleBox) => this.#unreadUntil(box);
    const options = { boxDir, runIds, message, keeper, unreadUntil, log, proceed };
    const { lines, problems, unsafe, unread, complete } = await recover(options);
    for (const problem of problems) this.#warn(problem);
    if (this.recoveredSends + lines > 0) {
      const what = `${this.recoveredSends} messages and ${lines} log lines`;
      this.#warn(`${what} were found in the black boxes of a killed core and delivered now`);
    }
    this.#unsafe = unsafe;
    this.#isRestDone = complete && unread.length === 0;
    if (unsafe.length === 0) {
      this.#forgetOld();
      return;
    }
    const why = 'the messages in it cannot be written to the store of sends';
    this.#warn(
      `${describeBoxes(unsafe.length)} kept: ${why}; it is removed once they are written; otherwise the next start delivers them`,
    );
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS).unref();
  }

  /** Whether the store has by now what was found. */
  async #look(): Promise<void> {
    if (await this.#options.keeper?.isSafe()) this.#forgetOld();
  }

  /** All that was found is safe. */
  #forgetOld(): void {
    clearInterval(this.#timer);
    for (const { path } of this.#unsafe.splice(0)) removeOldBox(path);
    if (!this.#isRestDone || this.#oldRunIds.length === 0) return;
    for (const runId of this.#oldRunIds.splice(0)) forgetRun(this.#options.boxDir, runId);
    this.#options.runDir.forgetLeft();
  }

  /** Ends what left the process group of its host, once no host is left; may be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    const { runDir, boxDir, keeper } = this.#options;
    clearInterval(this.#timer);
    // What the last hosts sent stands in their boxes until then.
    const isSafe = (await keeper?.isSafe()) ?? true;
    const ending = await (this.orphans?.close() ?? endLeftovers([runDir.runId], 1));
    this.#warn(describeEnding(ending, 'that modules left behind'));
    if (isSafe) {
      forgetRun(boxDir, runDir.runId);
      if (this.#unsafe.length > 0) this.#forgetOld();
      return;
    }
    const { kept } = forgetAllButSends(boxDir, runDir.runId);
    if (kept > 0) runDir.leaveOwn();
    const left = kept + this.#unsafe.length;
    const what = left === 1 ? '1 black box stays' : `${left} black boxes stay`;
    if (left > 0)
      this.#warn(`${what} with messages that are in no store; the next start with ${runDir.path} delivers them`);
  }

  #warn(text: string | null): void {
    if (text === null) return;
    const time = Date.now();
    this.#options.log({ time, module: null, generation: null, source: 'supervisor', level: 1, text });
  }
}

function describeFiles(count: number): string {
  if (count === 0) return 'it had left no socket';
  return count === 1 ? 'the socket that it left was removed' : `${count} sockets were removed that it left`;
}

function describeEnd(boxes: number, runDir: string): string {
  const why = `no core with the run directory ${runDir} has started to deliver the messages in it`;
  return `${describeBoxes(boxes)} removed after 24 hours: ${why}`;
}

function describeBoxes(count: number): string {
  return count === 1 ? '1 black box of a killed core was' : `${count} black boxes of a killed core were`;
}
