/** The modules of a supervisor, in the order of the chain. */

import type { ModuleSpec } from '../../config/types.js';
import { requireKnown } from '../../module-names.js';
import type { ModuleEvents } from '../news/module-news.js';
import type { Generations } from './host-maker.js';
import { Module, type ModuleSurroundings } from './module.js';

/** Every module there is, and those of them that are in the chain. */
export class Roster {
  #around: ModuleSurroundings;
  readonly #events: ModuleEvents;
  readonly #members = new Set<Module>();
  /** By the names of modules. */
  readonly #generations = new Map<string, Generations>();
  #chain: readonly Module[] = [];

  constructor(around: ModuleSurroundings, events: ModuleEvents) {
    this.#around = around;
    this.#events = events;
  }

  /** In order. Never changed in place: whoever goes through it keeps what it was when he began. */
  get chain(): readonly Module[] {
    return this.#chain;
  }

  /** Those of the chain, those that are about to join it, and those that have left it and are not gone yet. */
  get all(): Module[] {
    return [...this.#members];
  }

  /** @throws SupervisorError `MODULE_UNKNOWN`, with the name that was meant, most likely. */
  find(name: string): Module {
    requireKnown(
      name,
      this.#chain.map(({ name }) => name),
    );
    return this.#chain.find((module) => module.name === name) as Module;
  }

  /** Makes a module, which joins the chain by {@link arrange}. */
  add(spec: ModuleSpec): Module {
    const generations = this.#generations.get(spec.name) ?? { last: 0 };
    this.#generations.set(spec.name, generations);
    const module = new Module(spec, this.#around, this.#events, generations);
    this.#members.add(module);
    return module;
  }

  /** Makes what modules of a name send fail from now on, or no longer. */
  closeSends(name: string, areClosed: boolean): void {
    for (const module of this.#members) if (module.name === name) module.closeSends(areClosed);
  }

  /** Puts modules into the chain, in this order; every other one is in it no more. */
  arrange(names: readonly string[]): void {
    const members = this.all;
    const chain = names.map((name) => members.findLast((module) => module.name === name)).filter((module) => !!module);
    // The same chain stays the same object: another one is another route, which messages wait for.
    const isSame = chain.length === this.#chain.length && chain.every((module, i) => module === this.#chain[i]);
    if (!isSame) this.#chain = chain;
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
}
