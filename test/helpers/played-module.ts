/** A module whose host processes are played by the test. Everything from `Module` down to `Host` is real. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { LifecycleEvent, LogLine, ModuleOptions } from 'mesibo-modules';
import { makeConfig } from '../../src/config/make.js';
import type { ModuleSpec } from '../../src/config/types.js';
import type { SupervisorError } from '../../src/errors.js';
import { Quarantine } from '../../src/quarantine/quarantine.js';
import { BuildStore } from '../../src/supervisor/builds/store.js';
import type { CallAnswer } from '../../src/supervisor/calls/pending-call.js';
import { Module, type ModuleSurroundings } from '../../src/supervisor/module/module.js';
import type { Evidence } from '../../src/supervisor/runner/evidence.js';
import type { EndStage, Run, RunEnd, RunListener } from '../../src/supervisor/runner/runner.js';
import { AbiMemory } from '../../src/supervisor/trials/abi-memory.js';
import type { BoxHeader, Phase } from '../../src/wire/black-box.js';
import { type CoreFrame, decodeCoreFrame, PROTOCOL } from '../../src/wire/codec.js';
import { resultRecord } from '../unit/wire/records.js';
import { conversation, makeEvent, taker } from './calls.js';
import { makeTempDir } from './temp-dir.js';

const RING_BYTES = 64 * 1024;
/** Longer than any test. */
const LONG_MS = 600_000;

/** What becomes of one message. */
export interface Told {
  text: string;
  answer: CallAnswer;
}

/** The process of one host. It does what the test says, and nothing else. */
export class PlayedRun implements Run {
  readonly id: string;
  /** One that can be looked at. Nothing here sends it a signal. */
  readonly pid = process.pid;
  readonly beganMs = performance.now();
  readonly remark = null;
  readonly surroundings = null;
  readonly evidence: Evidence;
  /** How the core tried to end it. */
  readonly ends: EndStage[] = [];
  readonly frames: CoreFrame[] = [];
  phase: Phase = 'booting';
  isOver = false;
  readonly #listener: RunListener;
  readonly #unanswered: number[] = [];
  #position = 0;
  #waiting: (() => void)[] = [];

  constructor(
    readonly generation: number,
    listener: RunListener,
  ) {
    this.id = String(generation);
    this.#listener = listener;
    this.evidence = {
      ringSize: RING_BYTES,
      notes: { begin: () => undefined, handedOn: () => undefined, reach: () => undefined },
      payloads: null,
      closeSends: () => undefined,
      readHeader: () => this.#header,
      readCrashNote: () => 'none',
      readRing: () => 0,
    };
  }

  /** The file that it is to load, once the core has said so. */
  async welcomed(): Promise<string> {
    const find = () => this.frames.find(({ welcome }) => welcome)?.welcome?.path;
    while (find() === undefined) await this.#next();
    return find() as string;
  }

  connect(): void {
    const took = (frame: CoreFrame) => this.#took(frame);
    const peer = { send: took, sendBytes: (bytes: Uint8Array) => took(decodeCoreFrame(bytes)) };
    this.#listener.connected(peer, PROTOCOL.max);
  }

  /** It connects, loads its file, and is ready. */
  async start(): Promise<void> {
    this.connect();
    await this.welcomed();
    this.ready();
  }

  ready(): void {
    this.phase = 'serving';
    this.#listener.received({ ready: { abi: 'table', abiReason: 'said so', callbacks: ['on_message'] } });
  }

  /** Waits until it holds so many calls. */
  async holds(count: number): Promise<void> {
    while (this.#unanswered.length < count) await this.#next();
  }

  /** How many calls it holds. */
  get held(): number {
    return this.#unanswered.length;
  }

  /** Answers its oldest call. */
  answer(): void {
    const seq = this.#unanswered.shift();
    if (seq === undefined) throw new Error(`host ${this.id} holds no call`);
    const start = this.#position;
    const ring = resultRecord(start, seq, 0, 0);
    this.#position += ring.length;
    const rest = { droppedLogs: 0, limitedLogs: 0, refusedSends: 0 };
    this.#listener.received({ report: { start, ring, position: this.#position, ...rest } });
  }

  /** Its process is gone, by SIGSEGV unless told otherwise. */
  die(end: Partial<RunEnd> = { signal: 'SIGSEGV' }): void {
    this.isOver = true;
    const nothing = { exitCode: null, signal: null, halted: false, outOfMemory: false, limit: null, failure: null };
    this.#listener.ended({ ...nothing, ...end });
  }

  /** It ends in order, as the core asked. */
  exit(): void {
    this.die({ exitCode: 0 });
  }

  /** Whether the core has asked it to end. */
  get isAsked(): boolean {
    return this.frames.some(({ stop }) => stop);
  }

  end(stage: EndStage): void {
    this.ends.push(stage);
    this.#woke();
  }

  /** Waits until the core has tried to end it by a signal. */
  async signalled(): Promise<void> {
    while (this.ends.length === 0) await this.#next();
  }

  tracedBy(): null {
    return null;
  }

  takeStack() {
    return { heldMs: 0, read: async () => null, end: () => undefined };
  }

  diagnose(): null {
    return null;
  }

  noteWell(): void {}

  noteReady(): void {}

  close(): void {}

  get #header(): BoxHeader {
    return {
      ...{ head: this.#position, tail: this.#position, phase: this.phase },
      ...{ currentSeq: this.#unanswered[0] ?? 0, currentEvent: null, cause: null, currentStart: 0n },
      ...{ droppedLogs: 0, refusedSends: 0, exitCode: null, signalFrom: null },
      handedOn: { position: 0, sends: 0 },
    };
  }

  #next(): Promise<void> {
    return new Promise((done) => this.#waiting.push(done));
  }

  #took(frame: CoreFrame): void {
    this.frames.push(frame);
    for (const { seq } of frame.batch?.calls ?? []) this.#unanswered.push(Number(seq));
    this.#woke();
  }

  #woke(): void {
    for (const done of this.#waiting.splice(0)) done();
  }
}

/** The module, and everything that it announced. */
export class PlayedModule {
  readonly directory = makeTempDir();
  /** One for each start of a host. */
  readonly runs: PlayedRun[] = [];
  readonly lives: LifecycleEvent[] = [];
  readonly logs: LogLine[] = [];
  readonly told: Told[] = [];
  readonly module: Module;
  readonly around: ModuleSurroundings;
  /** Is called at each lifecycle event, before the module goes on. */
  heard: (event: LifecycleEvent) => void = () => undefined;
  /** Why no process can be had; `null`: one can. Asked at each start. */
  refuses: () => SupervisorError | null = () => null;
  readonly #settings: Partial<ModuleOptions>;
  readonly #waiting: (() => void)[] = [];

