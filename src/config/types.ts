/** What the configuration means once it is read: plain values with units in their names. */

import type { Stats } from 'node:fs';
import type { Limits, Sandbox } from './confinement.js';
import type { Match } from './match.js';

/** A place in a configuration file; line and column are 1-based, and 0 where a program made the configuration. */
export interface Position {
  file: string;
  line: number;
  column: number;
}

/** A value that stands in a file of its own. */
export interface ValueFile {
  /** Absolute. */
  path: string;
  value: string;
  stats: Stats;
}

/** Where a setting was set. */
export interface Origin extends Position {
  /** Its value came from a file of its own, or from a variable with the name of a secret: it is not shown. */
  isHidden?: true;
}

/** The ABIs that a configuration may name; `modules/include/mesibo/module.h` has them all. */
export const ABI_NAMES = ['table', 'exports-2019', 'exports-2020'] as const;

export type AbiName = (typeof ABI_NAMES)[number];

/** What becomes of the memory of a host that crashes. */
export const CORE_FILES = ['inherit', 'on', 'off'] as const;

export type CoreFiles = (typeof CORE_FILES)[number];

/** Which bodies of calls a crash card has: of the call that was executed, of the last ones, or of none. */
export const CRASH_BODIES = ['last', 'all', 'no'] as const;

export type CrashBody = (typeof CRASH_BODIES)[number];

/** What may go to all replicas of a module. */
export const BROADCASTS = ['login', 'call'] as const;

export type Broadcast = (typeof BROADCASTS)[number];

/** One configured module: what its hosts are started from and how they are treated. */
export interface ModuleSpec {
  /** The configured name; it names the init symbol, the socket and the log file. */
  name: string;
  /** Absolute path of the shared object; `null` when `lookedFor` names no existing file. */
  path: string | null;
  /** Every path that was tried, in order. */
  lookedFor: string[];
  /** `null`: found from the file's symbols. */
  abi: AbiName | null;
  /** The verdict given in the module's place when it cannot give one. */
  onFailure: 'pass' | 'consume';
  /** From the moment the chain reaches the module, queue included, to the default verdict. */
  deadlineMs: number;
  /** A callback that runs longer is killed; `null`: never. */
  hangMs: number | null;
  /** Spawn to ready. */
  startTimeoutMs: number;
  /** Calls a host may hold at a time. */
  window: number;
  /** Calls that may wait beyond the window. */
  queue: number;
  /** When the queue is full, a new call gets the default verdict at once, or waits until its deadline. */
  overload: 'default' | 'wait';
  backoff: { minMs: number; maxMs: number };
  /** More crashes than `count` within `periodMs` make the module failed; `null`: never. */
  maxCrashes: { count: number; periodMs: number } | null;
  /** A message that has ended a host so often is withheld from that build; `null`: none is. */
  quarantine: number | null;
  /** How long, from the last time on. */
  quarantineTtlMs: number;
  /** Each stage of a stop: drain and cleanup, then SIGTERM, then SIGKILL. */
  stopTimeoutMs: number;
  /** How many lines a second are kept: of its log, of its stdout and of its stderr, each; `null`: all. */
  logRate: number | null;
  /** The working directory of its hosts, absolute; `null`: one of the module's own, in the state directory. */
  directory: string | null;
  /** Variables that its hosts have beside those that are passed on, in file order; the last of a name holds. */
  env: [name: string, value: string][];
  /** Variables of the core's environment that are passed on beside the usual ones; `*` at the end stands for any rest. */
  passEnv: string[];
  /** Of its hosts; `null`: as the core's. */
  umask: number | null;
  /** Whether a crash leaves a core file, up to the hard limit; `inherit`: as the core's own limit has it. */
  coreFiles: CoreFiles;
  /** Which bodies of calls its crash cards have. */
  crashBody: CrashBody;
  /** Room for thread-local storage of libraries that want it in every thread from the beginning. */
  staticTlsBytes: number;
  /** The SHA-256 that the file must have, in lower-case hexadecimal digits; `null`: any. */
  sha256: string | null;
  /** A host that has more than this in memory is replaced in good order; `null`: never. */
  maxRssBytes: number | null;
  /** What its hosts may use. */
  limits: Limits;
  /** What its hosts may see and do. */
  sandbox: Sandbox;
  /** Which events it gets; `null`: all that it has a callback for. */
  match: Match | null;
  /** Whether what it sends goes through the other modules before a server gets it. */
  chainSends: boolean;
  /** The module whose events it sees without a part in the chain; `null`: it is in the chain. */
  shadowOf: string | null;
  /** Whether it may make http requests although it is a shadow. */
  shadowHttp: boolean;
  /** Whether the core reloads it when its file changes. */
  watch: boolean;
  /** How long replaced hosts are kept, to take over again when the new ones fail; `null`: they are not. */
  probationMs: number | null;
  /** Processes that share the work. */
  replicas: number;
  /** A conversation stays with one replica, as long as that one is there. Otherwise each message goes where the least is done. */
  sticky: boolean;
  /** Events that all replicas get; the verdict is that of one. */
  broadcast: Broadcast[];
  /** A host is replaced in good order after so many messages; `null`: never. */
  maxMessages: number | null;
  /** A host is replaced in good order after so long; `null`: never. */
  maxAgeMs: number | null;
  /** The module's own settings, in file order, as they stand. */
  config: [key: string, value: string][];
  /** Where our settings were set, by their keys in the file. Settings that are not set are missing. */
  origins: Readonly<Record<string, Origin>>;
  /** Where each variable was set, in the order of `env`. */
  envOrigins: readonly Origin[];
  /** Where each of the module's own settings was set, in the order of `config`. */
  configOrigins: readonly Origin[];
  position: Position;
}

