/** A core in a process of its own, which a test may kill: everything that it announces, and the orders that it takes. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { LifecycleEvent, LogLine, ModuleOptions } from 'mesibo-modules';

/** A message of a module, as far as a line of JSON tells it. */
export interface ToldMessage {
  module: string;
  generation: number;
  text: string;
}

/** A message of a module that its keeper was given. */
export interface ToldKept extends ToldMessage {
  sentId: string;
  /** In decimal. */
  id: string;
}

/** How the process runs its supervisor. */
export interface ChildCoreOptions {
  runDir: string;
  modules: ModuleOptions[];
  boxDir?: string;
  stateDir?: string;
  subreaper?: boolean;
  /** 0 where a test counts processes or black boxes. */
  spareHosts?: number;
  /** The process hangs in its listener at this one of all announced messages, or at this line of a module. */
  standStillAt?: number | string;
  /** It has a keeper, with which this many messages become safe, and the others never do. */
  safeSends?: number;
  /** What stands before its command. */
  prefix?: string[];
}

type Told =
  | { kind: 'started' | 'stopped' }
  | { kind: 'log'; line: LogLine }
  | { kind: 'lifecycle'; event: LifecycleEvent }
  | { kind: 'message'; sent: ToldMessage }
  | { kind: 'kept'; sent: ToldKept }
  | { kind: 'child'; pid: number }
  | { kind: 'outcome'; text: string; defaults: (string | null)[] };

/** Everything is written at once, so a kill loses only what would come after it. */
const PROGRAM = `
import { spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { makeConfig, Supervisor } from 'mesibo-modules';
const { modules, standStillAt, safeSends, spareHosts = 1, ...options } = JSON.parse(process.argv[1]);
const still = new Int32Array(new SharedArrayBuffer(4));
function tell(told) {
  let left = Buffer.from(JSON.stringify(told) + '\\n');
  while (left.length > 0) {
    try {
      left = left.subarray(writeSync(1, left));
    } catch (error) {
      // The reader is slow.
      if (error.code !== 'EAGAIN') throw error;
      Atomics.wait(still, 0, 0, 1);
    }
  }
}
let kept = 0;
if (safeSends !== undefined) {
  options.sendKeeper = {
    keep({ module, generation, sentId, params, payload }) {
      kept += 1;
      tell({ kind: 'kept', sent: { module, generation, sentId, id: String(params.id), text: payload.toString() } });
    },
    settled: () => (kept <= safeSends ? null : new Promise(() => {})),
    isSafe: () => (kept <= safeSends ? Promise.resolve(true) : new Promise(() => {})),
    isFull: () => false,
    onFull: () => {},
  };
}
const supervisor = new Supervisor(makeConfig({ modules, spareHosts }), options);
const standStill = () => Atomics.wait(still, 0, 0);
let messages = 0;
supervisor.on('log', (line) => {
  tell({ kind: 'log', line });
  if (line.text === standStillAt) standStill();
});
supervisor.on('lifecycle', (event) => tell({ kind: 'lifecycle', event }));
supervisor.on('message', ({ module, generation, payload }) => {
  tell({ kind: 'message', sent: { module, generation, text: payload.toString() } });
  if (++messages === standStillAt) standStill();
});
await supervisor.start();
tell({ kind: 'started' });
for await (const line of createInterface(process.stdin)) {
  const { send, sleep, stop } = JSON.parse(line);
  if (stop) break;
  if (sleep) tell({ kind: 'child', pid: spawn('sleep', ['600'], { detached: true, stdio: 'ignore' }).pid });
  if (send !== undefined) {
    supervisor.onMessage({ from: 'a', to: 'b' }, Buffer.from(send)).then(({ trace }) => {
      tell({ kind: 'outcome', text: send, defaults: trace.map((entry) => entry.default) });
    });
  }
}
await supervisor.stop();
tell({ kind: 'stopped' });
process.exit(0);
`;

/** The process, and what it has reported so far. */
export class ChildCore {
  readonly child: ChildProcess;
  readonly told: Told[] = [];
  readonly #ended: Promise<void>;
  #waiting: { holds: () => boolean; done: () => void; fail: (error: Error) => void }[] = [];
  #isOver = false;

