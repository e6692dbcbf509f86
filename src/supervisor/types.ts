/** The types of the supervisor's public face: what goes in, what comes out, what is announced. */

import type { SettingDescription } from '../config/describe.js';
import type { AbiName } from '../config/types.js';
import type { SupervisorError } from '../errors.js';
import type { ToldCommand } from '../sentence.js';
import type { MessageParams, MessageParamsInput } from '../wire/params.js';

export type { MessageParams, MessageParamsInput, SettingDescription };

/** What a module, or a default in its place, decided. */
export type Verdict = 'pass' | 'consumed';

/** Why a default verdict was given in a module's place. */
export type DefaultReason = 'crash' | 'hang' | 'deadline' | 'down' | 'overload';

/** One line of a trace: what one module made of the call. */
export interface TraceEntry {
  module: string;
  verdict: Verdict;
  /** Why the verdict is a default one; `null` for the module's own. */
  default: DefaultReason | null;
  /** From the moment the chain reached the module to its verdict. */
  micros: number;
}

/** What the chain decided on an event. */
export interface Decision {
  verdict: Verdict;
  /** The module whose verdict, its own or a default, consumed; `null` for a pass. */
  by: string | null;
  trace: TraceEntry[];
}

/** What the chain decided on a message, and the message as it now is. */
export interface Outcome extends Decision {
  params: MessageParams;
  payload: Buffer;
}

/** Options of one message. */
export interface MessageOptions {
  /** The module that sent this message: it is not offered to it again. */
  sentBy?: string;
}

/** Options of one status. */
export interface StatusOptions {
  /** Of the message, when a module sent it: the status is for that module alone. */
  sentId?: string;
}

/** A user who logged in, for `onLogin`. */
export interface LoginUser {
  address: string;
  online?: boolean;
  flags?: bigint | number;
}

/** A message that a module sent by `send_message`. */
export interface SentMessage {
  module: string;
  generation: number;
  /** Names this message for `onMessageStatus`; unique, also over restarts. What it is made of may change. */
  sentId: string;
  /** As the module gave them; an `id` that it left 0 is a random one below 2^63. */
  params: MessageParams;
  payload: Buffer;
}

/** A line that a module logged, that its process printed, or that the supervisor has to say. */
export interface LogLine {
  /** Milliseconds since the epoch, when the core read it. */
  time: number;
  /** `null` for a line of the core itself. */
  module: string | null;
  generation: number | null;
  source: 'module' | 'stdout' | 'stderr' | 'supervisor';
  /** For `module`: the level that it gave. For `supervisor`: 0 error, 1 warning, 2 info. */
  level: number;
  text: string;
}

/** What became of a host process; `trial`: it tried an ABI that its module was not built for, and another is tried. */
export type DeathCause = 'crash' | 'exit' | 'hang' | 'unreachable' | 'memory' | 'start' | 'trial' | 'stop';

/** The deaths that nobody had asked for of a host that had served. */
export type FailureCause = Exclude<DeathCause, 'start' | 'trial' | 'stop'>;

/** `replacing`: the old host serves, and the one that shall take over is starting. */
export type ModuleState = 'stopped' | 'starting' | 'serving' | 'replacing' | 'backoff' | 'failed';
export type HostState = 'starting' | 'ready' | 'draining' | 'stopping' | 'exited';

/** A change in the life of a module or of one of its hosts. */
export type LifecycleEvent =
  | { kind: 'module'; module: string; from: ModuleState; to: ModuleState; reason: string | null }
  | { kind: 'spawned'; module: string; generation: number; pid: number }
  | { kind: 'ready'; module: string; generation: number; pid: number; startMicros: number }
  | {
      kind: 'exited';
      module: string;
      generation: number;
      pid: number;
      cause: DeathCause;
      signal: string | null;
      exitCode: number | null;
      /** One readable line: which module, what happened, what follows. */
      text: string;
    };

/** One host of a module, in a status. */
export interface HostStatus {
  pid: number;
  generation: number;
  state: HostState;
  /** ISO 8601. */
  startedAt: string;
}

