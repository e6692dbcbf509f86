/** Starts host processes: the only place that knows execa. */

import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Readable } from 'node:stream';
import { execa } from 'execa';
import { HOST_RUNNER } from '../paths.js';

/** What a host process is started with. */
export interface SpawnRequest {
  endpoint: string;
  token: string;
  /** Carried by everything that this core starts, so that leftovers can be told from strangers. */
  runId: string;
  boxFd: number;
  cwd: string;
}

/** What the supervisor needs of a started process. */
export interface HostProcess {
  pid: number;
  stdout: Readable;
  stderr: Readable;
  /** A byte for each signal that the process got from outside: its number. */
  signals: Readable;
  /** Signals the process and every process of its group. */
  signalGroup(signal: 'SIGTERM' | 'SIGKILL'): void;
}

/** Called once, when the process is gone. */
export type ExitListener = (exitCode: number | null, signal: NodeJS.Signals | null) => void;

/** What a host may see of the core's environment; a module finds no secrets of the server there. */
const PASSED_ON = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'LC_CTYPE', 'TZ', 'TMPDIR', 'LD_LIBRARY_PATH', 'ASAN_OPTIONS'];

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
  const { pid } = child;
  if (pid === undefined) {
    void child.then((result) => failed(new Error(result.originalMessage ?? result.shortMessage)));
    return null;
  }
  child.once('exit', exited);
  // The far end closes when the host dies; an error there has nothing to add to the exit.
  for (const stream of child.stdio) stream?.on('error', () => {});
  const signals = child.stdio[3] as Readable;
  // Children that it forked may hold its end open.
  child.once('exit', () => signals.destroy());
  return {
    pid,
    stdout: child.stdout,
    stderr: child.stderr,
    signals,
    signalGroup: (signal) => signalGroup(pid, signal),
  };
}

function begin(request: SpawnRequest, failed: (error: Error) => void) {
  let begun: ChildProcess | undefined;
  const note = (message: unknown) => {
    begun = (message as { process: ChildProcess }).process;
  };
  subscribe('child_process', note);
  try {
    return execa(process.execPath, ['--disable-wasm-trap-handler', HOST_RUNNER], {
      detached: true,
      cleanup: false,
      reject: false,
      buffer: false,
      extendEnv: false,
      env: environment(request),
      cwd: request.cwd,
      // Any descriptor is taken; execa's types name single digits only.
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', request.boxFd as 4],
    });
  } catch (error) {
    if (begun === undefined || begun.pid !== undefined) throw error;
    // No descriptor was left for its pipes: execa stumbles over that, and Node tells it in a moment, to whoever listens.
    begun.once('error', failed);
    return null;
  } finally {
    unsubscribe('child_process', note);
  }
}

/** Signals a process group; one that is gone already is no error. */
export function signalGroup(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // EPERM: all that is left of it runs as another user, as after sudo.
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
}

function environment({ endpoint, token, runId }: SpawnRequest): Record<string, string> {
  const env: Record<string, string> = { MESIBO_ENDPOINT: endpoint, MESIBO_TOKEN: token, MESIBO_RUN_ID: runId };
  for (const name of PASSED_ON) {
    const value = process.env[name];
    if (value !== undefined) env[name] = value;
  }
  // Read when a module asks an https server for something; under its own name it would slow down every start.
  const certificates = process.env.NODE_EXTRA_CA_CERTS;
  if (certificates !== undefined) env.MESIBO_EXTRA_CA_CERTS = certificates;
  return env;
}
