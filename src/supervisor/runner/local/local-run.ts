/** One host process of this machine: its black box, its output, what befalls it, and its end. */

import { performance } from 'node:perf_hooks';
import { findDescriptorProblem, readDescriptorUse } from '../../../descriptors.js';
import { readTracer, type Tracer } from '../../../proc.js';
import type { Symbolizer } from '../../../stacks/symbolizer.js';
import type { Surroundings } from '../../../wire/codec.js';
import { LineGate } from '../../../wire/line-gate.js';
import { markOfHost } from '../../../wire/process-mark.js';
import { nameSignal } from '../outside-signals.js';
import type { Diagnosis, EndStage, Run, RunListener, StackTaking } from '../runner.js';
import type { BoxFile, BoxName } from './black-box/box-file.js';
import type { UnsafeBoxes } from './black-box/unsafe-boxes.js';
import type { Confinement } from './confine/confinement.js';
import { isDebugger } from './debugger.js';
import { marksOf } from './environment.js';
import type { HostAddress, HostSocket } from './host-socket.js';
import type { Orphans } from './leftovers/orphans.js';
import { LocalStack } from './local-stack.js';
import { OomWatch } from './oom-watch.js';
import { readOutput } from './output-reader.js';
import { type HostProcess, killProcess, spawnHost } from './spawn.js';
import type { StartGate, Urgency } from './start-gate.js';

/** What a process is started with; all of it is the run's from now on. */
export interface LocalRunParts {
  /** Without what the run is known by. */
  environment: Readonly<Record<string, string>>;
  /** What it works in. */
  directory: string;
  box: BoxFile;
  address: HostAddress;
  socket: HostSocket;
  runId: string;
  /** See `LocalSurroundings`. */
  orphans: Orphans | null;
  /** Takes the box of a dead host that is not safe; `null`: each is. */
  unsafe: Pick<UnsafeBoxes, 'keep'> | null;
  gate: StartGate;
  urgency: Urgency;
  symbolizer: Symbolizer;
  /** `null`: it may do what the core may. */
  confinement: Confinement | null;
}

/** For whom a process is. */
export interface RunUse {
  logRate: number | null;
  /** What an operator should know although the run began; `null`: nothing. */
  remark: string | null;
  /** Who hears of it. */
  listener: RunListener;
  /** Who prepares for the next start. */
  ties: RunTies;
}

/** What is told to who prepares for the next start. */
export interface RunTies {
  ready(): void;
  closed(): void;
}

/** How a process that was a spare becomes a host. */
export interface Takeover extends RunUse {
  box: BoxName;
  surroundings: Surroundings;
}

/** What a host writes to its core's pipe once the core may connect; every other byte is the number of a signal. */
const LISTENS = 0;

/** Its process is started with it, or when fewer others are coming up. */
export class LocalRun implements Run {
  readonly id: string;
  readonly evidence: BoxFile;
  readonly #parts: LocalRunParts;
  readonly #gates = { stdout: new LineGate(null), stderr: new LineGate(null) };
  readonly #oom = new OomWatch();
  /** `null`: it is not started yet, or could not be. */
  #process: HostProcess | null = null;
  #beganMs: number | null = null;
  readonly #leaveGate: () => void;
  #use: RunUse;
  #surroundings: Surroundings | null = null;
  #stack: LocalStack | null = null;
  #isOpen = true;

  constructor(parts: LocalRunParts, use: RunUse) {
    const { box, address, socket, gate, urgency } = parts;
    this.#parts = parts;
    this.#use = use;
    this.id = address.token;
    this.evidence = box;
    this.#limitLines();
    let isNow = true;
    this.#leaveGate = gate.enter(urgency, () => (isNow ? this.#begin() : this.#beginLater()));
    isNow = false;
    socket.onGreeted = this.#leaveGate;
  }

  get remark(): string | null {
    return this.#use.remark;
  }

