/** A real core on a temporary run directory, and what it announced; used by the end-to-end tests. */

import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type ConfigOptions,
  type CoreConfig,
  type LifecycleEvent,
  type LogLine,
  type MessageParamsInput,
  type ModuleOptions,
  type ModuleStatus,
  makeConfig,
  type Outcome,
  type SentMessage,
  type StartReport,
  Supervisor,
  type SupervisorOptions,
} from 'mesibo-modules';
import { expect } from 'vitest';

/** The path of a compiled fixture. */
export function fixture(name: string): string {
  return fileURLToPath(new URL(`../fixtures/build/${name}.so`, import.meta.url));
}

/** The path of a compiled sample. */
export function sample(name: string): string {
  return fileURLToPath(new URL(`../../modules/build/module_${name}.so`, import.meta.url));
}

/** The settings of a module made from a fixture, which is called as its file is, with _ for -. */
export function fixtureModule(file: string, options: Partial<ModuleOptions> = {}): ModuleOptions {
  return { name: file.replaceAll('-', '_'), path: fixture(file), ...options };
}

/** The same, with the ABI that its name ends with: nothing is tried, and nothing logged by a try. */
export function fixtureOf(
  abi: 'table' | '2019' | '2020',
  file: string,
  options: Partial<ModuleOptions> = {},
): ModuleOptions {
  return fixtureModule(`${file}-${abi}`, { abi: abi === 'table' ? abi : `exports-${abi}`, ...options });
}

/** A folder that goes with the core. */
export function makeTempDir(): string {
  return mkdtempSync(join(tmpdir(), 'mm-'));
}

/**
 * The settings unless a test sets others: times that even a busy machine keeps, and a module that gets a message again that killed
 * it, because most tests kill with the same word each time. A test of times or of the quarantine sets them itself.
 */
const PATIENT = { deadlineMs: 20_000, startTimeoutMs: 30_000, quarantine: null } as const;

/** A started core and everything it announced so far. */
export class TestCore {
  readonly logs: LogLine[] = [];
  readonly sent: SentMessage[] = [];
  readonly lives: LifecycleEvent[] = [];
  readonly directory = makeTempDir();
  readonly supervisor: Supervisor;
  report: StartReport = { refused: [], stopped: [] };
  readonly #pids: number[] = [];
  #runId = '';
  #waiting: { holds: () => boolean; done: () => void }[] = [];

  constructor(options: ConfigOptions, overrides: Partial<CoreConfig> = {}, how: Partial<SupervisorOptions> = {}) {
    this.supervisor = new Supervisor({ ...patientConfig(options), ...overrides }, { runDir: this.runDir, ...how });
    this.supervisor.on('log', (line) => this.#note(() => this.logs.push(line)));
    this.supervisor.on('message', (sent) => this.#note(() => this.sent.push(sent)));
    this.supervisor.on('lifecycle', (event) => {
      this.#note(() => this.lives.push(event));
      if (event.kind === 'spawned') this.#pids.push(event.pid);
    });
  }

  get runDir(): string {
    return join(this.directory, 'run');
  }

  /** Starts the core. */
  async start(): Promise<this> {
    this.report = await this.supervisor.start();
    this.#runId = readRunId(this.runDir);
    return this;
  }

  /** Sends one message through the chain. */
  send(text: string | Uint8Array, params: MessageParamsInput = { from: 'alice', to: 'bob' }): Promise<Outcome> {
    return this.supervisor.onMessage(params, Buffer.from(text));
  }

  /** The status of one module. */
  module(name: string): ModuleStatus {
    const status = this.supervisor.status().modules.find((module) => module.name === name);
    if (!status) throw new Error(`no module ${name}`);
    return status;
  }

  /** The lines that a module logged itself. */
  lines(name: string, source: LogLine['source'] = 'module'): string[] {
    return this.logs.filter((line) => line.module === name && line.source === source).map((line) => line.text);
  }

  /** Resolves when the condition holds; it is looked at whenever the core announces something. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((done) => {
      if (holds()) done();
      else this.#waiting.push({ holds, done });
    });
  }

  /** Resolves when a module serves again with a generation of at least `generation`. */
  async serving(name: string, generation: number): Promise<void> {
    await this.until(() => {
      const { state, generation: now } = this.module(name);
      return state === 'serving' && now >= generation;
    });
  }

  /** Stops the core and asserts that nothing is left of it. */
  async close(): Promise<void> {
    await this.supervisor.stop();
    expect(this.#pids.filter(isRunning)).toEqual([]);
    expect(readdirSync(this.runDir).filter((name) => name !== 'lock')).toEqual([]);
    expect(boxesOf(this.#runId)).toEqual([]);
    rmSync(this.directory, { recursive: true });
  }

  #note(record: () => void): void {
    record();
    const held = this.#waiting.filter(({ holds }) => holds());
    this.#waiting = this.#waiting.filter((entry) => !held.includes(entry));
    for (const { done } of held) done();
  }
}

/** A configuration whose times are no part of the test, unless it sets them. */
export function patientConfig({ modules = [], ...options }: ConfigOptions): CoreConfig {
  const patient = modules.map((module) => ({ ...PATIENT, ...module }));
  return makeConfig({ chainDeadlineMs: 60_000, ...options, modules: patient });
}

/** Starts a core with these modules. */
export function startCore(modules: ModuleOptions[], options: Omit<ConfigOptions, 'modules'> = {}): Promise<TestCore> {
  return new TestCore({ ...options, modules }).start();
}

/** What marks everything that the core of a run directory started; it is there as long as the core runs. */
export function readRunId(runDir: string): string {
  return readFileSync(join(runDir, 'lock'), 'utf8').split('\n')[1] as string;
}

/** The black boxes that there are of one run. */
export function boxesOf(runId: string): string[] {
  return readdirSync('/dev/shm').filter((name) => name.startsWith(`mesibo-modules-${runId}`));
}

/** Whether a process runs; a zombie does not. */
export function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
