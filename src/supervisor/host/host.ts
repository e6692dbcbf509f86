/** Performs the effects of one host's life: its run, its timer, its calls, its connection. */

import { performance } from 'node:perf_hooks';
import type { ModuleSpec } from '../../config/types.js';
import { type ErrorCode, HandshakeError, type SupervisorError } from '../../errors.js';
import type { ProcessUsage } from '../../process-usage.js';
import type { BoxHeader } from '../../wire/black-box.js';
import type { Candidates, HostFrame, Report } from '../../wire/codec.js';
import type { Lane } from '../../wire/event-kinds.js';
import type { HostFile } from '../builds/host-file.js';
import { Ledger, type LedgerListener } from '../calls/ledger.js';
import type { PendingCall } from '../calls/pending-call.js';
import type { Peer } from '../runner/peer.js';
import type { Run, RunEnd, RunListener, Runner, StackTaking } from '../runner/runner.js';
import { parseOffer } from '../trials/trial.js';
import type { SendKeeper } from '../types.js';
import { Beginning, type Served } from './beginning.js';
import type { Refusal, Unreachable } from './death.js';
import { findExecuting } from './executing.js';
import { makeEnd } from './host-end.js';
import {
  beginHost,
  type HostEffect,
  type HostEvent,
  type HostLife,
  type HostStep,
  type HostTimes,
  stepHost,
} from './host-lifecycle.js';
import type { DeathScene, HostEnd, HostListener } from './host-listener.js';
import { HostUsage } from './host-usage.js';
import { LivenessWatch } from './liveness-watch.js';
import { lowerPriority } from './lower-priority.js';
import { PatientTimer } from './patient-timer.js';
import { findProtocolProblem, makeWelcome } from './welcome.js';

/** A host whose connection breaks is most likely dying: its exit says more, if it comes. */
const EXIT_PATIENCE_MS = 1000;

/** What a host is started with beside its module's settings. */
export interface HostSurroundings {
  runner: Runner;
  maxMessageBytes: number;
  heartbeatMs: number;
  /** The main file of the configuration; `null`: a program made it. */
  configFile: string | null;
  /** Keeps what the module sends; `null`: who hears of it has taken it. */
  keeper: SendKeeper | null;
}

/** One process, one generation. It starts with the object, and the object is not used when it is dead. */
export class Host {
  readonly generation: number;
  readonly file: HostFile;
  startedAt = new Date();
  #spec: ModuleSpec;
  readonly #around: HostSurroundings;
  readonly #listener: HostListener<Host>;
  readonly #run: Run;
  readonly #ledger: Ledger;
  readonly #watch: LivenessWatch;
  readonly #timer = new PatientTimer(() => this.#timeout());
  #stage: Beginning | Served = new Beginning();
  #life: HostLife = { kind: 'starting' };
  #isGreeted = false;
  #lossTimer: NodeJS.Timeout | undefined;
  #unreachable: Unreachable | null = null;
  #refusal: Refusal | null = null;
  readonly #usage = new HostUsage();
  #abi: string | null = null;
  /** As they were counted last. */
  #refusedHttp = 0;
  readonly #replica: number;