  get surroundings(): Surroundings | null {
    return this.#surroundings;
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  get beganMs(): number | null {
    return this.#beganMs;
  }

  end(stage: EndStage): void {
    if (!this.#isOpen) return;
    if (this.#beganMs === null) this.#giveUp();
    this.evidence.askEnd();
    if (stage === 'kill') {
      this.#stack?.end();
      this.#endOwnTracer();
    }
    this.#process?.signalGroup(stage === 'kill' ? 'SIGKILL' : 'SIGTERM');
  }

  tracedBy(): number | null {
    const tracer = readTracer(this.pid);
    return tracer !== null && this.#isDebugger(tracer) ? tracer.pid : null;
  }

  takeStack(): StackTaking {
    this.#stack?.end();
    this.#stack = new LocalStack(this.pid, this.#parts.symbolizer);
    return this.#stack;
  }

  /** The program that takes its stack is none. */
  #isDebugger(tracer: Tracer): boolean {
    return tracer.pid !== this.#stack?.tool && isDebugger(tracer, process.pid, this.pid);
  }

  diagnose(): Diagnosis | null {
    const problem = this.#parts.socket.isGreeted ? null : findDescriptorProblem(readDescriptorUse());
    return problem === null ? null : { code: 'HOST_START_FAILED', message: `it could not be connected to: ${problem}` };
  }

  noteWell(): void {
    this.#oom.note(this.pid);
    this.#parts.confinement?.note(this.pid);
  }

  noteReady(): void {
    this.#use.ties.ready();
  }

  close(safe: Promise<boolean> | null): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    if (safe === null) this.evidence.close();
    else void safe.then((isSafe) => this.#leaveBox(isSafe));
    this.#use.ties.closed();
  }

  #leaveBox(isSafe: boolean): void {
    const { unsafe } = this.#parts;
    if (isSafe || unsafe === null) this.evidence.close();
    else unsafe.keep(this.evidence);
  }

  /**
   * The process, which waits for its Welcome, gets its owner now. Nothing is told before this has returned.
   *
   * @throws an error of the system when its black box cannot be that of the host; then nothing has changed
   */
  become({ box, surroundings, ...use }: Takeover): void {
    this.evidence.giveTo(box);
    const marks = Object.entries(marksOf({ ...this.#parts.address, runId: this.#parts.runId }));
    const environment = [...(surroundings.environment ?? []), ...marks.map(([key, value]) => ({ key, value }))];
    this.#surroundings = { ...surroundings, environment };
    this.#use = use;
    this.#limitLines();
    this.#oom.note(this.pid);
    this.#beganMs = performance.now();
    this.#parts.socket.handOver(use.listener);
  }

  #limitLines(): void {
    for (const gate of Object.values(this.#gates)) gate.limitTo(this.#use.logRate);
  }

  /** @throws an error of the system */
  #begin(): void {
    const { environment, directory, box, address, runId, confinement } = this.#parts;
    const corePid = confinement?.forks ? { corePid: process.pid } : {};
    const env = { ...environment, ...marksOf({ ...address, runId, ...corePid }) };
    this.#beganMs = performance.now();
    this.#process = spawnHost(
      { env, boxFd: box.fd, cwd: directory, ...(confinement === null ? {} : { wrapping: confinement }) },
      (exitCode, signal, halted) => this.#exited(exitCode, signal, halted),
      (error) => this.#failed(error),
    );
    if (this.#process) this.#attend(this.#process);
  }

  #beginLater(): void {
    try {
      const problem = findDescriptorProblem(readDescriptorUse());
      if (problem !== null) throw new Error(problem);
      this.#begin();
      if (this.pid !== 0) this.#use.listener.begun();
    } catch (error) {
      setImmediate(() => this.#failed(error as Error));
    }
  }

  /** It has not begun, and never will. */
  #giveUp(): void {
    this.#beganMs = performance.now();
    this.#leave();
    setImmediate(() => this.#endedWithout(null));
  }

  #attend(host: HostProcess): void {
    const { stdout, stderr, corePipe } = host;
    if (host.pid !== 0) this.#known();
    else {
      host.onKnown = () => {
        this.#known();
        this.#use.listener.begun();
      };
    }
    this.#read('stdout', stdout);
    this.#read('stderr', stderr);
    corePipe.on('data', (bytes: Buffer) => {
      if (bytes.includes(LISTENS)) this.#parts.socket.connect();
      this.#signalled(bytes);
    });
  }

  #known(): void {
    const { confinement } = this.#parts;
    this.#oom.note(this.pid);
    confinement?.begin(this.pid, () => this.#process?.signalGroup('SIGKILL'));
  }

  #read(name: 'stdout' | 'stderr', stream: NodeJS.ReadableStream): void {
    const line = (text: string) => this.#use.listener.printed(name, text);
    readOutput(stream, this.#gates[name], {
      line,
      dropped: (bytes) => this.#use.listener.dropped(name, bytes),
      lastWords: (lines) => lines.forEach(line),
    });
  }

  #signalled(signals: Buffer): void {
    const from = (this.#isOpen && this.evidence.readHeader()?.signalFrom) || null;
    for (const number of new Set(signals)) {
      const signal = nameSignal(number);
      if (signal !== null) this.#use.listener.signalled(signal, from);
    }
  }

  /** The end of a traced process is told to its tracer first: one that the module forked might never pass it on. */
  #endOwnTracer(): void {
    const tracer = this.#process && readTracer(this.pid);
    if (!tracer || tracer.pid === process.pid || this.#isDebugger(tracer)) return;
    killProcess(tracer.pid);
  }

  #exited(exitCode: number | null, signal: NodeJS.Signals | null, halted: boolean): void {
    const { confinement } = this.#parts;
    const limit = confinement?.limitOf({ exitCode, signal, usedUp: this.#readUsedUp() }) ?? null;
    this.#leave();
    this.#stack?.end();
    // What is left of its process group has lost its reason to run.
    this.#process?.signalGroup('SIGKILL');
    this.#endOrphans();
    const outOfMemory = signal === 'SIGKILL' && this.#oom.hasStruck();
    this.#use.listener.ended({ exitCode, signal, halted, outOfMemory, limit, failure: null });
  }

  #readUsedUp(): { descriptors: boolean; memory: boolean } {
    const note = this.#isOpen ? this.evidence.readCrashNote() : 'none';
    return (typeof note === 'string' ? null : note.usedUp) ?? { descriptors: false, memory: false };
  }

  #failed({ message }: Error): void {
    this.#leave();
    this.#endedWithout({ code: 'HOST_START_FAILED', message: `the host process could not be started: ${message}` });
  }

  /** There was no process. */
  #endedWithout(failure: Diagnosis | null): void {
    this.#use.listener.ended({ exitCode: null, signal: null, halted: false, outOfMemory: false, limit: null, failure });
  }

  /** Others may come up now, and nobody can connect any more. */
  #leave(): void {
    this.#leaveGate();
    this.#parts.socket.close();
    this.#parts.confinement?.close();
  }

  /** The next host need not wait for it. */
  #endOrphans(): void {
    const { orphans, runId, address } = this.#parts;
    const ending = orphans?.endOf(address.token, markOfHost(runId, address.token));
    void ending?.then((ending) => this.#use.listener.leftBehind(ending));
  }
}
