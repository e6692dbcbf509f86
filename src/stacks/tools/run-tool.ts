/** Runs a program that reads debug information or a stack: at low priority, with limits of time and of output. */

import { type ChildProcess, spawn } from 'node:child_process';
import { constants, setPriority } from 'node:os';
import { LineCutter } from './line-cutter.js';

/** How a program is run. */
export interface ToolRun {
  /** Its absolute path. */
  file: string;
  args: readonly string[];
  /** What it reads; it gets no more. */
  input?: string;
  limitMs: number;
  /** Bytes of output; a program that prints more is ended. */
  maxBytes?: number;
  /** Ends it before its time. */
  signal?: AbortSignal;
  /** Whether it waits until the machine has nothing better to do. */
  isPatient?: boolean;
  /** Its process has begun. */
  begun?: (pid: number) => void;
}

/** What came of it. */
export interface ToolOutcome {
  /** What it printed, until it ended or was ended. Each line is cut. */
  lines: string[];
  /** Why its output cannot be all; `null`: it came to its end. */
  problem: string | null;
  /** Whether it was ended before its end. */
  wasEnded: boolean;
}

const MAX_BYTES = 32 * 1024 * 1024;
const MAX_ERROR_BYTES = 500;

/** Never fails: the outcome says what was wrong. */
export function runTool(run: ToolRun): Promise<ToolOutcome> {
  return new Promise((resolve) => {
    if (run.signal?.aborted === true) {
      resolve({ lines: [], problem: 'it was not wanted any more', wasEnded: false });
      return;
    }
    let child: ChildProcess;
    try {
      child = spawn(run.file, run.args, {
        cwd: '/',
        env: environment(),
        stdio: ['pipe', 'pipe', 'pipe'],
        detached: true,
      });
    } catch (error) {
      resolve({ lines: [], problem: `it cannot be started (${(error as Error).message})`, wasEnded: false });
      return;
    }
    follow(child, run, resolve);
  });
}

function follow(child: ChildProcess, run: ToolRun, resolve: (outcome: ToolOutcome) => void): void {
  const { limitMs, maxBytes = MAX_BYTES, signal } = run;
  const cutter = new LineCutter();
  let [problem, bytes, complaint]: [string | null, number, string] = [null, 0, ''];
  const give = (why: string) => {
    problem ??= why;
    kill(child);
  };
  const timer = setTimeout(() => give(`it took longer than ${limitMs / 1000} s and was ended`), limitMs);
  const abort = () => give('it was not wanted any more');
  signal?.addEventListener('abort', abort);
  if (child.pid !== undefined) begin(child.pid, run);
  child.stdout?.on('data', (data: Buffer) => {
    bytes += data.length;
    if (bytes <= maxBytes) cutter.add(data);
    else give(`it printed more than ${maxBytes} bytes and was ended`);
  });
  child.stderr?.on('data', (data: Buffer) => {
    if (complaint.length < MAX_ERROR_BYTES) complaint += data.toString('utf8', 0, MAX_ERROR_BYTES);
  });
  // One that does not read to the end is no error.
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.on('error', () => undefined);
  child.stdin?.end(run.input ?? '');
  const end = (why: string | null) => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    resolve({ lines: cutter.end(), problem: problem ?? why, wasEnded: problem !== null });
  };
  child.once('error', (error) => end(`it cannot be started (${error.message})`));
  child.once('exit', () => {
    // What it left behind may hold its output open.
    kill(child);
    for (const stream of [child.stdout, child.stderr]) setTimeout(() => stream?.destroy(), CLOSE_PATIENCE_MS).unref();
  });
  child.once('close', (code, by) => {
    const why = by === null ? `it exited with ${code}` : `it was ended by ${by}`;
    const [said = ''] = complaint.split('\n');
    end(code === 0 ? null : said === '' ? why : `${why}: ${said}`);
  });
}

const CLOSE_PATIENCE_MS = 1000;

function begin(pid: number, { isPatient = true, begun }: ToolRun): void {
  begun?.(pid);
  try {
    if (isPatient) setPriority(pid, constants.priority.PRIORITY_LOW);
  } catch {
    // It has ended already, or the system does not allow it.
  }
}

/** Whatever it has started as well. */
function kill({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // Nothing is left of it.
  }
}

/** Without DEBUGINFOD_URLS: nothing is asked of a server of the network. */
function environment(): Record<string, string> {
  return { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C' };
}
