/** What a host has only until it is ready: its last words, its time to start, and whether it tries an ABI. */

import type { Run } from '../runner/runner.js';
import { LastWords } from './last-words.js';
import { StartStack } from './start-stack.js';

/** What happens to a start whose time is over. */
export type StartTimeout =
  /** Its time is over. */
  | { kind: 'over' }
  /**
   * It gets this much longer, because it has waited for others, or is or was traced. `tracer`: a tracer that was not reported
   * yet.
   */
  | { kind: 'spared'; forMs: number; tracer: number | null };

/** A start is not given up while the host is under a debugger; it is looked at again this much later. */
const TRACED_MS = 1000;

/** A timer may fire so much before its time. */
const EARLY_MS = 2;

/** A host that is not ready yet. */
export class Beginning {
  readonly kind = 'beginning';
  readonly lastWords = new LastWords();
  readonly stack = new StartStack();
  /** Whether its file does not say its ABI, so that it tries the one that the core chose. */
  tries = false;
  #tracer: number | null = null;

  /** Whether its time to start begins anew. */
  timeout(run: Run, startTimeoutMs: number, nowMs: number): StartTimeout {
    // It has its whole time from when its process began, without what it lost while its stack was taken.
    const leftMs = (run.beganMs ?? nowMs) + startTimeoutMs + (this.stack.taking?.heldMs ?? 0) - nowMs;
    if (leftMs > EARLY_MS) return { kind: 'spared', forMs: leftMs, tracer: null };
    const before = this.#tracer;
    const tracer = run.tracedBy();
    this.#tracer = tracer;
    if (tracer === null && before === null) return { kind: 'over' };
    const forMs = tracer === null ? startTimeoutMs : TRACED_MS;
    return { kind: 'spared', forMs, tracer: tracer === before ? null : tracer };
  }
}

/** A host that is ready, or was. */
export interface Served {
  kind: 'served';
  /** On the clock of `performance.now()`. */
  readyMs: number;
  tries: boolean;
}
