/** Performs the effects of one host's life: its process, its timer, its black box, its link. */

import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { ModuleSpec } from '../config/types.js';
import { findDescriptorProblem, readDescriptorUse } from '../descriptors.js';
import { type ErrorCode, HandshakeError, SupervisorError } from '../errors.js';
import { readTracer } from '../proc.js';
import type { Candidates, HostFrame, Report } from '../wire/codec.js';
import type { Lane } from '../wire/event-kinds.js';
import { LineGate } from '../wire/line-gate.js';
import { markOfHost } from '../wire/process-mark.js';
import { type BoxFile, makeBox } from './black-box/box-file.js';
import type { LoadableFile } from './builds/build.js';
import type { HostFile } from './builds/host-file.js';
import { Ledger, type LedgerListener } from './calls/ledger.js';
import { describeCall, describeExecuting, type PendingCall } from './calls/pending-call.js';
import { type DeathFacts, describeDeath, describeTry } from './health/death.js';
import { isDebugger } from './health/debugger.js';
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
import { HostSocket, type Peer, type PeerListener } from './host-socket.js';
import type { Orphans } from './leftovers/orphans.js';
import { readOutput } from './output/output-reader.js';
import { nameSignal } from './outside-signals.js';
import { hostSocketPath, makeRunDir } from './run-dir.js';
import { type HostProcess, killProcess, spawnHost } from './spawn.js';
import { parseOffer } from './trials/trial.js';

/** A host whose connection breaks is most likely dying: its exit says more, if it comes. */
const EXIT_PATIENCE_MS = 1000;
/** A start is not given up while the host is under a debugger; it is looked at again this much later. */
const TRACED_MS = 1000;

/** Room in a frame beside the payload: addresses, parameters, and the records that came before it. */
const FRAME_SLACK_BYTES = 2 * 1024 * 1024;

/** What a host writes to its core's pipe once the core may connect; every other byte is the number of a signal. */
const LISTENS = 0;

/** What a host is started with beside its module's settings. */
export interface HostSurroundings {
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
  readonly file: HostFile;
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
  readonly #told: LedgerListener = {
    answered: (pending, answer, nowMs) => this.#listener.answered(this, pending, answer, nowMs),
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
  #socket: HostSocket | null = null;
  #box: BoxFile | null = null;
  #ledger: Ledger | null = null;
  #readyMs: number | null = null;
  #tries = false;
  #refusal: { code: ErrorCode; message: string } | null = null;

