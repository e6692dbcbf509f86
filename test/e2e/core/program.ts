/** A program that embeds cores, as a process of its own, and the commands that reach them. */

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { CommandLine } from '../../helpers/command.js';
import { isRunning, makeTempDir } from '../core.js';

/** A line that the program said, beside answers. */
interface Told {
  kind: string;
  core?: string;
  text?: string;
  why?: string;
  failure?: string | null;
  message?: string;
  sentId?: string;
  id?: string;
  module?: string;
  cause?: { server: string; eventId: string; hops: number } | null;
  event?: { kind: string; module: string; pid: number; to?: string };
}

/** What it answers to a command. */
interface Answer {
  kind: 'done' | 'failed';
  request: number;
  result?: unknown;
  code?: string;
  message?: string;
}

const PROGRAM = fileURLToPath(new URL('embedder.mjs', import.meta.url));

/** The program, its directory, and a command line for the cores in it. */
export class EmbeddingProgram {
  readonly directory = makeTempDir();
  readonly told: Told[] = [];
  readonly child: ChildProcessWithoutNullStreams;
  readonly #answers = new Map<number, (answer: Answer) => void>();
  readonly #ended: Promise<unknown>;
  #waiting: { holds: () => boolean; done: () => void }[] = [];
  #stderr = '';
  #nextId = 1;

  constructor() {
    this.child = spawn(process.execPath, [PROGRAM], {
      cwd: this.directory,
      env: { ...process.env, NOTIFY_SOCKET: '@none' },
    });
    this.child.stdin.on('error', () => undefined);
    this.child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#stderr += text;
    });
    createInterface(this.child.stdout).on('line', (line) => this.#read(JSON.parse(line)));
    this.#ended = once(this.child, 'close');
  }

  get pid(): number {
    return this.child.pid as number;
  }

  get runDir(): string {
    return join(this.directory, 'run');
  }

  /** What it wrote to its standard error. */
  get stderr(): string {
    return this.#stderr;
  }

  /** The command line for the core in a run directory of this program. */
  cli(runDir = 'run'): CommandLine {
    return new (class extends CommandLine {
      override get env() {
        return { ...super.env, MESIBO_RUN_DIR: join(this.directory, runDir) };
      }
    })(this.directory);
  }

  /** Writes a configuration. */
  write(text: string, name = 'mesibo.conf'): string {
    const file = join(this.directory, name);
    writeFileSync(file, text);
    return file;
  }

  /** Has the program do something; resolves with what it answers. */
  async do<T>(command: string, options: object = {}): Promise<T> {
    const { kind, result, code, message } = await this.#ask(command, options);
    if (kind === 'failed') throw Object.assign(new Error(message), { code });
    return result as T;
  }

  /** Makes a core, with directories of its own below that of the program. */
  make(name: string, file: string, options: object = {}): Promise<unknown> {
    const directories = { runDir: join(this.directory, name), stateDir: join(this.directory, `${name}-state`) };
    return this.do('make', { name, file, ...directories, ...options });
  }

  /** Makes and starts the core `run`. */
  async start(config: string, options: object = {}): Promise<{ refused: unknown[]; stopped: string[] }> {
    await this.make('run', this.write(config), options);
    return this.do('start', { name: 'run' });
  }

  /** The messages of modules that the function of the program was given. */
  get sent(): Told[] {
    return this.told.filter(({ kind }) => kind === 'sent');
  }

  /** The pids of all hosts that were ever started. */
  get hosts(): number[] {
    return this.told.flatMap(({ event }) => (event?.kind === 'spawned' ? [event.pid] : []));
  }

  /** Resolves when the condition holds; it is looked at whenever the program says something. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((done) => {
      if (holds()) done();
      else this.#waiting.push({ holds, done });
    });
  }

  /** Resolves when it has said a line of this kind with these fields. */
  async says(kind: string, like: Partial<Told> = {}): Promise<Told> {
    const find = () =>
      this.told.find(
        (told) => told.kind === kind && Object.entries(like).every(([key, value]) => told[key as keyof Told] === value),
      );
    await this.until(() => find() !== undefined);
    return find() as Told;
  }

  async kill(): Promise<void> {
    this.child.kill('SIGKILL');
    await this.#ended;
  }

  /** Ends it and asserts that nothing is left. */
  async close(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.stdin.end();
    await this.#ended;
    await expect.poll(() => this.hosts.filter(isRunning), { timeout: 10_000 }).toEqual([]);
    rmSync(this.directory, { recursive: true });
  }

  #ask(command: string, options: object): Promise<Answer> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#answers.set(id, resolve);
      this.child.stdin.write(`${JSON.stringify({ ...options, request: id, command })}\n`);
    });
  }

  #read(told: Told | Answer): void {
    if (isAnswer(told)) this.#answers.get(told.request)?.(told);
    else this.told.push(told);
    const held = this.#waiting.filter(({ holds }) => holds());
    this.#waiting = this.#waiting.filter((entry) => !held.includes(entry));
    for (const { done } of held) done();
  }
}

function isAnswer(told: Told | Answer): told is Answer {
  return told.kind === 'done' || told.kind === 'failed';
}
