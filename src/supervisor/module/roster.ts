/** The modules of a supervisor, in the order of the chain. */

import type { ModuleSpec } from '../../config/types.js';
import { requireKnown } from '../../module-names.js';
import { CALL_KINDS, type Callback, EVENT_KINDS } from '../../wire/event-kinds.js';
import type { ChainEvents, ModuleEvents } from '../news/module-news.js';
import { DISCARDING } from '../shadows/discarding.js';
import { Intake } from '../shadows/intake.js';
import { type Watcher, Watchers } from '../shadows/watchers.js';
import type { LifecycleEvent, ShadowReport } from '../types.js';
import { type Lifetime, newLifetime } from './lifetime.js';
import { Module, type ModuleSurroundings } from './module.js';

/** Every module there is, those of them that are in the chain, and their shadows. */
export class Roster {
  #around: ModuleSurroundings;
  readonly #events: ChainEvents;
  /** News of the modules; the callbacks may change with it. */
  readonly #ofModules: ModuleEvents;
  readonly #members = new Set<Module>();
  /** By the names of modules. */
  readonly #lifetimes = new Map<string, Lifetime>();
  #chain: readonly Module[] = [];
  /** Those of the chain and the shadows, in the order of the configuration. */
  #present: readonly Module[] = [];
  readonly #intakes = new WeakMap<Module, Intake>();
  #callbacks: Callback[] = [];

  constructor(around: ModuleSurroundings, events: ChainEvents) {
    this.#around = around;
    this.#events = events;
    this.#ofModules = {
      message: (sent, params) => events.message(sent, params),
      lifecycle: (event) => this.#lives(event),
      log: (line) => events.log(line),
      died: (evidence) => events.died(evidence),
      wentBack: (event) => {
        // Its settings are those of before.
        this.#watch();
        this.resetTallies(event.module);
        events.wentBack(event);
      },
    };
  }

  /** In order. Never changed in place, so a loop over it sees one state. */
  get chain(): readonly Module[] {
    return this.#chain;
  }

  /** Modules of the chain and shadows, in the order of the configuration. Never changed in place. */
  get present(): readonly Module[] {
    return this.#present;
  }

  /** Modules of the chain and shadows, those about to join them, and those that have left and are not gone yet. */
  get all(): Module[] {
    return [...this.#members];
  }

  /** @throws SupervisorError `MODULE_UNKNOWN`, with the name that was probably meant. */
  find(name: string): Module {
    requireKnown(
      name,
      this.#present.map(({ name }) => name),
    );
    return this.#present.find((module) => module.name === name) as Module;
  }

  /** Makes a module, which takes its place by {@link arrange}. */
  add(spec: ModuleSpec): Module {
    const lifetime = this.#lifetimes.get(spec.name) ?? newLifetime();
    this.#lifetimes.set(spec.name, lifetime);
    // One that has the name until then goes on counting, as this one may never take its place.
    if (!this.#present.some(({ name }) => name === spec.name)) lifetime.stats.reset();
    const module = new Module(spec, this.#aroundOf(spec), this.#ofModules, lifetime);
    this.#members.add(module);
    return module;
  }

  /** Makes what modules of a name send fail from now on, or no longer. */
  closeSends(name: string, areClosed: boolean): void {
    // What a shadow sends goes nowhere, so nothing of it waits. A module of the chain may have had its name.
    for (const module of this.#members) if (module.name === name && module.tally === null) module.closeSends(areClosed);
  }

  /** Makes these modules the chain, in this order, and the shadows; all others leave. */
  arrange(names: readonly string[]): void {
    const members = this.all;
    const present = names
      .map((name) => members.findLast((module) => module.name === name))
      .filter((module) => !!module);
    const chain = present.filter(({ tally }) => tally === null);
    for (const module of present) {
      const isOther = !this.#present.includes(module) && this.#present.some(({ name }) => name === module.name);
      if (isOther) this.#lifetimes.get(module.name)?.stats.reset();
      module.tookPlace();
    }
    this.#present = present;
    this.#watch();
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
    return this.#aroundOf(module.spec);
  }

  /** Takes what all modules share from now on; those there are get it with {@link surroundingsOf}. */
  share(changed: Pick<ModuleSurroundings, 'heartbeatMs' | 'queueBytes'>): void {
    this.#around = { ...this.#around, ...changed };
  }

  /** Stops a module that is not in the chain, and forgets it. */
  async remove(module: Module): Promise<void> {
    module.endProbation('the module was removed');
    await module.stop();
    this.#members.delete(module);
  }

  /** What is known of a shadow; `null`: it is none. @throws SupervisorError `MODULE_UNKNOWN` */
  report(name: string): ShadowReport | null {
    const { tally, spec, refusedHttp } = this.find(name);
    if (tally === null || spec.shadowOf === null) return null;
    return tally.report(name, spec.shadowOf, this.#sendsOf(spec.shadowOf), refusedHttp);
  }

  /** Shadows that see nothing, a line each. A reload of some modules may have left them so. */
  get shadowProblems(): string[] {
    const shadows = this.#present.filter(({ tally }) => tally !== null);
    const blind = shadows.filter(({ spec }) => !this.#chain.some(({ name }) => name === spec.shadowOf));
    return blind.map(
      ({ name, spec }) =>
        `module ${name} shadows ${spec.shadowOf}, which is not in the chain, so it sees nothing; reload all modules`,
    );
  }

  /** Begins to count anew for a shadow, or for the shadows of a module. */
  resetTallies(name: string): void {
    for (const { tally, spec, refusedHttp } of this.#present) {
      if (spec.shadowOf !== null && (spec.name === name || spec.shadowOf === name)) {
        tally?.reset(this.#sendsOf(spec.shadowOf), refusedHttp);
      }
    }
  }

  #sendsOf(name: string): number {
    return this.#lifetimes.get(name)?.stats.totals.sends.total ?? 0;
  }

  /** Nothing that a shadow sends is kept. */
  #aroundOf({ shadowOf }: Pick<ModuleSpec, 'shadowOf'>): ModuleSurroundings {
    return shadowOf === null ? this.#around : { ...this.#around, keeper: DISCARDING };
  }

  /** Decides by the settings in use whose events shadows see, and whether their bodies may be kept. */
  #watch(): void {
    for (const module of this.#members) module.watchers = this.#watchersOf(module);
  }

  #watchersOf(primary: Module): Watchers | null {
    if (primary.tally !== null || !this.#present.includes(primary)) return null;
    const watchers: Watcher[] = [];
    for (const shadow of this.#present) {
      if (shadow.tally === null || shadow.spec.shadowOf !== primary.name) continue;
      shadow.tally.keepBodies([shadow, primary].every(({ spec }) => spec.crashBody !== 'no'));
      watchers.push({ intake: this.#intakeOf(shadow), tally: shadow.tally });
    }
    return watchers.length === 0 ? null : new Watchers(watchers);
  }

  /** One for the life of a shadow: it keeps the order. */
  #intakeOf(shadow: Module): Intake {
    const known = this.#intakes.get(shadow);
    if (known) return known;
    const intake = new Intake(shadow, { limitBytes: () => this.#around.queueBytes });
    this.#intakes.set(shadow, intake);
    return intake;
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