  constructor(generation: number, spec: ModuleSpec, file: HostFile, around: HostSurroundings, listener: HostListener) {
    this.generation = generation;
    this.file = file;
    this.#spec = spec;
    this.#around = around;
    this.#listener = listener;
    this.#watch = new LivenessWatch(
      { hangMs: spec.hangMs, heartbeatMs: around.heartbeatMs },
      {
        readHeader: () => this.#box?.readHeader() ?? null,
        owes: (seq) => this.#ledger?.owes(seq) ?? false,
        inFlight: () => this.inFlight,
        beat: () => this.#beat(),
        tracer: () => this.#findDebugger(),
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
    return this.file.path;
  }

  /** Takes the times that the core alone goes by; the rest of its settings it was started with. */
  setTimes({ startTimeoutMs, stopTimeoutMs }: HostTimes, { heartbeatMs }: Pick<HostSurroundings, 'heartbeatMs'>): void {
    this.#spec = { ...this.#spec, startTimeoutMs, stopTimeoutMs };
    this.#watch.beatEvery(heartbeatMs);
  }

  /** Whether its file did not tell the ABI, so that it tries one that it was told. */
  get tries(): boolean {
    return this.#tries;
  }

  /** Calls of a lane that it may be given now. */
  credit(lane: Lane): number {
    return this.#life.kind === 'ready' ? (this.#ledger?.credit(lane) ?? 0) : 0;
  }

  get inFlight(): number {
    return this.#ledger?.inFlight ?? 0;
  }

  /** Microseconds from spawn to ready; 0 before. */
  get startMicros(): number {
    return this.#readyMs === null ? 0 : Math.round((this.#readyMs - this.#spawnedMs) * 1000);
  }

  /**
   * Starts the process.
   *
   * @throws {SupervisorError} `HOST_START_FAILED`, `BLACK_BOX_UNAVAILABLE`, `RUN_DIR_UNUSABLE`; the host is then as if it
   * had never been
   */
  start(): void {
    const problem = findDescriptorProblem(readDescriptorUse());
    if (problem) throw new SupervisorError('HOST_START_FAILED', `the host process could not be started: ${problem}`);
    makeRunDir(this.#around.runDir);
    const box = { runId: this.#around.runId, module: this.#spec.name, generation: this.generation };
    this.#box = makeBox(this.#around.boxDir, box, this.#around.blackBoxBytes);
    this.#ledger = new Ledger(this.#box, { ...this.#spec, maxMessageBytes: this.#around.maxMessageBytes }, this.#told);
    const address = { path: hostSocketPath(this.#around.runDir), token: this.#token };
    const socket = this.#openSocket(address);
    this.#socket = socket;
    const request = {
      ...address,
      runId: this.#around.runId,
      boxFd: this.#box.fd,
      cwd: this.#spec.directory ?? this.#around.runDir,
      settings: this.#spec,
    };
    const started = spawnHost(
      request,
      (exitCode, signal, halted) => this.#exited(exitCode, signal, halted),
      (error) => {
        this.#refusal = {
          code: 'HOST_START_FAILED',
          message: `the host process could not be started: ${error.message}`,
        };
        this.#exited(null, null, false);
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
    started.corePipe.on('data', (bytes: Buffer) => {
      if (bytes.includes(LISTENS)) socket.connect();
      this.#signalled(bytes);
    });
    this.file.chosen().catch((error: SupervisorError) => this.#violated(error));
  }

  #openSocket(address: { path: string; token: string }): HostSocket {
    try {
      const maxFrameBytes = 2 * this.#around.maxMessageBytes + FRAME_SLACK_BYTES;
      return new HostSocket(address, maxFrameBytes, this.#peerListener);
    } catch (cause) {
      this.#closeBox();
      const message = `the host process could not be started: no socket for it: ${(cause as Error).message}`;
      throw new SupervisorError('HOST_START_FAILED', message, { cause });
    }
  }

  /** Hands over one call; only with {@link credit}. */
  call(pending: PendingCall, nowMs: number): void {
    if (this.inFlight === 0) this.#watch.begin();
    this.#ledger?.call(pending, nowMs);
  }

  /** Takes verdicts that the host cannot report, as it is at work on the call behind them. */
  takeFinished(): void {
    this.#ledger?.takeFinished();
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
        this.#ledger?.stop();
        break;
      case 'signal':
        this.#box?.askEnd();
        if (effect.signal === 'SIGKILL') this.#endOwnTracer();
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
    this.#ledger?.connect(peer);
    const welcome = (file: LoadableFile) => this.#welcome(peer, protocol, file);
    void this.file.chosen().then(welcome, () => undefined);
  }

  #welcome(peer: Peer, protocol: number, { path, build, identity }: LoadableFile): void {
    if (this.#life.kind !== 'starting') return;
    const { name, abi, config, umask, coreFiles } = this.#spec;
    peer.send({
      welcome: {
        protocol,
        module: name,
        generation: this.generation,
        path,
        ...(abi ? { abi } : {}),
        ...(build && identity ? { sha256: build.sha256, fileIdentity: identity } : {}),
        settings: config.map(([key, value]) => ({ key, value })),
        maxMessage: this.#around.maxMessageBytes,
        logRate: this.#spec.logRate ?? 0,
        ...(umask === null ? {} : { umask }),
        ...(coreFiles === 'inherit' ? {} : { coreFiles: coreFiles === 'on' }),
      },
    });
  }

  #signalled(signals: Buffer): void {
    const from = this.#box?.readHeader()?.signalFrom ?? null;
    for (const number of new Set(signals)) {
      const signal = nameSignal(number);
      if (signal !== null) this.#listener.signalled(this, signal, from);
    }
  }

  #timeout(): void {
    if (this.#life.kind === 'starting') {
      if (this.#isSpared()) return;
      const problem = this.#socket?.isGreeted ? null : findDescriptorProblem(readDescriptorUse());
      if (problem) this.#refusal ??= { code: 'HOST_START_FAILED', message: `it could not be connected to: ${problem}` };
    }
    this.#step({ kind: 'timeout' });
  }

  /** Whether its time to start begins anew: it is traced, or was at the last look. */
  #isSpared(): boolean {
    const before = this.#tracer;
    const tracer = this.#findDebugger();
    this.#tracer = tracer;
    if (tracer !== null && tracer !== before) this.#listener.spared(this, tracer);
    if (tracer !== null) this.#timer.arm(TRACED_MS);
    else if (before !== null) this.#timer.arm(this.#spec.startTimeoutMs);
    return tracer !== null || before !== null;
  }

  /** The debugger that traces it; `null`: none does. */
  #findDebugger(): number | null {
    const tracer = readTracer(this.pid);
    return tracer !== null && isDebugger(tracer, process.pid, this.pid) ? tracer.pid : null;
  }

  /** The end of a traced process is told to its tracer first: one that the module forked might never pass it on. */
  #endOwnTracer(): void {
    const tracer = this.#process && readTracer(this.pid);
    if (!tracer || tracer.pid === process.pid || isDebugger(tracer, process.pid, this.pid)) return;
    killProcess(tracer.pid);
  }

  #beat(): void {
    this.#oom.note(this.pid);
    this.#ledger?.beat();
  }

  #lost(): void {
    if (!this.#socket?.isGreeted) {
      const why = 'its connection was closed before it said who it is; another process may have taken its place there';
      const stranger = new HandshakeError('HANDSHAKE_FAILED', why);
      this.#lossTimer ??= setTimeout(() => this.#violated(stranger), EXIT_PATIENCE_MS);
    }
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
      this.#ledger?.attempt(this.#listener.offered(this, offer));
    }
  }

