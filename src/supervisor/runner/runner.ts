/**
 * How the processes of hosts begin and end, as a host sees it. A runner starts a process, takes one that it has started before,
 * or lets in one that others start. The host cannot tell which.
 */

import type { ModuleSpec } from '../../config/types.js';
import type { ErrorCode } from '../../errors.js';
import type { ProcessName } from '../../proc.js';
import type { ModuleFiles } from '../../stacks/module-files.js';
import type { TakenStack } from '../../stacks/take-stack.js';
import type { Surroundings } from '../../wire/codec.js';
import type { Evidence } from './evidence.js';
import type { PeerListener } from './peer.js';

/** The longest line of output that is kept whole, in bytes. */
export const LINE_MAX_BYTES = 64 * 1024;

/** Where hosts come from. */
export interface Runner {
  /**
   * Begins the run of one host. Nothing is told to the listener before this has returned.
   *
   * @throws {SupervisorError} why there can be none; then nothing of it is left
   */
  start(request: RunRequest, listener: RunListener): Run;
  /** How many processes wait for the next starts of each kind; those beyond that are ended. */
  keepSpares(count: number): void;
  /** Starts nothing any more, and ends the processes that no run has; returns when they are gone. */
  close(): Promise<void>;
}

/** For whom a run is, and what must be known before its process begins; everything else travels by frames. */
export interface RunRequest {
  module: string;
  generation: number;
  settings: Pick<
    ModuleSpec,
    | 'path'
    | 'lookedFor'
    | 'directory'
    | 'env'
    | 'passEnv'
    | 'staticTlsBytes'
    | 'logRate'
    | 'limits'
    | 'sandbox'
    | 'shadowOf'
  >;
  /** Its process must be a new one. */
  isFresh: boolean;
}

/** The process of one host, from its beginning to its end. */
export interface Run {
  /** Names it among all runs of a core; no run before it had that name. */
  readonly id: string;
  /** Of the process; 0: there is none, or nobody knows it. */
  readonly pid: number;
  /** When the process began, or came to be the host's, on the clock of `performance.now()`; `null`: it waits for others. */
  readonly beganMs: number | null;
  /** To be read until {@link close}. */
  readonly evidence: Evidence;
  /** What an operator should know although the run began; `null`: nothing. */
  readonly remark: string | null;
  /** Where the module is to find itself, for a process that was started before; `null`: it is there. */
  readonly surroundings: Surroundings | null;
  /** Ends the process, and what belongs to it. Does nothing when it is gone. */
  end(stage: EndStage): void;
  /** The process that holds it up for somebody to look at; `null`: none does. One of {@link takeStack} does not count. */
  tracedBy(): number | null;
  /** Begins to take the stacks of its threads, which holds it up for a moment. */
  takeStack(): StackTaking;
  /** Why the process cannot have come to be ready, where the runner knows; `null`: it does not. */
  diagnose(): Diagnosis | null;
  /** The host is healthy now: the runner notes what it compares with when the host ends. Called often. */
  noteWell(): void;
  /** The host is ready: what the next start may need can be prepared now. */
  noteReady(): void;
  /**
   * Gives the evidence back, once the end was reported and everything was read.
   *
   * @param safe - resolves with whether what was read outlives this process. Until it is safe, the next process still finds the
   * evidence. `null`: it is safe
   */
  close(safe: Promise<boolean> | null): void;
}

/** Stacks that are being taken, or were. */
export interface StackTaking {
  /** For how long it has held the process up, in milliseconds; `null`: it still may. */
  readonly heldMs: number | null;
  /**
   * Looks up the names, once the stacks are taken. Never fails.
   *
   * @param files - of the module; `null`: they are not known
   * @returns `null`: there was nothing to see
   */
  read(files: ModuleFiles | null): Promise<TakenStack | null>;
  /** Lets the process go at once. What was taken until then can be read. */
  end(): void;
}

/** How much patience there is: `terminate` lets it clean up, `kill` does not. */
export type EndStage = 'terminate' | 'kill';

/** What went wrong outside of the host. */
export interface Diagnosis {
  code: ErrorCode;
  message: string;
}

/** Listens to a run. The connection is reported in between; after {@link ended} nothing more comes over it. */
export interface RunListener extends PeerListener {
  /** The process, which had to wait for others, has begun. Not told of one that begins with its run. */
  begun(): void;
  /** The process wrote a line. */
  printed(stream: 'stdout' | 'stderr', line: string): void;
  /** It wrote more than is kept. */
  dropped(stream: 'stdout' | 'stderr', bytes: number): void;
  /** Somebody else sent it a signal, and it went on. @param from its pid, where that is known */
  signalled(signal: NodeJS.Signals, from: number | null): void;
  /** The process is gone, or could never be started. Called once. */
  ended(end: RunEnd): void;
  /** What it had left behind was ended; told after its end, if there was anything to look for. */
  leftBehind(ending: Ending): void;
}

/** How a process ended. */
export interface RunEnd {
  exitCode: number | null;
  signal: NodeJS.Signals | null;
  /** A signal halted it, because the module had made the core its tracer, and it was killed. */
  halted: boolean;
  /** The system ended it, most likely because memory ran out. */
  outOfMemory: boolean;
  /** The limit of its module that ended it, as the configuration has it, such as `memory = 64MiB`; `null`: none. */
  limit: string | null;
  /** Why it could never be started; `null`: it was. */
  failure: Diagnosis | null;
}

/** What became of processes that were to be ended. */
export interface Ending {
  ended: ProcessName[];
  /** Those that could not be ended, or not in time. */
  left: ProcessName[];
}