  /**
   * @param options.isFresh - its process must be a new one
   * @param options.replica - whose host it is
   * @throws {SupervisorError} why its process cannot be had; the host is then as if it had never been
   */
  constructor(
    generation: number,
    spec: ModuleSpec,
    file: HostFile,
    around: HostSurroundings,
    listener: HostListener<Host>,
    { isFresh = false, replica = 0 } = {},
  ) {
    this.#replica = replica;
    this.generation = generation;
    this.file = file;
    this.#spec = spec;
    this.#around = around;
    this.#listener = listener;
    const { runner, maxMessageBytes, keeper } = around;
    this.#run = runner.start({ module: spec.name, generation, settings: spec, isFresh }, this.#attendRun());
    this.#ledger = new Ledger(this.#run.evidence, { ...spec, maxMessageBytes }, this.#attendLedger(), keeper);
    this.#watch = this.#makeWatch();
    if (keeper?.isFull(spec.name)) this.closeSends(true);
    this.#take(beginHost(spec));
    this.#watchStart();
    file.chosen().catch((error: SupervisorError) => this.#violated(error));
  }

  get state(): HostLife['kind'] {
    return this.#life.kind;
  }

  get pid(): number {
    return this.#run.pid;
  }

  get path(): string {
    return this.file.path;
  }

  /** Whose host it is, when the module has several replicas. */
  get replica(): number | undefined {
    return this.#spec.replicas > 1 ? this.#replica : undefined;
  }

  /** What an operator should know of it although it was started; `null`: nothing. */
  get remark(): string | null {
    return this.#run.remark;
  }

  /** Takes new settings that only the core uses. The host keeps the other settings that it was started with. */
  configure(
    { startTimeoutMs, stopTimeoutMs, crashBody, replicas }: HostTimes & Pick<ModuleSpec, 'crashBody' | 'replicas'>,
    { heartbeatMs }: Pick<HostSurroundings, 'heartbeatMs'>,
  ): void {
    this.#spec = { ...this.#spec, startTimeoutMs, stopTimeoutMs, crashBody, replicas };
    this.#ledger.recent.keepWhole(crashBody === 'all');
    this.#watch.beatEvery(heartbeatMs);
  }

  /** How long a callback may run. @param ms - `null`: as long as `hang` says */
  limitCallbacks(ms: number | null): void {
    this.#watch.limitCallbacks(ms ?? this.#spec.hangMs);
  }

  /** Whether its file does not say its ABI, so that it tries the one that the core chose. */
  get tries(): boolean {
    return this.#stage.tries;
  }

  /** Calls of a lane that it may be given now. */
  credit(lane: Lane): number {
    return this.#life.kind === 'ready' ? this.#ledger.credit(lane) : 0;
  }

  get inFlight(): number {
    return this.#ledger.inFlight;
  }

  /** Messages that it has answered. */
  get messages(): number {
    return this.#ledger.messages;
  }

  /** When it became ready; before that, infinitely late. */
  get readyMs(): number {
    return this.#stage.kind === 'served' ? this.#stage.readyMs : Number.POSITIVE_INFINITY;
  }

  /** Http requests that were refused to it because its module is a shadow. It never becomes less, whatever the host writes. */
  get refusedHttp(): number {
    if (this.#life.kind !== 'exited') this.#countRefusedHttp(this.#run.evidence.readHeader());
    return this.#refusedHttp;
  }

  /** Http requests of its module that are open. */
  get openRequests(): number {
    return this.#life.kind === 'exited' ? 0 : (this.#run.evidence.readHeader()?.openRequests ?? 0);
  }

  /** Microseconds from spawn to ready; 0 before. */
  get startMicros(): number {
    const { beganMs } = this.#run;
    return this.#stage.kind === 'served' && beganMs !== null ? Math.round((this.#stage.readyMs - beganMs) * 1000) : 0;
  }

  /** What its process uses now; `null`: it is gone, or cannot be looked at. */
  readUsage(): ProcessUsage | null {
    return this.#life.kind === 'exited' || this.pid === 0 ? null : this.#usage.read(this.pid);
  }

  /** Looks at what its process uses now, which its crash card will say. */
  look(): void {
    if (this.readUsage() !== null) this.#usage.count(this.pid);
  }

  /** What it used when it was looked at last; `null`: it never was. */
  get lastUsage(): ProcessUsage | null {
    return this.#usage.last;
  }

  /** Hands over one call; only with {@link credit}. */
  call(pending: PendingCall, nowMs: number): void {
    if (this.inFlight === 0) this.#watch.begin(nowMs);
    this.#ledger.call(pending, nowMs);
  }

  /** Makes what its module sends fail from now on, or no longer. */
  closeSends(areClosed: boolean): void {
    if (this.#life.kind !== 'exited') this.#run.evidence.closeSends(areClosed);
  }

  /** Takes verdicts that the host cannot report, as it is at work on the call behind them. */
  takeFinished(): void {
    this.#ledger.takeFinished();
  }

  /** Ends the host: it finishes its calls and cleans up, within its times. */
  stop(): void {
    this.#step({ kind: 'stop' });
  }

  /** Ends the host at once. */
  kill(): void {
    this.#step({ kind: 'kill' });
  }

  // ---- who tells it what ----

  #attendRun(): RunListener {
    return {
      begun: () => {
        this.startedAt = new Date();
        this.#listener.begun(this);
      },
      connected: (peer, protocol) => this.#connected(peer, protocol),
      received: (frame) => this.#received(frame),
      lost: () => this.#lost(),
      // The host was told, and exits by itself.
      rejected: ({ code, message, remedy }) => {
        this.#refusal = { code, message, remedy };
      },
      violated: (error) => this.#violated(error),
      printed: (stream, line) => {
        this.#remember(line);
        this.#listener.printed(this, stream, line);
      },
      dropped: (stream, bytes) => this.#listener.dropped(this, stream, bytes),
      signalled: (signal, from) => this.#listener.signalled(this, signal, from),
      ended: (end) => this.#ended(end),
      leftBehind: (ending) => this.#listener.leftBehind(this, ending),
    };
  }

  #attendLedger(): LedgerListener {
    return {
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
  }

  #makeWatch(): LivenessWatch {
    const settings = { hangMs: this.#spec.hangMs, heartbeatMs: this.#around.heartbeatMs };
    return new LivenessWatch(settings, {
      readHeader: () => this.#run.evidence.readHeader(),
      owes: (seq) => this.#ledger.owes(seq),
      // Without room in its box it makes no calls, and is alive all the same.
      inFlight: () => (this.#ledger.isHeld ? 0 : this.inFlight),
      beat: () => {
        this.#run.noteWell();
        this.#ledger.beat();
      },
      tracer: () => this.#run.tracedBy(),
      spared: (tracer) => this.#listener.spared(this, tracer),
      takeStack: () => this.#run.takeStack(),
      failed: (verdict) => {
        this.look();
        if (verdict.kind === 'hung') this.#step({ kind: 'hung' });
        else this.#giveUp({ kind: 'silent', silentMs: verdict.silentMs });
      },
    });
  }

  #watchStart(): void {
    if (this.#stage.kind === 'beginning') this.#stage.stack.watch(this.#run, this.#spec.startTimeoutMs);
  }

  // ---- its life ----

  #step(event: HostEvent): void {
    this.#take(stepHost(this.#life, event, this.#spec));
  }

  #take({ next, effects }: HostStep): void {
    if (this.#stage.kind === 'beginning' && next.kind !== 'starting') this.#stage.stack.close();
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
        this.#ledger.stop();
        break;
      case 'signal':
        this.#run.end(effect.signal === 'SIGKILL' ? 'kill' : 'terminate');
        break;
      case 'became-ready':
        this.#stage = { kind: 'served', readyMs: performance.now(), tries: this.tries };
        // Not before: a reload and a promotion wait for its start.
        if (this.#spec.shadowOf !== null) lowerPriority(this.pid);
        this.#watch.open();
        this.look();
        this.#run.noteReady();
        break;
      case 'drain':
        if (this.inFlight === 0) this.#step({ kind: 'drained' });
        break;
    }
  }

  #stackOf({ what }: Pick<HostEnd, 'what'>): StackTaking | null {
    if (what.kind === 'hung') return this.#watch.stack;
    return what.kind === 'start-timeout' && this.#stage.kind === 'beginning' ? this.#stage.stack.taking : null;
  }

  #timeout(): void {
    if (this.#stage.kind === 'beginning' && this.#life.kind === 'starting') {
      const spared = this.#stage.timeout(this.#run, this.#spec.startTimeoutMs, performance.now());
      if (spared.kind === 'spared') {
        if (spared.tracer !== null) this.#listener.spared(this, spared.tracer);
        this.#timer.arm(spared.forMs);
        return;
      }
      this.#refusal ??= this.#run.diagnose();
      this.look();
    }
    this.#step({ kind: 'timeout' });
  }

