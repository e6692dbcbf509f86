/** The stacks of one process of this machine, taken once. */

import { performance } from 'node:perf_hooks';
import type { ModuleFiles } from '../../../stacks/module-files.js';
import type { Symbolizer } from '../../../stacks/symbolizer.js';
import { nameStack, type RawStack, type TakenStack, takeStack } from '../../../stacks/take-stack.js';
import type { StackTaking } from '../runner.js';

/** Begins at once. */
export class LocalStack implements StackTaking {
  readonly #symbolizer: Symbolizer;
  readonly #abort = new AbortController();
  readonly #taken: Promise<RawStack | null>;
  #beganMs: number | null = null;
  #endedMs: number | null = null;
  #tool = 0;

  constructor(pid: number, symbolizer: Symbolizer) {
    this.#symbolizer = symbolizer;
    const begun = (tool: number) => {
      this.#beganMs ??= performance.now();
      this.#tool = tool;
    };
    this.#taken = takeStack(pid, { signal: this.#abort.signal, begun }).finally(() => {
      this.#endedMs = performance.now();
    });
  }

  /** The process that reads the stacks, or has read them; 0: none yet. */
  get tool(): number {
    return this.#tool;
  }

  get heldMs(): number | null {
    if (this.#endedMs === null) return null;
    return this.#beganMs === null ? 0 : this.#endedMs - this.#beganMs;
  }

  async read(files: ModuleFiles | null): Promise<TakenStack | null> {
    const taken = await this.#taken;
    return taken === null ? null : nameStack(taken, files, this.#symbolizer);
  }

  end(): void {
    this.#abort.abort();
  }
}