/** Everything `status --json` says of one module. */
export interface ModuleStatus {
  name: string;
  state: ModuleState;
  desired: 'up' | 'down';
  /** Of the newest host; `null` when there is none. */
  pid: number | null;
  generation: number;
  abi: AbiName | null;
  /** What told the ABI. After a `trial`, setting `abi` in the configuration makes it certain. */
  abiSource: 'configuration' | 'symbols' | 'trial' | null;
  /** How the ABI was found, in words. */
  abiReason: string | null;
  path: string | null;
  /**
   * What its host has loaded: `path`, or the copy of it that the core keeps (`kept`). `problem`: why there is no whole copy to
   * start again from; `problemParts`: the same in pieces, where it has commands. `null`: no host has loaded anything yet.
   */
  build: {
    sha256: string;
    path: string;
    kept: boolean;
    problem: string | null;
    problemParts?: readonly (string | ToldCommand)[];
  } | null;
  /** Its file is not the one any more that its host loaded; a reload would load it, a crash would not. */
  fileChanged: boolean;
  /** There is no file where the configuration has it. */
  fileMissing: boolean;
  description: string | null;
  callbacks: string[];
  hosts: HostStatus[];
  restarts: number;
  /** Starts that did not become ready: refused at init, crashed or hung before it, file missing... */
  failedStarts: number;
  crashes: {
    total: number;
    byCause: Record<FailureCause, number>;
    lastSignal: string | null;
    lastAt: string | null;
  };
  lastError: string | null;
  nextStartAt: string | null;
  /** `late`: verdicts that came after the default had been given in their place; not part of `total`. */
  messages: { total: number; pass: number; consumed: number; default: number; late: number };
  /**
   * Messages that it sent; `undelivered`: those of them that nobody listened for, or whose listener threw; `refused`: those
   * for which its black box had no room, and it got -1, which are not part of `total`.
   */
  sends: { total: number; undelivered: number; refused: number };
  /** What was not kept of its output, because it was too much. */
  dropped: { logLines: number; outputBytes: number };
  inFlight: number;
  queued: number;
  latencyMicros: { p50: number | null; p99: number | null };
}

/** Everything `status --json` says. */
export interface SupervisorStatus {
  core: {
    pid: number;
    version: string;
    uptimeSeconds: number;
    config: string | null;
    /** What is wrong with the core itself, such as a log that cannot be written; a line each. */
    problems: string[];
    /** Messages of modules that a killed core could not hand on any more, and this one did at its start. */
    recoveredSends: number;
  };
  modules: ModuleStatus[];
}

/** Everything `describe --json` says of one module. */
export interface ModuleDescription extends ModuleStatus {
  /** Our settings, in force, in the words of the configuration. */
  settings: SettingDescription[];
  /** The variables that its `env { }` sets. */
  env: SettingDescription[];
  /** The module's own, as it gets them. */
  config: SettingDescription[];
}

/** What came of an order for one module that was carried out. */
export interface OrderReport {
  /** What is wrong although it was: the state directory cannot be written, so that the next start of the core will not know of it. */
  warnings: string[];
}

/** What a reload did; each name stands in one of the lists of modules. */
export interface ReloadReport {
  /** A new generation took over. */
  replaced: string[];
  added: string[];
  removed: string[];
  /** Only settings changed that need no new process. */
  configured: string[];
  unchanged: string[];
  /** Changed, and left as they were because the reload was for others. */
  left: string[];
  /** Of those that were meant: stopped by an operator, so that nothing of them was started. They stand in another list too. */
  stopped: string[];
  /** Global settings that changed and hold from now on. */
  settings: string[];
  /** Global settings that changed and hold from the next start of the core on. */
  needRestart: string[];
}

/** Everything `reload --json` says. */
export interface CoreReloadReport extends ReloadReport {
  /** Remarks on the configuration, a line each. */
  warnings: string[];
}

/** Where a supervisor keeps what it needs while it runs. */
export interface SupervisorOptions {
  /** Made with mode 0700 when it does not exist; only its owner may be able to write to it. One core at a time. */
  runDir: string;
  /**
   * Where what must outlive a run is kept, as which ABI a file was found to have; without it that is forgotten. Copies of the
   * modules' files are in it too; without it they are in the run directory, until the stop. Made with mode 0700 when it does
   * not exist. One core at a time.
   */
  stateDir?: string;
  /** Where black boxes are made; a memory file system. */
  boxDir?: string;
  /**
   * Makes this process the parent of what hosts leave behind, which is then ended with its host; without it, when the
   * supervisor stops. Only for a process that has no other children than those it starts with Node on this thread, and
   * for one supervisor in it at a time.
   */
  subreaper?: boolean;
}

/** How a start ended. */
export interface StartReport {
  /** Modules that could not be started; the others serve, and these are tried again now and then. */
  refused: { module: string; error: SupervisorError }[];
  /** Modules that an operator had stopped; they stay so until `Supervisor.startModule`. */
  stopped: string[];
}

/** What a supervisor announces. */
export interface SupervisorEvents {
  /**
   * A module sent a message. When nobody listens, or a listener throws, its status 0x80 (not delivered) goes back to the
   * module.
   */
  message: [SentMessage];
  /** A module or one of its hosts changed its state. */
  lifecycle: [LifecycleEvent];
  /** A line of a module, of its process, or of the supervisor. */
  log: [LogLine];
}