  #connected(peer: Peer, protocol: number): void {
    this.#isGreeted = true;
    const problem = findProtocolProblem(this.#spec, protocol);
    if (problem !== null) {
      this.#violated(problem);
      return;
    }
    this.#ledger.connect(peer);
    const { generation } = this;
    const { maxMessageBytes } = this.#around;
    void this.file.chosen().then(
      (file) => {
        if (this.#life.kind !== 'starting') return;
        const { surroundings } = this.#run;
        peer.send(makeWelcome(this.#spec, file, { protocol, generation, maxMessageBytes, surroundings }));
      },
      () => undefined,
    );
  }

  #lost(): void {
    if (!this.#isGreeted) {
      const why = 'its connection was closed before it said who it is; another process may have connected in its place';
      const stranger = new HandshakeError('HANDSHAKE_FAILED', why);
      this.#lossTimer ??= setTimeout(() => this.#violated(stranger), EXIT_PATIENCE_MS);
    }
    if (this.#stage.kind === 'beginning') return;
    this.#lossTimer ??= setTimeout(() => this.#giveUp({ kind: 'closed' }), EXIT_PATIENCE_MS);
  }

  #giveUp(how: Unreachable): void {
    this.#unreachable = how;
    this.#step({ kind: 'unreachable' });
  }

  #violated({ code, message, remedy = null }: Refusal): void {
    this.#refusal ??= { code, message, remedy };
    this.#step({ kind: 'violated' });
  }

  #received(frame: HostFrame): void {
    if (this.#life.kind === 'exited') return; // settled from the black box
    const nowMs = performance.now();
    this.#watch.heard(nowMs);
    this.#run.noteWell();
    if (frame.report) {
      this.#report(frame.report, nowMs);
    } else if (frame.candidates && this.#life.kind === 'starting') {
      this.#offered(frame.candidates);
    } else if (frame.ready && this.#life.kind === 'starting') {
      this.#abi = frame.ready.abi || null;
      this.#step({ kind: 'ready' });
      this.#listener.ready(this, frame.ready);
    } else if (frame.refused && this.#life.kind === 'starting') {
      const code = (frame.refused.code || 'MODULE_LOAD_FAILED') as ErrorCode;
      this.#refusal = { code, message: frame.refused.message ?? '' };
      this.#step({ kind: 'refused' });
    }
  }

  #offered(candidates: Candidates): void {
    const offer = this.#stage.kind === 'served' || this.#stage.tries ? null : parseOffer(candidates);
    if (this.#stage.kind === 'served' || offer === null) {
      const message =
        'what it says about the ABIs of its file is impossible; install the same version of core and host';
      this.#violated({ code: 'HANDSHAKE_FAILED', message });
    } else {
      this.#stage.tries = true;
      this.#ledger.attempt(this.#listener.offered(this, offer));
    }
  }