  constructor(settings: Partial<ModuleOptions> = {}) {
    this.#settings = settings;
    this.install('version 1');
    this.around = {
      runner: {
        start: (request, listener) => this.#start(request.generation, listener),
        keepSpares: () => undefined,
        close: async () => undefined,
      },
      runId: 'a'.repeat(16),
      abis: new AbiMemory(null),
      builds: new BuildStore(join(this.directory, 'builds'), () => this.module.builds),
      quarantine: new Quarantine({ stateDir: null, buildOf: () => null, warn: () => undefined }),
      ...{ queueBytes: 1e6, maxMessageBytes: 16 * 1024, heartbeatMs: LONG_MS, configFile: null, keeper: null },
    };
    this.module = new Module(this.spec(), this.around, {
      message: () => null,
      lifecycle: (event) => {
        this.lives.push(event);
        this.heard(event);
      },
      log: (line) => this.logs.push(line),
      died: () => undefined,
      wentBack: () => undefined,
    });
  }

  /** What a program gives of it, with changes. */
  options(changes: Partial<ModuleOptions> = {}): ModuleOptions {
    const patient = { hangMs: null, startTimeoutMs: LONG_MS, quarantine: null, abi: 'table' as const };
    return { name: 'm', path: this.path, ...patient, ...this.#settings, ...changes };
  }

  /** Its settings, with changes. */
  spec(changes: Partial<ModuleOptions> = {}): ModuleSpec {
    return makeConfig({ modules: [this.options(changes)] }).modules[0] as ModuleSpec;
  }

  get path(): string {
    return join(this.directory, 'm.so');
  }

  /** Puts another file in its place. */
  install(content: string): void {
    writeFileSync(this.path, content);
  }

  run(generation: number): PlayedRun {
    const run = this.runs.find((run) => run.generation === generation);
    if (run === undefined) throw new Error(`there is no host ${generation}`);
    return run;
  }

  /** Waits until so many hosts have begun to start. */
  async begun(count: number): Promise<PlayedRun> {
    while (this.runs.length < count) await new Promise<void>((done) => this.#waiting.push(done));
    return this.runs[count - 1] as PlayedRun;
  }

  /** Starts it; all its first hosts become ready. */
  async start(): Promise<void> {
    const started = this.module.start();
    await Promise.all(this.runs.map((run) => run.start()));
    await started;
  }

  /** Lets hosts with other settings take over, as a reload does. */
  async reload(changes: Partial<ModuleOptions>): Promise<void> {
    const before = this.runs.length;
    const prepared = this.module.prepare(this.spec(changes));
    await Promise.all(this.runs.slice(before).map((run) => run.start()));
    await prepared;
    this.module.adopt(this.around);
  }

  /** Offers it a message. */
  send(text: string, { from = 'alice', deadlineMs = LONG_MS } = {}): void {
    const event = makeEvent({ message: { payload: Buffer.from(text) } });
    const told = taker((answer) => this.told.push({ text, answer }));
    const nowMs = performance.now();
    this.module.offer(event, nowMs + deadlineMs, nowMs, conversation(from), told);
  }

  /** Stops it; hosts end as soon as they are asked. */
  async stop(): Promise<void> {
    const stopped = this.module.stop();
    for (const run of this.runs) if (!run.isOver) run.exit();
    await stopped;
  }

  #start(generation: number, listener: RunListener): Run {
    const refusal = this.refuses();
    if (refusal !== null) throw refusal;
    const run = new PlayedRun(generation, listener);
    this.runs.push(run);
    for (const done of this.#waiting.splice(0)) done();
    return run;
  }
}
