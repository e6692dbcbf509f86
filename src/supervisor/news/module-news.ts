/**
 * What is announced about one module and its hosts: what it sends, logs and prints, and how it lives; and the counters of that.
 */

import { performance } from 'node:perf_hooks';
import type { ModuleSpec } from '../../config/types.js';
import { formatDuration } from '../../config/units.js';
import { debuggedOf, describeDebugging as describeRun, isFault } from '../../debug-command.js';
import type { SupervisorError } from '../../errors.js';
import { readRunning } from '../../proc.js';
import type { Log } from '../../wire/codec.js';
import type { Callback } from '../../wire/event-kinds.js';
import type { WireParams } from '../../wire/params.js';
import type { SentRecord } from '../calls/sent-record.js';
import type { Shard } from '../calls/shard.js';
import type { DeathFacts } from '../host/death.js';
import type { Host } from '../host/host.js';
import type { DroppedKind, HostEnd } from '../host/host-listener.js';
import type { Ending } from '../runner/runner.js';
import type {
  DeathCause,
  DeathEvidence,
  LifecycleEvent,
  LogLine,
  ModuleState,
  QuarantinedMessage,
  SentMessage,
  Wear,
  WentBackEvent,
} from '../types.js';
import { toLogText, toSentMessage } from './announcements.js';
import { evidenceOf } from './death-evidence.js';
import { describeEnding } from './describe-ending.js';
import { describeHost, type NamedHost } from './describe-host.js';
import { describeQuarantined } from './describe-quarantined.js';
import { describeSignal } from './describe-signal.js';
import { describeWear } from './describe-wear.js';
import { DroppedOutput, type UndeliveredKind } from './dropped-output.js';
import { LastLines } from './last-lines.js';
import type { ModuleStats } from './module-stats.js';

/** What a module announces. */
export interface ModuleEvents {
  /**
   * @param params its parameters, to be kept
   * @returns why it could not be delivered; `null`: it was taken
   */
  message(sent: SentMessage, params: WireParams): UndeliveredKind | null;
  lifecycle(event: LifecycleEvent): void;
  log(line: LogLine): void;
  /** A host has died, and nobody had ordered it. */
  died(evidence: DeathEvidence): void;
  /** Its last reload was taken back. */
  wentBack(event: WentBackEvent): void;
}

/** What the chain of all modules announces. */
export interface ChainEvents extends ModuleEvents {
  /** The callbacks that the chain has, taken together, have changed. */
  callbacks(callbacks: Callback[]): void;
}

function describeDebugging({ module, path, configFile }: DeathFacts): string {
  return `module ${module}: ${describeRun(debuggedOf(configFile ?? null, module, path), null)}`;
}

/** Of several; nothing when the module has one. */
function replicaOf({ replica }: Pick<NamedHost, 'replica'>): { replica?: number } {
  return replica === undefined ? {} : { replica };
}

/** Whose news it is. */
export interface NewsOptions {
  module: string;
  runId: string;
  logRate: number | null;
  events: ModuleEvents;
  stats: ModuleStats;
  /** Takes what a shadow sends; `null`: the module is in the chain. */
  tally?: { sent(sent: SentRecord, nowMs: number): void } | null;
  /** Takes the parameters of a message of the module that nobody took, and the replica that sent it. */
  undelivered: (params: WireParams, sender: Shard | null) => void;
}

const ERROR = 0;
const WARNING = 1;
const INFO = 2;

/** The news of one module, of all its generations. */
export class ModuleNews {
  readonly stats: ModuleStats;
  readonly #options: NewsOptions;
  readonly #dropped: DroppedOutput;
  readonly #lastLines = new LastLines();

  constructor(options: NewsOptions) {
    this.#options = options;
    this.stats = options.stats;
    this.#dropped = new DroppedOutput(options.logRate, (text) => this.warn(null, text));
  }

  /** Takes the `log_rate` that hosts are started with from now on. */
  limitTo(logRate: number | null): void {
    this.#dropped.limitTo(logRate);
  }

  // ---- what hosts tell ----

