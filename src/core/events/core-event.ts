/** What happens in a core that somebody may want to be woken for: pure, with the clock passed in. */

import type { FailureCause, LifecycleEvent } from '../../supervisor/types.js';

/** One thing that happened. */
export interface CoreEvent {
  /**
   * `crash`: a process of a module died by itself, or was killed for it. `failed`: a module is given up for now.
   * `recovered`: a module that had crashed or was given up has served for a minute. `reload-failed`: a reload changed nothing; with a
   * module: the core reloaded it because its file had changed.
   */
  event: 'crash' | 'failed' | 'recovered' | 'reload-failed';
  /** `null`: none in particular. */
  module: string | null;
  /** In words. */
  reason: string;
  /** When it happened, in milliseconds since the epoch. */
  time: number;
  generation: number | null;
  /** Of a crash of a module with several replicas. */
  replica: number | null;
  /** Of a crash. */
  cause: FailureCause | null;
  signal: string | null;
  /** Its last crash, or that of the module; `null`: there is none with a card. */
  crash: CrashOfEvent | null;
}

/** A crash that has a card. */
export interface CrashOfEvent {
  /** Names the card. */
  id: string;
  /** The file of the card; `null`: it is not there, or not yet. */
  path: string | null;
  /** The function that it blames; `null`: not known, or not yet. */
  function: string | null;
}

/** A module that had trouble has recovered when it has served for so long. */
export const HEALTHY_MS = 60_000;

const NO_FAULT: ReadonlySet<string> = new Set(['start', 'trial', 'stop']);

/** What is known of a module that has had trouble. */
interface Trouble {
  /** It was reported that the module is given up, so failed probes are no news. */
  givenUp: boolean;
  /** Since when it serves, on a clock that only goes forward; `null`: it does not. */
  servesMs: number | null;
}

/** Makes such events of what a supervisor announces. */
export class CoreEvents {
  readonly #troubled = new Map<string, Trouble>();
  readonly #generations = new Map<string, number>();
  /** The ids of the last cards, by module. */
  readonly #cards = new Map<string, string>();

  /**
   * @param nowMs on a clock that only goes forward
   * @param time the time of day
   * @returns the event that this makes; `null`: none
   */
  read(event: LifecycleEvent, nowMs: number, time: number): CoreEvent | null {
    if (event.kind === 'module') return this.#readState(event, nowMs, time);
    const { module } = event;
    this.#generations.set(module, event.generation);
    if (event.kind === 'exited' && event.card !== null) this.#cards.set(module, event.card);
    // Of several replicas one died, and the module served all the time.
    const troubled = event.kind === 'ready' && event.replica !== undefined ? this.#troubled.get(module) : undefined;
    if (troubled) troubled.servesMs ??= nowMs;
    if (event.kind !== 'exited' || NO_FAULT.has(event.cause)) return null;
    const trouble = this.#trouble(module);
    // It had to be healthy for a minute without a crash.
    if (trouble.servesMs !== null) trouble.servesMs = nowMs;
    if (trouble.givenUp) return null;
    const { generation, signal, text: reason } = event;
    return {
      event: 'crash',
      module,
      reason,
      time,
      generation,
      replica: event.replica ?? null,
      cause: event.cause as FailureCause,
      signal,
      crash: this.#crashOf(module),
    };
  }

  /** The modules that have recovered by now. */
  recovered(nowMs: number, time: number): CoreEvent[] {
    const healthy = [...this.#troubled].filter(
      ([, { servesMs }]) => servesMs !== null && nowMs - servesMs >= HEALTHY_MS,
    );
    return healthy.map(([module]) => {
      this.#troubled.delete(module);
      const reason = `module ${module} has served for ${HEALTHY_MS / 1000} s again`;
      return { event: 'recovered', reason, time, ...this.#about(module), crash: null };
    });
  }

  /** When the next one may have recovered; `null`: none is about to. */
  nextMs(): number | null {
    const since = [...this.#troubled.values()].flatMap(({ servesMs }) => servesMs ?? []);
    return since.length === 0 ? null : Math.min(...since) + HEALTHY_MS;
  }

  #readState({ module, from, to, reason }: LifecycleEvent & { kind: 'module' }, nowMs: number, time: number) {
    if (to === 'stopped' || (to === 'serving' && from === 'failed')) this.#cards.delete(module);
    if (to === 'stopped') this.#troubled.delete(module);
    else if (to !== 'serving' && to !== 'replacing' && reason !== null) this.#trouble(module);
    const trouble = this.#troubled.get(module);
    if (!trouble) return null;
    if (to === 'serving' || to === 'replacing') trouble.servesMs ??= nowMs;
    else trouble.servesMs = null;
    // A reload has put another process in its place: what happens to that is news.
    if (from === 'failed' && to === 'serving') trouble.givenUp = false;
    if (to !== 'failed' || trouble.givenUp) return null;
    trouble.givenUp = true;
    return { event: 'failed' as const, reason: reason ?? '', time, ...this.#about(module) };
  }

  #trouble(module: string): Trouble {
    const trouble = this.#troubled.get(module) ?? { givenUp: false, servesMs: null };
    this.#troubled.set(module, trouble);
    return trouble;
  }

  #about(module: string) {
    return {
      module,
      generation: this.#generations.get(module) ?? null,
      replica: null,
      cause: null,
      signal: null,
      crash: this.#crashOf(module),
    };
  }

  #crashOf(module: string): CrashOfEvent | null {
    const id = this.#cards.get(module);
    return id === undefined ? null : { id, path: null, function: null };
  }
}
