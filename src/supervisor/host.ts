/** Performs the effects of one host's life: its process, its timer, its black box, its link. */

import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { ModuleSpec } from '../config/types.js';
import type { ErrorCode, HandshakeError } from '../errors.js';
import { type BoxHeader, isReachable } from '../wire/black-box.js';
import type { Entry, HostFrame, Report, Result } from '../wire/codec.js';
import { LineGate } from '../wire/line-gate.js';

import { type BoxFile, makeBox } from './box-file.js';
import { describeDeath } from './death.js';
import { Growth } from './growth.js';
import {
  beginHost,
  type HostEffect,
  type HostEvent,
  type HostLife,
  type HostStep,
  stepHost,
} from './host-lifecycle.js';
import type { HostListener } from './host-listener.js';
import { LastWords } from './last-words.js';
import { Link } from './link.js';
import { LivenessWatch } from './liveness-watch.js';
import type { ModuleSocket, Peer, PeerListener } from './module-socket.js';
import { OomWatch } from './oom-watch.js';
import type { Orphans } from './orphans.js';
import { readOutput } from './output-reader.js';
import { PatientTimer } from './patient-timer.js';
import { describeCall, type LaneName, laneOf, type PendingCall } from './pending-call.js';
import { readTracer } from './proc.js';
import { type Settlement, settleCalls } from './settle.js';
import { type HostProcess, spawnHost } from './spawn.js';
import { findReportProblem, findResultProblem, findSentProblem } from './verify.js';

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
  readonly #spec: ModuleSpec;
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
  readonly #watch: LivenessWatch;
  readonly #oom = new OomWatch();
  readonly #timer = new PatientTimer(() => this.#timeout());
  #lossTimer: NodeJS.Timeout | undefined;
  #unreachable = '';
  #life: HostLife = { kind: 'starting' };
  #process: HostProcess | null = null;
  #box: BoxFile | null = null;
  #link: Link | null = null;
  #readyMs: number | null = null;
  readonly #lastAnswered: Record<LaneName, number> = { message: 0, notification: 0 };
  readonly #totals = { full: new Growth(), limited: new Growth(), refusedSends: new Growth() };
  /** The black-box position up to which verdicts were looked for while the host was at work. */
  #searched = 0;
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
        owes: (seq) => this.#link?.find(seq) !== undefined,
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

  /** Calls of a lane that it may be given now. */
  credit(lane: LaneName): number {
    return this.#life.kind === 'ready' ? (this.#link?.credit(lane) ?? 0) : 0;
  }

  get inFlight(): number {
    return this.#link?.inFlight ?? 0;
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
    const request = {
      endpoint: this.#around.endpoint,
      token: this.#token,
      runId: this.#around.runId,
      boxFd: this.#box.fd,
      cwd: this.#around.runDir,
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
    const link = this.#link as Link;
    if (link.inFlight === 0) this.#watch.begin();
    link.call(pending, nowMs);
  }

  /**
   * Takes verdicts from the black box that the host cannot report, as it is at work on the call behind them. Only
   * verdicts: the rest comes with the report, which then has nothing new of these calls.
   */
  takeFinished(): void {
    const header = this.inFlight > 0 ? (this.#box?.readHeader() ?? null) : null;
    if (!header?.currentSeq || !this.#link || !this.#box) return;
    const from = Math.max(this.#link.taken, this.#searched);
    if (!isReachable(header.head, from, this.#box.ringSize)) return;
    this.#searched = header.head;
    for (const { result } of this.#box.readRing(from, header.head)) if (result) this.#answer(result);
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
        this.#link?.stop();
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
    const { name, path, abi, config } = this.#spec;
    this.#link = new Link(peer, this.#spec.window, this.#box?.ringSize ?? 0);
    peer.send({
      welcome: {
        protocol,
        module: name,
        generation: this.generation,
        path: path ?? '',
        ...(abi ? { abi } : {}),
        settings: config.map(([key, value]) => ({ key, value })),
        maxMessage: this.#around.maxMessageBytes,
        logRate: this.#spec.logRate ?? 0,
      },
    });
  }

  #timeout(): void {
    const tracer = this.#life.kind === 'starting' ? readTracer(this.pid) : null;
    if (tracer === null) {
      this.#step({ kind: 'timeout' });
      return;
    }
    this.#listener.spared(this, tracer);
    this.#timer.arm(TRACED_MS);
  }

  #beat(): void {
    this.#oom.note(this.pid);
    this.#link?.beat();
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

  /** @returns whether there is nothing wrong */
  #trust(problem: string | null): boolean {
    if (problem === null) return true;
    this.#violated({ code: 'HANDSHAKE_FAILED', message: problem });
    return false;
  }

  #received(frame: HostFrame): void {
    if (this.#life.kind === 'exited') return; // settled from the black box
    this.#watch.heard();
    this.#oom.note(this.pid);
    if (frame.report) {
      this.#report(frame.report);
    } else if (frame.ready && this.#life.kind === 'starting') {
      this.#step({ kind: 'ready' });
      this.#listener.ready(this, frame.ready);
    } else if (frame.refused && this.#life.kind === 'starting') {
      const code = (frame.refused.code || 'MODULE_LOAD_FAILED') as ErrorCode;
      this.#refusal = { code, message: frame.refused.message ?? '' };
      this.#step({ kind: 'refused' });
    }
  }

  #report(report: Report): void {
    if (!this.#link) return;
    if (!this.#trust(findReportProblem(report, this.#link.taken, this.#box?.ringSize ?? 0))) return;
    this.#box?.notes.begin(this.#link.taken);
    this.#link.takeOver(report);
    for (const entry of report.entries ?? []) this.#enter(entry);
    this.#count({
      full: report.droppedLogs?.toNumber() ?? 0,
      limited: report.limitedLogs?.toNumber() ?? 0,
      refusedSends: report.refusedSends?.toNumber() ?? 0,
    });
    if (this.inFlight === 0) {
      this.#watch.idle();
      if (this.#life.kind === 'draining') this.#step({ kind: 'drained' });
    }
    this.#listener.relieved(this);
  }

  #enter({ result, sent, log }: Entry): void {
    if (result) {
      this.#answer(result);
    } else if (sent) {
      if (!this.#trust(findSentProblem(sent, this.#around.maxMessageBytes))) return;
      this.#listener.sent(this, sent);
      this.#box?.notes.handedOn();
    } else if (log) {
      this.#remember(Buffer.from(log.text ?? []).toString('utf8'));
      this.#listener.logged(this, log);
    }
  }

  #answer(result: Result): void {
    const seq = result.seq?.toNumber() ?? 0;
    const pending = this.#link?.find(seq);
    if (!pending || !this.#trust(findResultProblem(pending.event, result))) return;
    const lane = laneOf(pending.event);
    this.#lastAnswered[lane] = Math.max(this.#lastAnswered[lane], seq);
    this.#link?.answered(seq, pending);
    this.#listener.answered(this, pending, result);
  }

  #count(totals: { full: number; limited: number; refusedSends: number }): void {
    for (const kind of ['full', 'limited'] as const) {
      const more = this.#totals[kind].to(totals[kind]);
      if (more > 0) this.#listener.dropped(this, kind, more);
    }
    const refused = this.#totals.refusedSends.to(totals.refusedSends);
    if (refused > 0) this.#listener.refusedSends(this, refused);
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
    this.#recover(header);
    const executing = header?.currentSeq ? this.#link?.find(header.currentSeq) : undefined;
    const ordered = from.kind === 'stopping' || signal === 'SIGKILL';
    const { lost, unseen } = this.#settle(header, !ordered);
    this.#closeBox();
    this.#step({ kind: 'exit' });
    const death = describeDeath({
      module: this.#spec.name,
      path: this.#spec.path ?? '',
      generation: this.generation,
      pid: this.pid,
      from,
      exitCode,
      signal,
      phase: header?.phase ?? 'serving',
      served: this.#readyMs !== null,
      refusal: this.#refusal,
      executing: executing ? describeCall(executing.event) : null,
      exitCalled: header?.exitCode ?? null,
      oomStruck: signal === 'SIGKILL' && this.#oom.hasStruck(),
      unreachable: this.#unreachable,
      lastWords: this.#lastWords.all(),
      startTimeoutMs: this.#spec.startTimeoutMs,
      hangMs: this.#spec.hangMs,
    });
    const servedMs = this.#readyMs === null ? 0 : performance.now() - this.#readyMs;
    this.#listener.died(this, { ...death, exitCode, signal, servedMs, lost, unseen });
  }

  /** The next host need not wait for it. */
  #endOrphans(): void {
    const ending = this.#around.orphans?.endOf(this.#token);
    void ending?.then((ending) => this.#listener.leftBehind(this, ending));
  }

  /** Takes what never travelled from the black box: verdicts, sends and logs, in their order. */
  #recover(header: BoxHeader | null): void {
    if (!header || !this.#box) return;
    const from = this.#link?.taken ?? 0;
    this.#box.notes.begin(from);
    for (const entry of this.#lastLines(this.#box.readRing(from, header.head))) this.#enter(entry);
    this.#count({ full: header.droppedLogs, limited: 0, refusedSends: header.refusedSends });
  }

  /** Of more log lines than may be kept in a second, the last: they tell most of a death. */
  #lastLines(entries: Entry[]): Entry[] {
    const lines = entries.filter(({ log }) => log).length;
    let excess = Math.max(0, lines - (this.#spec.logRate ?? lines));
    if (excess > 0) this.#listener.dropped(this, 'limited', excess);
    return entries.filter(({ log }) => !log || excess-- <= 0);
  }

  #settle(read: BoxHeader | null, crashed: boolean): Settlement {
    const link = this.#link;
    if (!link) return { lost: [], unseen: [] };
    // A header whose head is impossible tells nothing about calls either.
    const header = read && isReachable(read.head, link.taken, this.#box?.ringSize ?? 0) ? read : null;
    const { lastSeq } = link;
    return settleCalls(header, { held: link.abandon(), lastSeq, lastAnswered: this.#lastAnswered, crashed });
  }

  #closeBox(): void {
    this.#box?.close();
    this.#box = null;
  }
}