  /** @param sender the replica of the host; `null`: it has no share of the calls */
  sent(host: Host, sent: SentRecord, sender: Shard | null): void {
    const { tally } = this.#options;
    if (tally) {
      tally.sent(sent, performance.now());
      return;
    }
    this.stats.totals.sends.total += 1;
    const { runId, module, events } = this.#options;
    const origin = { runId, module, generation: host.generation };
    const { message, params } = toSentMessage(origin, sent);
    const undelivered = events.message(message, params);
    if (undelivered === null) return;
    this.stats.totals.sends.undelivered += 1;
    this.#dropped.add(undelivered, 1);
    // In a later turn: this may come from the black box of a host that has just died and is still being handled.
    queueMicrotask(() => this.#options.undelivered(params, sender));
  }

  logged(host: Host, log: Log): void {
    this.#line(host.generation, 'module', log.level ?? 0, toLogText(log));
  }

  printed(host: Host, stream: 'stdout' | 'stderr', line: string): void {
    this.#line(host.generation, stream, 0, line);
  }

  dropped(kind: DroppedKind, count: number): void {
    this.stats.countDropped(kind, count);
    this.#dropped.add(kind, count);
  }

  spared(host: Host, tracer: number): void {
    const what = `${describeHost(host)} does not answer in time`;
    this.warn(host.generation, `${what}, and is left alone: process ${tracer} traces it`);
  }

  signalled(host: Host, signal: NodeJS.Signals, from: number | null): void {
    const sender = from === null ? null : (readRunning(from) ?? { pid: from, name: 'process' });
    const text = describeSignal(signal, sender && `${sender.name} (pid ${sender.pid})`, this.#options.module);
    const who = `module ${this.#options.module}: ${describeHost(host)}`;
    this.#line(host.generation, 'supervisor', INFO, `${who} ${text}`);
  }

  /** It has more memory than `max_rss`, and is not replaced so soon after another one. */
  tooHeavy(host: Host, memoryBytes: number, maxRssBytes: number): void {
    const wear = describeWear({ cause: 'memory', memoryBytes, maxRssBytes });
    const consequence =
      'one was replaced for that less than a minute ago, so it stays for now; raise max_rss if the module needs more';
    this.warn(host.generation, `${describeHost(host)} ${wear}; ${consequence}`);
  }

  /** It was kept to take over again, and is still at work after so long. The host that has taken over waits for it. */
  tooBusyToKeep(host: Host, afterMs: number): void {
    const what = `${describeHost(host)} still executes what it got before the reload, after ${formatDuration(afterMs)}`;
    this.warn(
      host.generation,
      `${what} (stop_timeout); the new process waits for that, so this one ends and is not kept`,
    );
  }

  /** One host has taken over from another, because of a setting that the other had reached. */
  recycled(host: Host, by: Host, wear: Wear): void {
    this.stats.totals.recycled[wear.cause] += 1;
    const text = `${describeHost(by)} has taken over from ${describeHost(host)}, which ${describeWear(wear)}`;
    this.#line(by.generation, 'supervisor', INFO, `module ${this.#options.module}: ${text}`);
  }

  /** A host has reached a setting, and the one that was to take over could not. The next try is after so long. */
  notRecycled(host: Host, wear: Wear, { message }: SupervisorError, retryMs: number): void {
    const { module } = this.#options;
    const why = message.startsWith(`module ${module}: `) ? message.slice(`module ${module}: `.length) : message;
    const what = `${describeHost(host)} ${describeWear(wear)} and cannot be replaced now, so it goes on`;
    this.warn(host.generation, `${what}; the next try is in ${formatDuration(retryMs)}; the reason: ${why}`);
  }

  leftBehind(host: Host, ending: Ending): void {
    const what = describeEnding(ending, `that ${describeHost(host)} left behind`);
    if (what) this.warn(host.generation, what);
  }

  /** A message has ended the process of a host. */
  quarantined({ generation }: Host, message: QuarantinedMessage): void {
    if (message.state === 'withheld') this.warn(generation, `${describeQuarantined(message)}`);
  }

  // ---- how it lives ----

  state(from: ModuleState, to: ModuleState, reason: string | null): void {
    this.#live({ kind: 'module', module: this.#options.module, from, to, reason });
  }

  spawned(host: Host): void {
    const { generation, pid } = host;
    this.#lastLines.begin(generation);
    if (pid !== 0) this.#live({ kind: 'spawned', module: this.#options.module, generation, pid, ...replicaOf(host) });
  }

  ready(host: Host, abi: string, warnings: readonly string[]): void {
    const { generation, pid, startMicros } = host;
    this.#live({ kind: 'ready', module: this.#options.module, generation, pid, startMicros, ...replicaOf(host) });
    const millis = Math.round(startMicros / 1000);
    this.#line(generation, 'supervisor', INFO, `ready in ${millis} ms with the ABI ${abi}`);
    for (const warning of warnings) this.warn(generation, warning);
  }

  exited(end: HostEnd, cause: DeathCause, text: string): void {
    const { facts } = end;
    const { generation, pid, signal, exitCode } = facts;
    const { module, events } = this.#options;
    const evidence = evidenceOf(end, cause, text, this.#lastLines.end(generation));
    const card = evidence?.cardId ?? null;
    // First, so that who is told of the end can ask for its card.
    if (evidence !== null) events.died(evidence);
    const of = replicaOf(facts);
    this.#live({ kind: 'exited', module, generation, pid, cause, signal, exitCode, text, card, ...of });
    if (!isFault(signal) || cause === 'stop') return;
    // As severe as the death that it belongs to, so that both are read together.
    this.#line(generation, 'supervisor', cause === 'trial' ? INFO : ERROR, describeDebugging(facts));
  }

  /** A host could not start with one of several ABIs, and another one is tried. */
  tried(end: HostEnd, what: string): void {
    const { module } = end.facts;
    this.exited(end, 'trial', `module ${module}: ${describeHost(end.facts)} could not start it: ${what}`);
  }

  /** A new host has failed on probation, and the settings are those of before again. */
  wentBack(reason: string, spec: ModuleSpec): void {
    const { module, events } = this.#options;
    this.stats.totals.takenBack += 1;
    const what = `module ${module}: the reload was taken back: the process and the settings of before are in use again`;
    this.error(null, `${what}, because: ${reason.replace(`module ${module}: `, '')}`);
    events.wentBack({ module, reason, spec });
  }

  // ---- what the supervisor has to say ----

  info(text: string): void {
    this.#line(null, 'supervisor', INFO, `module ${this.#options.module}: ${text}`);
  }

  /** @param generation - `null`: of none in particular */
  warn(generation: number | null, text: string): void {
    this.#line(generation, 'supervisor', WARNING, `module ${this.#options.module}: ${text}`);
  }

  error(generation: number | null, text: string): void {
    this.#line(generation, 'supervisor', ERROR, text);
  }

  /** Tells at once what was dropped and not told yet. */
  flush(): void {
    this.#dropped.flush();
  }

  #line(generation: number | null, source: LogLine['source'], level: number, text: string): void {
    const line = { time: Date.now(), module: this.#options.module, generation, source, level, text };
    this.#lastLines.add(line);
    this.#options.events.log(line);
  }

  #live(event: LifecycleEvent): void {
    this.#options.events.lifecycle(event);
  }
}
