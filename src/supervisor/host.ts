/** Performs the effects of one host's life: its process, its timer, its black box, its link. */

import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { ModuleSpec } from '../config/types.js';
import type { ErrorCode, HandshakeError } from '../errors.js';
import { readTracer } from '../proc.js';
import type { Candidates, HostFrame, Report } from '../wire/codec.js';
import { LineGate } from '../wire/line-gate.js';
import { type BoxFile, makeBox } from './black-box/box-file.js';
import { Intake, type IntakeListener } from './black-box/intake.js';
import { describeCall, describeExecuting, type LaneName, type PendingCall } from './calls/pending-call.js';
import { type DeathFacts, describeDeath, describeTry } from './health/death.js';
import { LastWords } from './health/last-words.js';
import { LivenessWatch } from './health/liveness-watch.js';
import { OomWatch } from './health/oom-watch.js';
import { PatientTimer } from './health/patient-timer.js';
import {
  beginHost,
  type HostEffect,
  type HostEvent,
  type HostLife,
  type HostStep,
  type HostTimes,
  stepHost,
} from './host-lifecycle.js';
import type { HostListener } from './host-listener.js';
import type { Orphans } from './leftovers/orphans.js';
import type { ModuleSocket, Peer, PeerListener } from './module-socket.js';
import { readOutput } from './output/output-reader.js';
import { type HostProcess, spawnHost } from './spawn.js';
import { parseOffer } from './trials/trial.js';

/** A host whose connection breaks is most likely dying: its exit says more, if it comes. */
const EXIT_PATIENCE_MS = 1000;
/** A start is not given up while the host is under a debugger; it is looked at again this much later. */
const TRACED_MS = 1000;

/** What a host is started with beside its module's settings. */
export interface HostSurroundings {
  socket: ModuleSocket;
  endpoint: string;
  runId: string;
  runDir: string;
  boxDir: string;
  /** `null`: what leaves the process group of a host is looked for when the core stops. */
  orphans: Orphans | null;
  blackBoxBytes: number;
  maxMessageBytes: number;
  heartbeatMs: number;
}

