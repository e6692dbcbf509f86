/** What a supervisor says of itself and its modules when it is asked. */

import type { SettingDescription } from '../../config/describe.js';
import type { AbiName } from '../../config/types.js';
import type { ToldCommand } from '../../sentence.js';
import type { FailureCause, HostState, ModuleState } from './announcements.js';
import type { DefaultReason } from './decisions.js';

/** One host of a module, in a status. */
export interface HostStatus {
  pid: number;
  generation: number;
  state: HostState;
  /** ISO 8601. */
  startedAt: string;
  /** What it has in memory (RSS); `null`: that cannot be read. */
  memoryBytes: number | null;
  /** CPU time that it has used, in user mode and in the kernel; `null`: that cannot be read. */
  cpuSeconds: number | null;
  /** Http requests of the module that are open. */
  openRequests: number;
}

/** How a module fares, in short. */
export type ModuleCondition = Pick<ModuleStatus, 'name' | 'state' | 'desired' | 'lastError'>;

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
  /** The signal that the process of `lastError` was ended by; `null`: none. */
  lastErrorSignal: string | null;
  nextStartAt: string | null;
  /**
   * `default`: verdicts given in its place, and `defaultByReason` why. `late`: verdicts that came after the default had been given
   * in their place; not part of `total`.
   */
  messages: {
    total: number;
    pass: number;
    consumed: number;
    default: number;
    defaultByReason: Record<DefaultReason, number>;
    late: number;
  };
  /**
   * Messages that it sent; `undelivered`: those of them that nobody listened for, or whose listener threw; `refused`: those
   * for which its black box had no room, or for which too much waited, and it got -1, which are not part of `total`;
   * `waiting`: those that wait for a server. Of the rest that were kept, since the core began: `delivered`: servers have acknowledged
   * them; `refusedByServer`; `expired`: they waited longer than `send_ttl`; `consumed`: modules of the chain have.
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
    /** Messages of modules that a killed core could not hand on any more, and this one did at its start. */
    recoveredSends: number;
  };
  modules: ModuleStatus[];
}

/** A chat server that is connected, or the program that the core is in when it takes what modules send. */
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
  /** Messages that wait, those included that a server has not acknowledged. */
  waiting: number;
  /** Of those that wait: servers that take no sends now, and what waits for each; the ten of which most waits. */
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
    /** It is a part of a program, which goes on when the core stops. */
    embedded: boolean;
    /** The socket where chat servers connect; `null`: there is none. */
    gateway: string | null;
    /** The group whose members may connect there, as it is configured; `null`: none. */
    gatewayGroup: string | null;
    /** Where it answers over HTTP: `HOST:PORT`, `[V6]:PORT` or `unix:PATH`; `null`: nowhere. */
    http: string | null;
    /** Where what modules send is posted, without the path; `null`: nowhere. */
    webhook: string | null;
  };
  servers: ServerStatus[];
  /** `null`: nothing that modules send is kept. */
  sends: SendsStatus | null;
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