  constructor(options: ChildCoreOptions) {
    const root = new URL('../..', import.meta.url);
    const { prefix = [], ...rest } = options;
    const args = ['--input-type=module', '-e', PROGRAM, JSON.stringify(rest)];
    const [program, ...words] = [...prefix, process.execPath, ...args];
    this.child = spawn(program as string, words, { cwd: root, stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.stdin?.on('error', () => undefined);
    const lines = createInterface(this.child.stdout as NodeJS.ReadableStream);
    lines.on('line', (line) => {
      const told = parse(line);
      if (told) this.#note(told);
    });
    this.#ended = once(lines, 'close').then(() => this.#end());
  }

  /** Starts one and waits until it serves. */
  static async start(options: ChildCoreOptions): Promise<ChildCore> {
    const core = new ChildCore(options);
    await core.until(() => core.told.some(({ kind }) => kind === 'started'));
    return core;
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** The pids of its hosts, in the order of their starts. */
  get hosts(): number[] {
    return this.lives('spawned').map(({ pid }) => pid);
  }

  get sent(): ToldMessage[] {
    return this.told.flatMap((told) => (told.kind === 'message' ? [told.sent] : []));
  }

  get kept(): ToldKept[] {
    return this.told.flatMap((told) => (told.kind === 'kept' ? [told.sent] : []));
  }

  get logs(): LogLine[] {
    return this.told.flatMap((told) => (told.kind === 'log' ? [told.line] : []));
  }

  /** The events of one kind in the lives of modules and hosts. */
  lives<K extends LifecycleEvent['kind']>(kind: K): Extract<LifecycleEvent, { kind: K }>[] {
    const events = this.told.flatMap((told) => (told.kind === 'lifecycle' ? [told.event] : []));
    return events.filter((event): event is Extract<LifecycleEvent, { kind: K }> => event.kind === kind);
  }

  /** Sends one message without waiting for its outcome. */
  send(text: string): void {
    this.#command({ send: text });
  }

  /** Sends one message; resolves with the reasons of its defaults. */
  async outcome(text: string): Promise<(string | null)[]> {
    const before = this.told.length;
    this.send(text);
    const find = () => this.told.slice(before).find((told) => told.kind === 'outcome' && told.text === text);
    await this.until(() => find() !== undefined);
    return (find() as Extract<Told, { kind: 'outcome' }>).defaults;
  }

  /** Lets it start a child of its own, in a session of its own, that is no host; resolves with its pid. */
  async startChild(): Promise<number> {
    this.#command({ sleep: true });
    const find = () => this.told.find((told) => told.kind === 'child');
    await this.until(() => find() !== undefined);
    return (find() as Extract<Told, { kind: 'child' }>).pid;
  }

  /** Resolves when the condition holds; it is checked whenever something is reported. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((done, fail) => {
      if (holds()) done();
      else if (this.#isOver) fail(new Error('the core has ended'));
      else this.#waiting.push({ holds, done, fail });
    });
  }

  /** Stops the supervisor and waits for the end of the process, which may have come before. */
  async stop(): Promise<void> {
    if (!this.#isOver) this.#command({ stop: true });
    await this.#ended;
  }

  /** Resolves when the process is gone and all that it told has been read. */
  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.#ended;
  }

  #command(command: object): void {
    this.child.stdin?.write(`${JSON.stringify(command)}\n`);
  }

  #note(told: Told): void {
    this.told.push(told);
    const held = this.#waiting.filter(({ holds }) => holds());
    this.#waiting = this.#waiting.filter((entry) => !held.includes(entry));
    for (const { done } of held) done();
  }

  #end(): void {
    this.#isOver = true;
    for (const { fail } of this.#waiting) fail(new Error('the core ended before it told what was waited for'));
  }
}

/** A kill may cut the last line short: such a line does not count. */
function parse(line: string): Told | null {
  try {
    return JSON.parse(line) as Told;
  } catch {
    return null;
  }
}