/** A remark on the configuration that does not stop a start, unless `--strict` says so. */
export interface ConfigWarning {
  position: Position;
  message: string;
}

/** Everything a core is started from. */
export interface CoreConfig {
  /** Absolute path of the file it was read from, without those that it includes; `null` when it was made by a program. */
  file: string | null;
  moduleDir: string[];
  /** The largest payload that a message may have, in bytes. */
  maxMessageBytes: number;
  /** The memory of one host's black box; at least three times `maxMessageBytes`. */
  blackBoxBytes: number;
  /** The payloads that may wait for one module beyond its window, in bytes. */
  queueBytes: number;
  /** How often an idle host is asked for a sign of life; one that misses ten is unreachable. */
  heartbeatMs: number;
  /** Bounds the whole chain for one message. */
  chainDeadlineMs: number;
  /** A program that is run when something happens; absolute. */
  onEvent: string | null;
  /** Where servers connect: an absolute path; `auto`: gateway.sock in the run directory; `off`: nowhere. */
  gateway: string;
  /** The group that may connect there, by its name or number; `null`: none. */
  gatewayGroup: string | null;
  /** Where HTTP is served: `HOST:PORT`, `[V6]:PORT`, `unix:` with an absolute path, or `off`. */
  http: string;
  /** The file with the token of HTTP; absolute. `null`: none, which only a unix socket may have. */
  httpToken: string | null;
  /** Where what modules send is posted: an http or https URL; `off`: nowhere. */
  webhook: string;
  /** The file whose first line signs that, absolute; `null`: there is none. */
  webhookSecret: string | null;
  /** How long the server there may take to answer. */
  webhookTimeoutMs: number;
  /** Messages of modules that may wait for a server. */
  sendQueue: number;
  /** Their payloads and addresses, in bytes. */
  sendBytes: number;
  /** How long one may wait. */
  sendTtlMs: number;
  /** A log file is rotated when it would grow past this. */
  logSizeBytes: number;
  /** Rotated files kept beside the current one. */
  logKeep: number;
  /** Host processes that wait for the next start, for each kind of process that the modules need. */
  spareHosts: number;
  /** In file order, which is the order of the chain. */
  modules: ModuleSpec[];
  warnings: ConfigWarning[];
}
