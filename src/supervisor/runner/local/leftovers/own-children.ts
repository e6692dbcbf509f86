/** Which children of this process Node started itself, and therefore waits for. */

import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';

const CHANNEL = 'child_process';

/** Knows every child that any code starts on this thread, from its start until Node reports its exit. */
export class OwnChildren {
  readonly #pids = new Set<number>();
  readonly #note = (message: unknown) => {
    const { process: child } = message as { process: ChildProcess };
    // Announced before it is started; that happens in the same turn, and its end is told in a later one.
    queueMicrotask(() => {
      const { pid } = child;
      if (pid === undefined) return;
      this.#pids.add(pid);
      child.once('exit', () => this.#pids.delete(pid));
    });
  };

  constructor() {
    subscribe(CHANNEL, this.#note);
  }

  /** Whether Node waits for this child. */
  has(pid: number): boolean {
    return this.#pids.has(pid);
  }

  /** Learns of no further children. */
  close(): void {
    unsubscribe(CHANNEL, this.#note);
  }
}