  #report(report: Report): void {
    const nowMs = performance.now();
    this.#ledger?.report(report, nowMs);
    if (this.inFlight === 0) {
      this.#watch.idle();
      if (this.#life.kind === 'draining') this.#step({ kind: 'drained' });
    }
    this.#listener.relieved(nowMs);
  }

  /** What is said before the module is ready explains a start that fails. */
  #remember(line: string): void {
    if (this.#readyMs === null) this.#lastWords.add(line);
  }

  #exited(exitCode: number | null, signal: string | null, halted: boolean): void {
    const from = this.#life;
    this.#watch.close();
    clearTimeout(this.#lossTimer);
    this.#socket?.close();
    // What is left of its process group has lost its reason to run.
    this.#process?.signalGroup('SIGKILL');
    if (this.#process) this.#endOrphans();
    const header = this.#box?.readHeader() ?? null;
    this.#ledger?.recover(header);
    const call = this.#ledger?.executing(header) ?? null;
    const ordered = from.kind === 'stopping' || signal === 'SIGKILL';
    const { lost, unseen } = this.#ledger?.settle(header, !ordered) ?? { lost: [], unseen: [] };
    this.#closeBox();
    this.#step({ kind: 'exit' });
    const overwritten = this.file.isOverwritten();
    const facts: DeathFacts = {
      module: this.#spec.name,
      path: this.path,
      generation: this.generation,
      pid: this.pid,
      from,
      exitCode,
      signal,
      halted,
      phase: header?.phase ?? 'serving',
      served: this.#readyMs !== null,
      refusal: this.#refusal,
      executing: call ? describeCall(call.event) : header && describeExecuting(header),
      exitCalled: header?.exitCode ?? null,
      oomStruck: signal === 'SIGKILL' && this.#oom.hasStruck(),
      unreachable: this.#unreachable,
      overwritten,
      lastWords: this.#lastWords.all(),
      startTimeoutMs: this.#spec.startTimeoutMs,
      hangMs: this.#spec.hangMs,
    };
    const tried = this.#tries ? describeTry(facts) : null;
    const servedMs = this.#readyMs === null ? 0 : performance.now() - this.#readyMs;
    this.#listener.died(this, {
      ...describeDeath(facts),
      exitCode,
      signal,
      tried,
      overwritten,
      servedMs,
      lost,
      unseen,
    });
  }

  /** The next host need not wait for it. */
  #endOrphans(): void {
    const ending = this.#around.orphans?.endOf(this.#token, markOfHost(this.#around.runId, this.#token));
    void ending?.then((ending) => this.#listener.leftBehind(this, ending));
  }

  #closeBox(): void {
    this.#box?.close();
    this.#box = null;
  }
}
