/** A core as its users start it, which a test may kill and start again, and what it logs. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { onTestFinished } from 'vitest';
import { CommandLine, main } from '../../helpers/command.js';
import { makeTempDir } from '../../helpers/temp-dir.js';
import { Waiting } from '../../helpers/waiting.js';

/** A line of the log. */
interface Entry {
  module: string | null;
  msg: string;
}

/** The process, and the command line that reaches it. */
export class RealCore {
  readonly command = new CommandLine(makeTempDir());
  readonly log: Entry[] = [];
  #child: ChildProcess | null = null;
  readonly #waiting = new Waiting();

  constructor(config: string) {
    writeFileSync(join(this.command.directory, 'mesibo.conf'), config);
    onTestFinished(() => this.kill());
  }

  static async start(config: string): Promise<RealCore> {
    const core = new RealCore(config);
    await core.start();
    return core;
  }

  get socket(): string {
    return join(this.command.directory, 'run', 'gateway.sock');
  }

  get pid(): number {
    return this.#child?.pid as number;
  }

  /** Resolves when it serves. */
  async start(): Promise<void> {
    const from = this.log.length;
    const { directory, env } = this.command;
    const child = spawn(process.execPath, [main, 'start', '--config', 'mesibo.conf'], {
      cwd: directory,
      env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#child = child;
    createInterface(child.stdout).on('line', (line) => this.#note(line));
    child.once('exit', () => this.#waiting.fail(new Error('the core has ended')));
    await this.logged(null, / serves .* with pid /, from);
  }

  /** Resolves when the core has logged a line like this of a module, or of itself, from there on. */
  async logged(module: string | null, pattern: RegExp, from = 0): Promise<string> {
    const find = () => this.log.slice(from).find((entry) => entry.module === module && pattern.test(entry.msg));
    await this.#waiting.until(() => find() !== undefined);
    return (find() as Entry).msg;
  }

  /** Kills the process that a module is in now. */
  killModule(module: string): void {
    const started = this.log.filter(
      (entry) => entry.module === module && /^module .* started with pid/.test(entry.msg),
    );
    const pid = Number(/pid (\d+)/.exec(started.at(-1)?.msg ?? '')?.[1]);
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      // It has died already, and the next one has not started.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }

  /** Kills the core alone; its hosts end by themselves. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }

  #note(line: string): void {
    this.log.push(JSON.parse(line) as Entry);
    this.#waiting.look();
  }
}
