/** Runs the program of `on_event`; the core never waits for it. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import type { Directories } from '../../directories.js';
import { readTree } from '../../proc.js';
import { readOutput } from '../../supervisor/runner/local/output-reader.js';
import { LineGate } from '../../wire/line-gate.js';
import type { CoreEvent } from './core-event.js';
import { type DueEvent, EventQueue } from './event-queue.js';

/** How it is run. */
export interface EventProgramOptions extends Directories {
  /** The program; `null`: nobody is told. */
  path: string | null;
  /** Takes what it prints, and what is wrong with it, a line each. */
  say: (level: 'info' | 'warn', text: string) => void;
}

/** A program that takes longer is killed. */
const LIMIT_MS = 60_000;
/** Programs may take this long to end once the core has stopped. */
const LAST_WAIT_MS = 2_000;
/** Lines a second of what it prints. */
const LINES_A_SECOND = 20;
/** All that it gets of the core's own environment. */
const INHERITED = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ'];

/** Tells a program of events, one process for each. */
export class EventProgram {
  readonly #options: EventProgramOptions;
  readonly #queue = new EventQueue();
  readonly #running = new Map<ChildProcess, Promise<void>>();
  #path: string | null;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: EventProgramOptions) {
    this.#options = options;
    this.#path = options.path;
  }

  /** Takes another program, for events from now on. */
  use(path: string | null): void {
    this.#path = path;
  }

  /** Takes an event; the program is run for it now or later. */
  tell(event: CoreEvent): void {
    if (this.#path === null) return;
    this.#queue.add(event);
    this.#next();
  }

  /** The waiting event of a module, or of none, is no longer true. */
  drop(module: string | null): void {
    this.#queue.drop(module);
  }

  /** Lets the program that runs end, and kills those that do not in time; events that still wait are not told. */
  async close(): Promise<void> {
    clearTimeout(this.#timer);
    this.#path = null;
    const limit = setTimeout(() => {
      for (const child of this.#running.keys()) killTree(child);
    }, LAST_WAIT_MS);
    await Promise.all(this.#running.values());
    clearTimeout(limit);
  }

  /** One at a time, so that each is over before what comes after it is told. */
  #next(): void {
    clearTimeout(this.#timer);
    if (this.#path === null || this.#running.size > 0) return;
    const due = this.#queue.take(performance.now());
    if (due !== null) {
      this.#run(this.#path, due);
      return;
    }
    const next = this.#queue.nextMs();
    if (next === null) return;
    this.#timer = setTimeout(() => this.#next(), Math.max(1, next - performance.now()));
    this.#timer.unref();
  }

  #run(path: string, due: DueEvent): void {
    try {
      const child = spawn(path, [], {
        cwd: '/',
        env: environmentOf(due, this.#options),
        stdio: ['ignore', 'pipe', 'pipe'],
        // A process group of its own, which is ended whole.
        detached: true,
      });
      this.#running.set(child, this.#follow(child, path));
    } catch (error) {
      this.#complain(path, (error as Error).message);
      setImmediate(() => this.#next());
    }
  }

  async #follow(child: ChildProcess, path: string): Promise<void> {
    for (const stream of [child.stdout, child.stderr]) {
      // Node makes none when no descriptor is left for a pipe; the error follows.
      if (!stream) continue;
      const line = (text: string) => this.#options.say('info', `on_event: ${text}`);
      readOutput(stream, new LineGate(LINES_A_SECOND), { line, dropped: () => undefined, lastWords: () => undefined });
    }
    let isLate = false;
    const limit = setTimeout(() => {
      isLate = true;
      killTree(child);
    }, LIMIT_MS);
    limit.unref();
    const problem = await new Promise<string | null>((resolve) => {
      child.once('error', (error) => resolve(error.message));
      child.once('exit', (code, signal) => {
        if (isLate) resolve(`it took longer than ${LIMIT_MS / 1000} s and was killed`);
        else resolve(code === 0 ? null : signal ? `it was ended by ${signal}` : `it exited with ${code}`);
      });
    });
    clearTimeout(limit);
    // What it has started in its group ends with it.
    killGroup(child);
    await closeOutput(child);
    this.#running.delete(child);
    if (problem !== null) this.#complain(path, problem);
    this.#next();
  }

  #complain(path: string, what: string): void {
    this.#options.say('warn', `the program of on_event failed, ${path}: ${what}`);
  }
}

function environmentOf({ event, seq, skipped }: DueEvent, directories: Directories): Record<string, string> {
  const inherited = INHERITED.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  const told = {
    MESIBO_EVENT: event.event,
    MESIBO_TIME: new Date(event.time).toISOString(),
    MESIBO_SEQ: seq,
    MESIBO_MODULE: event.module,
    MESIBO_REASON: event.reason.replaceAll('\0', ' ').slice(0, 8192),
    MESIBO_GENERATION: event.generation,
    MESIBO_REPLICA: event.replica,
    MESIBO_CAUSE: event.cause,
    MESIBO_SIGNAL: event.signal,
    MESIBO_CRASH_CARD: event.crash?.path ?? null,
    MESIBO_FUNCTION: event.crash?.function?.replaceAll('\0', ' ').slice(0, 1024) ?? null,
    MESIBO_SKIPPED: skipped,
    MESIBO_RUN_DIR: directories.runDir,
    MESIBO_STATE_DIR: directories.stateDir,
  };
  const given = Object.entries(told).map(([name, value]) => [name, value === null ? '' : String(value)]);
  return Object.fromEntries([...inherited, ...given]);
}

/** Takes what was written until now: a daemon that the program started may hold the other end for ever. */
async function closeOutput(child: ChildProcess): Promise<void> {
  // The first ends the turn of the loop that the exit came in; until the second, all that stood in a pipe is read.
  await turn();
  await turn();
  for (const stream of [child.stdout, child.stderr]) {
    if (!stream || stream.closed) continue;
    const closed = once(stream, 'close');
    stream.destroy();
    await closed;
  }
}

/** Kills also what has left the group, as long as its parents live: nobody would find it later. */
function killTree(child: ChildProcess): void {
  const [, ...below] = child.pid === undefined ? [] : readTree(child.pid);
  killGroup(child);
  for (const pid of below) kill(pid);
}

function killGroup(child: ChildProcess): void {
  if (child.pid !== undefined) kill(-child.pid);
}

function kill(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Nothing is left of it.
  }
}
