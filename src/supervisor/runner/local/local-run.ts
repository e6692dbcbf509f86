/** One host process of this machine: its black box, its output, what befalls it, and its end. */

import { findDescriptorProblem, readDescriptorUse } from '../../../descriptors.js';
import { readTracer } from '../../../proc.js';
import { LineGate } from '../../../wire/line-gate.js';
import { markOfHost } from '../../../wire/process-mark.js';
import { nameSignal } from '../outside-signals.js';
import type { Diagnosis, EndStage, Run, RunListener, RunRequest } from '../runner.js';
import type { BoxFile } from './black-box/box-file.js';
import { isDebugger } from './debugger.js';
import type { HostAddress, HostSocket } from './host-socket.js';
import type { Orphans } from './leftovers/orphans.js';
import { OomWatch } from './oom-watch.js';
import { readOutput } from './output-reader.js';
import { type HostProcess, killProcess, spawnHost } from './spawn.js';

/** What a process is started with; all of it is the run's from now on. */
export interface LocalRunParts {
  settings: RunRequest['settings'];
  /** What it works in, and why that is not what it should be. */
  directory: { path: string; problem: string | null };
  box: BoxFile;
  address: HostAddress;
  socket: HostSocket;
  runId: string;
  /** See `LocalSurroundings`. */
  orphans: Orphans | null;
}

/** What a host writes to its core's pipe once the core may connect; every other byte is the number of a signal. */
const LISTENS = 0;

/** Its process is started with it. */
export class LocalRun implements Run {
  readonly id: string;
  readonly evidence: BoxFile;
  readonly remark: string | null;
  readonly #parts: LocalRunParts;
  readonly #listener: RunListener;
  readonly #oom = new OomWatch();
  /** `null` when it could not be started. */
  readonly #process: HostProcess | null;
  #isOpen = true;

  constructor(parts: LocalRunParts, listener: RunListener) {
    const { settings, directory, box, address, runId } = parts;
    this.#parts = parts;
    this.#listener = listener;
    this.id = address.token;
    this.evidence = box;
    this.remark = directory.problem;
    this.#process = spawnHost(
      { ...address, runId, boxFd: box.fd, cwd: directory.path, settings },
      (exitCode, signal, halted) => this.#exited(exitCode, signal, halted),
      (error) => this.#failed(error),
    );
    if (this.#process) this.#attend(this.#process);
  }

  get pid(): number {
    return this.#process?.pid ?? 0;
  }

  end(stage: EndStage): void {
    if (!this.#isOpen) return;
    this.evidence.askEnd();
    if (stage === 'kill') this.#endOwnTracer();
    this.#process?.signalGroup(stage === 'kill' ? 'SIGKILL' : 'SIGTERM');
  }

  tracedBy(): number | null {
    const tracer = readTracer(this.pid);
    return tracer !== null && isDebugger(tracer, process.pid, this.pid) ? tracer.pid : null;
  }

  diagnose(): Diagnosis | null {
    const problem = this.#parts.socket.isGreeted ? null : findDescriptorProblem(readDescriptorUse());
    return problem === null ? null : { code: 'HOST_START_FAILED', message: `it could not be connected to: ${problem}` };
  }

  noteWell(): void {
    this.#oom.note(this.pid);
  }

  tidy(): void {
    if (this.#isOpen) this.evidence.payloads.trim();
  }

  close(): void {
    if (this.#isOpen) this.evidence.close();
    this.#isOpen = false;
  }

  #attend({ pid, stdout, stderr, corePipe }: HostProcess): void {
    this.#oom.note(pid);
    this.#read('stdout', stdout);
    this.#read('stderr', stderr);
    corePipe.on('data', (bytes: Buffer) => {
      if (bytes.includes(LISTENS)) this.#parts.socket.connect();
      this.#signalled(bytes);
    });
  }

  #read(name: 'stdout' | 'stderr', stream: NodeJS.ReadableStream): void {
    const line = (text: string) => this.#listener.printed(name, text);
    readOutput(stream, new LineGate(this.#parts.settings.logRate), {
      line,
      dropped: (bytes) => this.#listener.dropped(name, bytes),
      lastWords: (lines) => lines.forEach(line),
    });
  }

  #signalled(signals: Buffer): void {
    const from = (this.#isOpen && this.evidence.readHeader()?.signalFrom) || null;
    for (const number of new Set(signals)) {
      const signal = nameSignal(number);
      if (signal !== null) this.#listener.signalled(signal, from);
    }
  }

  /** The end of a traced process is told to its tracer first: one that the module forked might never pass it on. */
  #endOwnTracer(): void {
    const tracer = this.#process && readTracer(this.pid);
    if (!tracer || tracer.pid === process.pid || isDebugger(tracer, process.pid, this.pid)) return;
    killProcess(tracer.pid);
  }

  #exited(exitCode: number | null, signal: NodeJS.Signals | null, halted: boolean): void {
    this.#parts.socket.close();
    // What is left of its process group has lost its reason to run.
    this.#process?.signalGroup('SIGKILL');
    this.#endOrphans();
    const outOfMemory = signal === 'SIGKILL' && this.#oom.hasStruck();
    this.#listener.ended({ exitCode, signal, halted, outOfMemory, failure: null });
  }

  #failed(error: Error): void {
    this.#parts.socket.close();
    const failure = {
      code: 'HOST_START_FAILED',
      message: `the host process could not be started: ${error.message}`,
    } as const;
    this.#listener.ended({ exitCode: null, signal: null, halted: false, outOfMemory: false, failure });
  }

  /** The next host need not wait for it. */
  #endOrphans(): void {
    const { orphans, runId, address } = this.#parts;
    const ending = orphans?.endOf(address.token, markOfHost(runId, address.token));
    void ending?.then((ending) => this.#listener.leftBehind(ending));
  }
}
