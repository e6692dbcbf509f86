/** What a supervisor says of itself and its modules when it is asked. */

import type { SettingDescription } from '../../config/describe.js';
import type { AbiName } from '../../config/types.js';
import type { ToldCommand } from '../../sentence.js';
import type { FailureCause, HostState, ModuleState } from './announcements.js';
import type { DefaultReason } from './decisions.js';
import type { RecycleCause } from './recycling.js';

/** What a host is there for. */
export type HostRole =
  /** It takes calls, from the moment that it is ready. */
  | 'serving'
  /** It starts beside the serving hosts, with new settings or a new file, and waits to take over. */
  | 'preparing'
  /** Another one has taken over from it: it finishes what it holds. */
  | 'retiring'
  /** The same, and it lives on for the time of a probation: it may have to take over again. It gets no calls meanwhile. */
  | 'kept';

/** One host of a module, in a status. */
export interface HostStatus {
  /** Whose host it is: the replicas of a module are numbered from 0. */
  replica: number;
  pid: number;
  generation: number;
  state: HostState;
  role: HostRole;
  /** ISO 8601. */
  startedAt: string;
  /** Its memory (RSS); `null`: it cannot be read. */
  memoryBytes: number | null;
  /** CPU time that it has used, in user mode and in the kernel; `null`: that cannot be read. */
  cpuSeconds: number | null;
  /** Http requests of the module that are open. */
  openRequests: number;
  /** Calls that it holds. */
  inFlight: number;
}

/** One replica of a module, in a status. */
export interface ReplicaStatus {
  /** Counted from 0. */
  replica: number;
  state: ModuleState;
  isServing: boolean;
  /** Calls that its hosts hold. */
  inFlight: number;
  /** Calls that wait for it. */
  queued: number;
  /** Starts after it had served, since the module was made. */
  restarts: number;
  lastError: string | null;
  /** ISO 8601; `null`: it waits for none. */
  nextStartAt: string | null;
}

/** The state of a module in short. */
export type ModuleCondition = Pick<ModuleStatus, 'name' | 'shadowOf' | 'state' | 'desired' | 'lastError'>;

/** The last crash of a module, as far as its crash card says where it was. */
export interface LastCrash {
  /** Names the crash card; `null`: it could not be written. */
  id: string | null;
  /** The function; `null`: it is not known, or not yet. */
  function: string | null;
  source: string | null;
  line: number | null;
}

/** Everything `status --json` says of one module. */
export interface ModuleStatus {
  name: string;
  /** The module whose events it sees without a part in the chain; `null`: it is in the chain. */
  shadowOf: string | null;
  state: ModuleState;
  desired: 'up' | 'down';
  /** Of the newest host; `null` when there is none. */
  pid: number | null;
  generation: number;
  abi: AbiName | null;
  /** How the ABI was found. After a `trial`, set `abi` in the configuration to make it certain. */
  abiSource: 'configuration' | 'note' | 'symbols' | 'trial' | null;
  /** How the ABI was found, in words. */
  abiReason: string | null;
  /** What its host said that is no fault, and that an operator should know, a line each; such as what it wants and does not get. */
  warnings: string[];
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
  /** Its file is no longer the one that its host loaded. A reload would load the new one, a crash would not. */
  fileChanged: boolean;
  /** There is no file where the configuration has it. */
  fileMissing: boolean;
  description: string | null;
  callbacks: string[];
  /** How many replicas there should be, how many of them serve, and each. */
  replicas: { wanted: number; serving: number; each: ReplicaStatus[] };
  hosts: HostStatus[];
  /** What its messages get when it gives no verdict. */
  onFailure: 'pass' | 'consume';
  restarts: number;
  /** Starts that did not become ready: refused at init, crashed or hung before it, file missing... */
  failedStarts: number;
  /** Hosts that were replaced because they had reached `max_messages`, `max_age` or `max_rss`. They are no restarts. */
  recycled: Record<RecycleCause, number>;
  crashes: {
    total: number;
    byCause: Record<FailureCause, number>;
    lastSignal: string | null;
    lastAt: string | null;
  };
  lastError: string | null;
  /** The signal that the process of `lastError` was ended by; `null`: none. */
  lastErrorSignal: string | null;
  /** In this run of the core; `null`: there was none. */
  lastCrash: LastCrash | null;
  nextStartAt: string | null;
  /** Until when the process before the present one is kept, to take over again; `null`: none is. */
  probationUntil: string | null;
  /** Why the last reload of the module was taken back. It runs with the settings and the build from before; `null`: it was not. */
  takenBack: string | null;
  /**
   * `default`: verdicts given in its place, and `defaultByReason` why. `defaultConsumed`: how many of them consumed, so that the
   * message was dropped. `late`: verdicts that came after the default one; not part of `total`. `filtered`: messages that its
   * `match` left out; not part of `total`.
   */
  messages: {
    total: number;
    pass: number;
    consumed: number;
    default: number;
    defaultConsumed: number;
    defaultByReason: Record<DefaultReason, number>;
    late: number;
    filtered: number;
  };
  /**
   * Messages that it sent. `undelivered`: nobody listened, or the listener threw. `refused`: `send_message` returned -1,
   * because its black box was full or too much waited; not part of `total`. `waiting`: they wait for a server. The others since
   * the core began: `delivered`: servers have acknowledged them. `refusedByServer`: servers have refused them. `expired`: they
   * waited longer than `send_ttl`. `consumed`: modules of the chain have consumed them.
   */
  sends: {
    total: number;
    undelivered: number;
    refused: number;
    waiting: number;
    delivered: number;
    refusedByServer: number;
    expired: number;
    consumed: number;
  };
  /** What was not kept of its output, because it was too much. */
  dropped: { logLines: number; outputBytes: number };
  inFlight: number;
  queued: number;
  /** Messages that this build does not get because they killed it. */
  quarantined: number;
  latencyMicros: { p50: number | null; p99: number | null };
}