/** One process, one generation. */
export class Host {
  readonly generation: number;
  readonly startedAt = new Date();
  #spec: ModuleSpec;
  readonly #around: HostSurroundings;
  readonly #listener: HostListener;
  readonly #token = randomBytes(16).toString('hex');
  readonly #spawnedMs = performance.now();
  readonly #lastWords = new LastWords();
  readonly #peerListener: PeerListener = {
    connected: (peer, protocol) => this.#connected(peer, protocol),
    received: (frame) => this.#received(frame),
    lost: () => this.#lost(),
    rejected: (error) => this.#rejected(error),
    violated: (error) => this.#violated(error),
  };
  readonly #told: IntakeListener = {
    answered: (pending, result) => this.#listener.answered(this, pending, result),
    sent: (sent) => this.#listener.sent(this, sent),
    logged: (log) => {
      this.#remember(Buffer.from(log.text ?? []).toString('utf8'));
      this.#listener.logged(this, log);
    },
    dropped: (kind, count) => this.#listener.dropped(this, kind, count),
    refusedSends: (count) => this.#listener.refusedSends(this, count),
    distrusted: (message) => this.#violated({ code: 'HANDSHAKE_FAILED', message }),
  };
  readonly #watch: LivenessWatch;
  readonly #oom = new OomWatch();
  readonly #timer = new PatientTimer(() => this.#timeout());
  #tracer: number | null = null;
  #lossTimer: NodeJS.Timeout | undefined;
  #unreachable = '';
  #life: HostLife = { kind: 'starting' };
  #process: HostProcess | null = null;
  #box: BoxFile | null = null;
  #intake: Intake | null = null;
  #readyMs: number | null = null;
  #tries = false;
  #refusal: { code: ErrorCode; message: string } | null = null;

  constructor(generation: number, spec: ModuleSpec, around: HostSurroundings, listener: HostListener) {
    this.generation = generation;
    this.#spec = spec;
    this.#around = around;
    this.#listener = listener;
    this.#watch = new LivenessWatch(
      { hangMs: spec.hangMs, heartbeatMs: around.heartbeatMs },
      {
        readHeader: () => this.#box?.readHeader() ?? null,
        owes: (seq) => this.#intake?.link?.find(seq) !== undefined,
        inFlight: () => this.inFlight,
        beat: () => this.#beat(),
        tracer: () => readTracer(this.pid),
        spared: (tracer) => this.#listener.spared(this, tracer),
        failed: (verdict) => {
          if (verdict.kind === 'hung') this.#step({ kind: 'hung' });
          else this.#giveUp(`it has answered nothing for ${Math.round(verdict.silentMs)} ms while it executed no call`);
        },
      },
    );
  }

  get state(): HostLife['kind'] {
    return this.#life.kind;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  get path(): string {
    return this.#spec.path ?? '';
  }

  /** Takes the times that its end is bounded by; the rest of its spec it was started with. */
  setTimes({ startTimeoutMs, stopTimeoutMs }: HostTimes): void {
    this.#spec = { ...this.#spec, startTimeoutMs, stopTimeoutMs };
  }

  /** Whether its file did not tell the ABI, so that it tries one that it was told. */
  get tries(): boolean {
    return this.#tries;
  }

  /** Calls of a lane that it may be given now. */
  credit(lane: LaneName): number {
    return this.#life.kind === 'ready' ? (this.#intake?.link?.credit(lane) ?? 0) : 0;
  }

  get inFlight(): number {
    return this.#intake?.inFlight ?? 0;
  }

  /** Microseconds from spawn to ready; 0 before. */
  get startMicros(): number {
    return this.#readyMs === null ? 0 : Math.round((this.#readyMs - this.#spawnedMs) * 1000);
  }

  /**
   * Starts the process.
   *
   * @throws {SupervisorError} `BLACK_BOX_UNAVAILABLE`; the host is then as if it had never been
   */
  start(): void {
    const box = { runId: this.#around.runId, module: this.#spec.name, generation: this.generation };
    this.#box = makeBox(this.#around.boxDir, box, this.#around.blackBoxBytes);
    this.#intake = new Intake(this.#box, { ...this.#spec, maxMessageBytes: this.#around.maxMessageBytes }, this.#told);
    const request = {
      endpoint: this.#around.endpoint,
      token: this.#token,
      runId: this.#around.runId,
      boxFd: this.#box.fd,
      cwd: this.#spec.directory ?? this.#around.runDir,
      settings: this.#spec,
    };
    const started = spawnHost(
      request,
      (exitCode, signal) => this.#exited(exitCode, signal),
      (error) => {
        this.#refusal = {
          code: 'HOST_START_FAILED',
          message: `the host process could not be started: ${error.message}`,
        };
        this.#exited(null, null);
      },
    );
    this.#take(beginHost(this.#spec));
    if (started === null) return;
    this.#process = started;
    this.#oom.note(started.pid);
    for (const stream of ['stdout', 'stderr'] as const) {
      const line = (text: string) => {
        this.#remember(text);
        this.#listener.printed(this, stream, text);
      };
      readOutput(started[stream], new LineGate(this.#spec.logRate), {
        line,
        dropped: (bytes) => this.#listener.dropped(this, stream, bytes),
        lastWords: (lines) => lines.forEach(line),
      });
    }
    this.#around.socket.expect(this.#token, this.#peerListener);
  }

  /** Hands over one call; only with {@link credit}. */
  call(pending: PendingCall, nowMs: number): void {
    if (this.inFlight === 0) this.#watch.begin();
    this.#intake?.link?.call(pending, nowMs);
  }

  /** Takes verdicts that the host cannot report, as it is at work on the call behind them. */
  takeFinished(): void {
    this.#intake?.takeFinished();
  }

  /** Ends the host: it finishes its calls and cleans up, within its times. */
  stop(): void {
    this.#step({ kind: 'stop' });
  }

  /** Ends the host at once. */
  kill(): void {
    this.#step({ kind: 'kill' });
  }

  #step(event: HostEvent): void {
    this.#take(stepHost(this.#life, event, this.#spec));
  }

  #take({ next, effects }: HostStep): void {
    this.#life = next;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: HostEffect): void {
    switch (effect.kind) {
      case 'arm':
        this.#timer.arm(effect.ms);
        break;
      case 'disarm':
        this.#timer.disarm();
        break;
      case 'send-stop':
        this.#watch.close();
        this.#intake?.link?.stop();
        break;
      case 'signal':
        this.#process?.signalGroup(effect.signal);
        break;
      case 'became-ready':
        this.#readyMs = performance.now();
        this.#watch.open();
        break;
      case 'drain':
        if (this.inFlight === 0) this.#step({ kind: 'drained' });
        break;
    }
  }

  #connected(peer: Peer, protocol: number): void {
    const { name, abi, config, umask, coreFiles } = this.#spec;
    this.#intake?.connect(peer);
    peer.send({
      welcome: {
        protocol,
        module: name,
        generation: this.generation,
        path: this.path,
        ...(abi ? { abi } : {}),
        settings: config.map(([key, value]) => ({ key, value })),
        maxMessage: this.#around.maxMessageBytes,
        logRate: this.#spec.logRate ?? 0,
        ...(umask === null ? {} : { umask }),
        ...(coreFiles === 'inherit' ? {} : { coreFiles: coreFiles === 'on' }),
      },
    });
  }

  #timeout(): void {
    if (this.#life.kind !== 'starting' || !this.#isSpared()) this.#step({ kind: 'timeout' });
  }

  /** Whether its time to start begins anew: it is traced, or was at the last look. */
  #isSpared(): boolean {
    const before = this.#tracer;
    const tracer = readTracer(this.pid);
    this.#tracer = tracer;
    if (tracer !== null && tracer !== before) this.#listener.spared(this, tracer);
    if (tracer !== null) this.#timer.arm(TRACED_MS);
    else if (before !== null) this.#timer.arm(this.#spec.startTimeoutMs);
    return tracer !== null || before !== null;
  }

  #beat(): void {
    this.#oom.note(this.pid);
    this.#intake?.link?.beat();
  }

  #lost(): void {
    if (this.#readyMs === null) return;
    const why = 'its connection is closed, although its process runs; the module may have closed every file descriptor';
    this.#lossTimer ??= setTimeout(() => this.#giveUp(why), EXIT_PATIENCE_MS);
  }

  #giveUp(why: string): void {
    this.#unreachable = why;
    this.#step({ kind: 'unreachable' });
  }

  /** The host was told, and exits by itself. */
  #rejected({ code, message }: HandshakeError): void {
    this.#refusal = { code, message };
  }

  #violated({ code, message }: Pick<HandshakeError, 'code' | 'message'>): void {
    this.#refusal ??= { code, message };
    this.#step({ kind: 'violated' });
  }

  #received(frame: HostFrame): void {
    if (this.#life.kind === 'exited') return; // settled from the black box
    this.#watch.heard();
    this.#oom.note(this.pid);
    if (frame.report) {
      this.#report(frame.report);
    } else if (frame.candidates && this.#life.kind === 'starting') {
      this.#offered(frame.candidates);
    } else if (frame.ready && this.#life.kind === 'starting') {
      this.#step({ kind: 'ready' });
      this.#listener.ready(this, frame.ready);
    } else if (frame.refused && this.#life.kind === 'starting') {
      const code = (frame.refused.code || 'MODULE_LOAD_FAILED') as ErrorCode;
      this.#refusal = { code, message: frame.refused.message ?? '' };
      this.#step({ kind: 'refused' });
    }
  }

  #offered(candidates: Candidates): void {
    const offer = this.#tries ? null : parseOffer(candidates);
    if (offer === null) {
      const message = 'what it says of the ABIs of its file cannot be; install the same version of core and host';
      this.#violated({ code: 'HANDSHAKE_FAILED', message });
    } else {
      this.#tries = true;
      this.#intake?.link?.attempt(this.#listener.offered(this, offer));
    }
  }

  #report(report: Report): void {
    this.#intake?.report(report);
    if (this.inFlight === 0) {
      this.#watch.idle();
      if (this.#life.kind === 'draining') this.#step({ kind: 'drained' });
    }
    this.#listener.relieved(this);
  }

  /** What is said before the module is ready explains a start that fails. */
  #remember(line: string): void {
    if (this.#readyMs === null) this.#lastWords.add(line);
  }

  #exited(exitCode: number | null, signal: string | null): void {
    const from = this.#life;
    this.#watch.close();
    clearTimeout(this.#lossTimer);
    this.#around.socket.forget(this.#token, this.#peerListener);
    // What is left of its process group has lost its reason to run.
    this.#process?.signalGroup('SIGKILL');
    if (this.#process) this.#endOrphans();
    const header = this.#box?.readHeader() ?? null;
    this.#intake?.recover(header);
    const call = this.#intake?.executing(header) ?? null;
    const ordered = from.kind === 'stopping' || signal === 'SIGKILL';
    const { lost, unseen } = this.#intake?.settle(header, !ordered) ?? { lost: [], unseen: [] };
    this.#closeBox();
    this.#step({ kind: 'exit' });
    const facts: DeathFacts = {
      module: this.#spec.name,
      path: this.path,
      generation: this.generation,
      pid: this.pid,
      from,
      exitCode,
      signal,
      phase: header?.phase ?? 'serving',
      served: this.#readyMs !== null,
      refusal: this.#refusal,
      executing: call ? describeCall(call.event) : header && describeExecuting(header),
      exitCalled: header?.exitCode ?? null,
      oomStruck: signal === 'SIGKILL' && this.#oom.hasStruck(),
      unreachable: this.#unreachable,
      lastWords: this.#lastWords.all(),
      startTimeoutMs: this.#spec.startTimeoutMs,
      hangMs: this.#spec.hangMs,
    };
    const tried = this.#tries ? describeTry(facts) : null;
    const servedMs = this.#readyMs === null ? 0 : performance.now() - this.#readyMs;
    this.#listener.died(this, { ...describeDeath(facts), exitCode, signal, tried, servedMs, lost, unseen });
  }

  /** The next host need not wait for it. */
  #endOrphans(): void {
    const ending = this.#around.orphans?.endOf(this.#token);
    void ending?.then((ending) => this.#listener.leftBehind(this, ending));
  }

  #closeBox(): void {
    this.#box?.close();
    this.#box = null;
  }
}
