/** What happens in a core that somebody may want to be woken for: pure. */

import type { FailureCause, LifecycleEvent } from '../../supervisor/types.js';

/** One thing that happened. */
export interface CoreEvent {
  /**
   * `crash`: a process of a module died by itself, or was killed for it. `failed`: a module is given up for now.
   * `recovered`: a module serves again that had crashed or was given up. `reload-failed`: a reload changed nothing.
   */
  event: 'crash' | 'failed' | 'recovered' | 'reload-failed';
  /** `null`: none in particular. */
  module: string | null;
  /** In words. */
  reason: string;
  generation: number | null;
  /** Of a crash. */
  cause: FailureCause | null;
  signal: string | null;
}

const NO_FAULT: ReadonlySet<string> = new Set(['start', 'trial', 'stop']);

/** Makes such events of what a supervisor announces. */
export class CoreEvents {
  /** Modules that do not serve, and not because they were told not to. */
  readonly #troubled = new Set<string>();
  readonly #generations = new Map<string, number>();

  /** @returns the event that this makes; `null`: none */
  read(event: LifecycleEvent): CoreEvent | null {
    const { module } = event;
    if (event.kind !== 'module') this.#generations.set(module, event.generation);
    if (event.kind === 'exited') {
      if (NO_FAULT.has(event.cause)) return null;
      const { generation, signal, text: reason } = event;
      return { event: 'crash', module, reason, generation, cause: event.cause as FailureCause, signal };
    }
    if (event.kind !== 'module') return null;
    const { to, reason } = event;
    const told = { module, generation: this.#generations.get(module) ?? null, cause: null, signal: null };
    if (to === 'stopped') this.#troubled.delete(module);
    else if (to !== 'serving' && reason !== null) this.#troubled.add(module);
    if (to === 'failed') return { event: 'failed', reason: reason ?? '', ...told };
    if (to !== 'serving' || !this.#troubled.delete(module)) return null;
    return { event: 'recovered', reason: `module ${module} serves again`, ...told };
  }
}