  #report(report: Report, nowMs: number): void {
    this.#ledger.report(report, nowMs);
    if (this.inFlight === 0) {
      this.#watch.idle(nowMs);
      if (this.#life.kind === 'draining') this.#step({ kind: 'drained' });
    }
    this.#listener.relieved(this, nowMs);
  }

  /** What is said before the module is ready explains a start that fails. */
  #remember(line: string): void {
    if (this.#stage.kind === 'beginning') this.#stage.lastWords.add(line);
  }

  #ended(ended: RunEnd): void {
    const from = this.#life;
    if (ended.failure !== null) this.#refusal = ended.failure;
    this.#watch.close();
    clearTimeout(this.#lossTimer);
    const header = this.#run.evidence.readHeader();
    this.#countRefusedHttp(header);
    this.#ledger.recover(header);
    const call = this.#ledger.executing(header);
    const executing = findExecuting(call, header);
    const note = this.#run.evidence.readCrashNote();
    const ordered = from.kind === 'stopping' || ended.signal === 'SIGKILL';
    const { lost, unseen } = this.#ledger.settle(header, !ordered);
    this.#run.close(this.#around.keeper?.isSafe() ?? null);
    this.#step({ kind: 'exit' });
    const { generation, pid, path, replica } = this;
    const named = { module: this.#spec.name, path, generation, pid, ...(replica === undefined ? {} : { replica }) };
    const subject = { ...named, spare: this.#run.surroundings !== null };
    const known = { from, refusal: this.#refusal, unreachable: this.#unreachable, executing, note, header };
    const overwritten = this.file.isOverwritten();
    const end = makeEnd(
      { ...subject, ...known, overwritten },
      ended,
      this.#stage,
      this.#spec,
      this.#watch.callbackMs,
      this.#around.configFile,
    );
    const stack = this.#stackOf(end)?.read(this.file.places) ?? null;
    this.#listener.died(this, { ...end, call, lost, unseen, stack, scene: this.#makeScene() });
  }

  #countRefusedHttp(header: BoxHeader | null): void {
    const counted = Math.min(header?.refusedHttp ?? 0, Number.MAX_SAFE_INTEGER);
    this.#refusedHttp = Math.max(this.#refusedHttp, counted);
  }

  #makeScene(): DeathScene {
    const { build = null } = this.file.loadable ?? {};
    const { crashBody, abi } = this.#spec;
    return {
      files: this.file.places,
      sha256: build?.sha256 ?? null,
      abi: this.#abi ?? abi,
      uptimeMs: Math.round(performance.now() - (this.#run.beganMs ?? performance.now())),
      recent: this.#ledger.recent,
      crashBody,
      memoryBytes: this.#usage.last?.memoryBytes ?? null,
      descriptors: this.#usage.descriptors,
    };
  }
}