/** What a supervisor says of itself. */
export interface SupervisorStatus {
  core: {
    pid: number;
    version: string;
    uptimeSeconds: number;
    config: string | null;
    /** What is wrong with the core itself, such as a log that cannot be written; a line each. */
    problems: string[];
    /** Messages of modules that a killed core had left, and that this core handed on when it started. */
    recoveredSends: number;
  };
  modules: ModuleStatus[];
}

/** A chat server that is connected, or the program that embeds the core, if it takes what modules send. */
export interface ServerStatus {
  name: string;
  /** Connections of that name. */
  connections: number;
  /** One of them takes what modules send. */
  takesSends: boolean;
  /** Its events that have no outcome yet. */
  inProgress: number;
  /** Messages of modules that it has and has not acknowledged. */
  unacknowledged: number;
}

/** A server that is away, and messages that wait for it alone. */
export interface ServerAway {
  server: string;
  waiting: number;
}

/** What modules sent, and what became of that since the core began. */
export interface SendsStatus {
  /** Messages that wait for a server, or for its acknowledgement. */
  waiting: number;
  /** Servers that take no sends now, and how much waits for each; at most the ten with the most messages. */
  away: ServerAway[];
  /** Their payloads and addresses. */
  bytes: number;
  /** Servers have acknowledged them. */
  delivered: number;
  /** Servers have refused them. */
  refused: number;
  /** They waited longer than `send_ttl`. */
  expired: number;
  /** `chain_sends`: modules have consumed them. */
  consumed: number;
}

/** Everything `status --json` says. */
export interface CoreStatus extends SupervisorStatus {
  core: SupervisorStatus['core'] & {
    /** It is part of a program, which continues when the core stops. */
    embedded: boolean;
    /** The socket where chat servers connect; `null`: there is none. */
    gateway: string | null;
    /** The group whose members may connect there, as it is configured; `null`: none. */
    gatewayGroup: string | null;
    /** Where it answers over HTTP: `HOST:PORT`, `[V6]:PORT` or `unix:PATH`; `null`: nowhere. */
    http: string | null;
    /** Where messages of modules are posted, without the path; `null`: nowhere. */
    webhook: string | null;
  };
  servers: ServerStatus[];
  /** `null`: nothing that modules send is kept. */
  sends: SendsStatus | null;
}

/** Everything `describe --json` says of one module. */
export interface ModuleDescription extends ModuleStatus {
  /** Our settings for the module, as they are now, in the words of the configuration. */
  settings: SettingDescription[];
  /** The variables that its `env { }` sets. */
  env: SettingDescription[];
  /** The module's own, as it gets them. */
  config: SettingDescription[];
}
