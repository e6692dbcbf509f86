/** Starts host processes: the only place that knows execa. */

import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Duplex, Readable } from 'node:stream';
import { execa } from 'execa';
import { reapChild } from '../../../libc.js';
import { HOST_RUNNER } from '../../../paths.js';
import { readParent, readRunning } from '../../../proc.js';
import { signalNameOf } from '../../../signal-name.js';
import { INFO_FD } from './confine/plan.js';

/** What a host process is started with. */
export interface SpawnRequest {
  boxFd: number;
  cwd: string;
  /** All of it. */
  env: Record<string, string>;
  /** What confines it; absent: nothing. */
  wrapping?: Wrapping;
}

/** What stands before the command of a host. */
export interface Wrapping {
  prefix: readonly string[];
  /** Whether it starts the host as another process, waits for that, and ends as a shell would. */
  forks: boolean;
}

/** What the supervisor needs of a started process. */
export interface HostProcess {
  /** 0: the process of the host is not known yet. */
  readonly pid: number;
  /** Called when it is known, unless it was from the beginning. */
  onKnown: () => void;
  stdout: Readable;
  stderr: Readable;
  /**
   * Ends for the host with its core. What comes from it is bytes: 0 says that the host listens, every other one is the
   * number of a signal that the host got from outside.
   */
  corePipe: Duplex;
  /** Signals the process and every process of its group. */
  signalGroup(signal: 'SIGTERM' | 'SIGKILL'): void;
}

/**
 * Called once, when the process is gone.
 *
 * @param halted - a signal halted it, of which nothing is known: the module had made this process its tracer
 */
export type ExitListener = (exitCode: number | null, signal: NodeJS.Signals | null, halted: boolean) => void;

/** A process that was killed is gone by then. */
const REAP_AGAIN_MS = 20;

/** The host writes over it whose process it is, once it knows; see src/host-runner/native/environment.c. */
const LABEL = 'spare'.padEnd(80);

/** As the host numbers it. */
const CORE_PIPE_FD = 3;
/** What a shell adds to the number of a signal that ended a process. */
const SIGNALLED = 128;

/**
 * Starts one host process in a process group of its own. Must be called on the main thread: the kernel binds the
 * parent-death signal to the thread.
 *
 * @param exited is called on the child's `exit`, which, unlike execa's promise, does not wait for a grandchild that
 * holds the output open.
 * @param failed is called later instead, when the process could not be started
 * @returns the process, or `null` when it could not be started
 */
export function spawnHost(
  request: SpawnRequest,
  exited: ExitListener,
  failed: (error: Error) => void,
): HostProcess | null {
  const child = begin(request, failed);
  if (child === null) return null;
  const { pid: started } = child;
  if (started === undefined) {
    void child.then((result) => failed(new Error(result.originalMessage ?? result.shortMessage)));
    return null;
  }
  const forks = request.wrapping?.forks ?? false;
  child.once('exit', (exitCode, signal) => {
    if (forks) return exited(...endBehind(exitCode, signal), false);
    // After PTRACE_TRACEME a signal halts the process, which Node takes for an exit with code 0.
    const halted = exitCode === 0 && readRunning(started) !== null;
    if (halted) endHalted(started);
    exited(exitCode, signal, halted);
  });
  // The far end closes when the host dies; an error there has nothing to add to the exit.
  for (const stream of child.stdio) stream?.on('error', () => {});
  const { stdout, stderr } = child;
  const corePipe = child.stdio[CORE_PIPE_FD] as unknown as Duplex;
  // Children that it forked may hold its end open.
  child.once('exit', () => corePipe.destroy());
  let pid = forks ? 0 : started;
  const host: HostProcess = {
    get pid() {
      return pid;
    },
    onKnown: () => undefined,
    stdout,
    stderr,
    corePipe,
    // The host leads a group of its own; the process that waits for it ends with it.
    signalGroup: (signal) => signalGroup(pid || started, signal),
  };
  if (forks) {
    const stdio: readonly unknown[] = child.stdio;
    readChildPid(stdio[INFO_FD] as Readable, (found) => {
      pid = found;
      host.onKnown();
    });
  }
  return host;
}

/** The process that bwrap has made, of which it tells before that becomes the host. */
function readChildPid(info: Readable, found: (pid: number) => void): void {
  let text = '';
  info.on('data', (bytes: Buffer) => {
    const isKnown = text.includes('}');
    text += bytes.toString('latin1');
    const pid = Number(/"child-pid":\s*(\d+)/.exec(text)?.[1] ?? 0);
    if (!isKnown && text.includes('}') && pid > 0) found(pid);
  });
}

/** How a process ended, from how the one did that waited for it: with 128 and the number of the signal, as a shell. */
function endBehind(
  exitCode: number | null,
  signal: NodeJS.Signals | null,
): [exitCode: number | null, signal: NodeJS.Signals | null] {
  const name = signalNameOf((exitCode ?? 0) - SIGNALLED);
  return name === null ? [exitCode, signal] : [null, name];
}

function begin(request: SpawnRequest, failed: (error: Error) => void) {
  let begun: ChildProcess | undefined;
  const note = (message: unknown) => {
    begun = (message as { process: ChildProcess }).process;
  };
  subscribe('child_process', note);
  const { prefix, forks } = request.wrapping ?? { prefix: [], forks: false };
  const command = [...prefix, process.execPath, '--disable-wasm-trap-handler', HOST_RUNNER, LABEL];
  try {
    return execa(command[0] as string, command.slice(1), {
      // It lives until its end is asked for; execa ends all others with this process.
      detached: true,
      // Features of execa for commands that one waits for are off. For a host they are wrong: its end is not an error, its
      // output is endless and read as it comes, and its environment is its own.
      reject: false,
      buffer: false,
      extendEnv: false,
      env: request.env,
      cwd: request.cwd,
      // Any descriptor is taken; execa's types name single digits only.
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', request.boxFd as 4, ...(forks ? (['pipe'] as const) : [])],
    });
  } catch (error) {
    if (begun === undefined || begun.pid !== undefined) throw error;
    // No descriptor was left for its pipes. execa fails on that; Node reports it in a moment to its listeners.
    begun.once('error', failed);
    return null;
  } finally {
    unsubscribe('child_process', note);
  }
}

/** Node no longer waits for it, so this does. */
function endHalted(pid: number): void {
  killProcess(pid);
  const reap = () => {
    if (!reapChild(pid) && readParent(pid) === process.pid) setTimeout(reap, REAP_AGAIN_MS);
  };
  reap();
}

/** Ends one process at once; one that is gone already, or another user's, is no error. */
export function killProcess(pid: number): void {
  signal(pid, 'SIGKILL');
}

/** Signals a process group; one that is gone already is no error. */
export function signalGroup(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  signal(-pid, name);
}

function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    // EPERM: all that is left of it runs as another user, as after sudo.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}
