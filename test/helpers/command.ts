/** The command line as its users run it. */

import { type ChildProcessByStdio, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';

/** What is run as `mesibo-modules`. */
export const main = fileURLToPath(new URL('../../dist/bundles/mesibo-modules.cjs', import.meta.url));

/** How a command ended, and what it said. */
export interface Run {
  code: number | null;
  stdout: string;
  stderr: string;
}

/** Waits for a process to end, and keeps what it says. */
export async function collect(child: ChildProcessByStdio<Writable | null, Readable, Readable>): Promise<Run> {
  const said = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text) => {
      said[name] += text;
    });
  }
  const [code] = await once(child, 'close');
  return { code, ...said };
}

/** Commands with a working directory, and a run directory in it. */
export class CommandLine {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  /** The environment of every command. */
  get env(): NodeJS.ProcessEnv {
    const { MESIBO_DEBUG: _, ...env } = process.env;
    return { ...env, MESIBO_RUN_DIR: join(this.directory, 'run'), NO_COLOR: '1' };
  }

  /** Starts a command. */
  begin(...args: string[]): ChildProcessWithoutNullStreams {
    return spawn(process.execPath, [main, ...args], { cwd: this.directory, env: this.env });
  }

  /** Starts a command whose output goes to a file. */
  beginInto(file: string, ...args: string[]): ChildProcessWithoutNullStreams {
    const words = ['-c', 'file=$1; shift; exec "$@" >"$file"', 'sh', file, process.execPath, main, ...args];
    return spawn('/bin/sh', words, { cwd: this.directory, env: this.env });
  }

  /** Runs a command to its end. */
  run(...args: string[]): Promise<Run> {
    return this.finish(this.begin(...args));
  }

  /** Waits for a command to end. */
  finish(child: ChildProcessWithoutNullStreams, input: string | Buffer = ''): Promise<Run> {
    const run = collect(child);
    // The command may end without having read everything.
    child.stdin.on('error', () => undefined).end(input);
    return run;
  }

  /** Runs a command on a terminal of 100 columns, and types. */
  terminal(args: string[]): ChildProcessWithoutNullStreams {
    const command = [process.execPath, main, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
    const env = { ...this.env, TERM: 'xterm' };
    return spawn('script', ['-qefc', `stty cols 100 rows 30; ${command}`, '/dev/null'], { cwd: this.directory, env });
  }

  /** Writes a configuration and starts a core in the background. */
  start(config: string, ...flags: string[]): Promise<Run> {
    const file = join(this.directory, 'mesibo.conf');
    writeFileSync(file, config);
    return this.run('start', '--config', file, '--daemon', ...flags);
  }
}
