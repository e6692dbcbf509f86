/** The modules of a supervisor, in the order of the chain. */

import type { ModuleSpec } from '../../config/types.js';
import { requireKnown } from '../../module-names.js';
import { CALL_KINDS, type Callback, EVENT_KINDS } from '../../wire/event-kinds.js';
import type { ChainEvents, ModuleEvents } from '../news/module-news.js';
import type { LifecycleEvent } from '../types.js';
import { type Lifetime, newLifetime } from './lifetime.js';
import { Module, type ModuleSurroundings } from './module.js';

/** Every module there is, and those of them that are in the chain. */
export class Roster {
  #around: ModuleSurroundings;
  readonly #events: ChainEvents;
  /** News of the modules; the callbacks may change with it. */
  readonly #ofModules: ModuleEvents;
  readonly #members = new Set<Module>();
  /** By the names of modules. */
  readonly #lifetimes = new Map<string, Lifetime>();
  #chain: readonly Module[] = [];
  #callbacks: Callback[] = [];

  constructor(around: ModuleSurroundings, events: ChainEvents) {
    this.#around = around;
    this.#events = events;
    this.#ofModules = {
      message: (sent, params) => events.message(sent, params),
      lifecycle: (event) => this.#lives(event),
      log: (line) => events.log(line),
      died: (evidence) => events.died(evidence),
      wentBack: (event) => events.wentBack(event),
    };
  }

  /** In order. Never changed in place, so a loop over it sees one state. */
  get chain(): readonly Module[] {
    return this.#chain;
  }

  /** Modules of the chain, those about to join it, and those that have left it and are not gone yet. */
  get all(): Module[] {
    return [...this.#members];
  }

  /** @throws SupervisorError `MODULE_UNKNOWN`, with the name that was probably meant. */
  find(name: string): Module {
    requireKnown(
      name,
      this.#chain.map(({ name }) => name),
    );
    return this.#chain.find((module) => module.name === name) as Module;
  }

  /** Makes a module, which joins the chain by {@link arrange}. */
  add(spec: ModuleSpec): Module {
    const lifetime = this.#lifetimes.get(spec.name) ?? newLifetime();
    this.#lifetimes.set(spec.name, lifetime);
    lifetime.stats.reset();
    const module = new Module(spec, this.#around, this.#ofModules, lifetime);
    this.#members.add(module);
    return module;
  }

  /** Makes what modules of a name send fail from now on, or no longer. */
  closeSends(name: string, areClosed: boolean): void {
    for (const module of this.#members) if (module.name === name) module.closeSends(areClosed);
  }

  /** Makes these modules the chain, in this order; all others leave it. */
  arrange(names: readonly string[]): void {
    const members = this.all;
    const chain = names.map((name) => members.findLast((module) => module.name === name)).filter((module) => !!module);
    // The same chain stays the same object: a new object is a new route, and messages wait for it.
    const isSame = chain.length === this.#chain.length && chain.every((module, i) => module === this.#chain[i]);
    if (!isSame) this.#chain = chain;
    this.#lookAtCallbacks();
  }

  /**
   * The callbacks that any module of the chain has, and that its `match` does not leave out. The callbacks of a module that was
   * never ready are unknown, so it counts as having all.
   */
  get callbacks(): Callback[] {
    const needed = CALL_KINDS.filter((kind) => this.#chain.some((module) => module.needs(kind)));
    return needed.map((kind) => EVENT_KINDS[kind].callback);
  }

  /** What a module's next hosts run with. */
  surroundingsOf(module: Module): ModuleSurroundings {
    if (!this.#members.has(module)) throw new Error(`module ${module.name} is gone`);
    return this.#around;
  }

  /** Takes what all modules share from now on; those there are get it with {@link surroundingsOf}. */
  share(changed: Pick<ModuleSurroundings, 'heartbeatMs' | 'queueBytes'>): void {
    this.#around = { ...this.#around, ...changed };
  }

  /** Stops a module that is not in the chain, and forgets it. */
  async remove(module: Module): Promise<void> {
    await module.stop();
    this.#members.delete(module);
  }

  #lives(event: LifecycleEvent): void {
    this.#events.lifecycle(event);
    this.#lookAtCallbacks();
  }

  #lookAtCallbacks(): void {
    const { callbacks } = this;
    // In their order, and each once.
    if (callbacks.join() === this.#callbacks.join()) return;
    this.#callbacks = callbacks;
    this.#events.callbacks(callbacks);
  }
}
