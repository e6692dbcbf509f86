/** Gives a core the orders of an operator, one after the other, while messages are in flight. */

import { performance } from 'node:perf_hooks';
import { type CoreConfig, type Supervisor, SupervisorError } from 'mesibo-modules';
import { CHAIN } from './core.js';
import type { Absence } from './evidence.js';
import { SLOTS } from './message.js';
import { type Draw, drawFor } from './random.js';

/** A new generation, a restart, a stop and a start, a removal and a return. */
export const ORDER_KINDS = ['reload', 'restart', 'stop', 'remove'] as const;
export type OrderKind = (typeof ORDER_KINDS)[number];

/** Messages between two orders, and between the two halves of one, at most. */
const APART = 200;
/** Random numbers for orders must not depend on those for messages. */
const OF_ORDERS = 0xffffffff;

/** Orders by chance, as many as there is time for. */
export class Orderer {
  /** Orders that were carried out whole, by kind. */
  readonly done = new Map<OrderKind, number>();
  readonly absences: Absence[] = [];
  readonly #core: Supervisor;
  readonly #chain: (without: number | null) => CoreConfig;
  readonly #draw: Draw;
  #deck: OrderKind[] = [];
  #offered = 0;
  #awaited: { number: number; go: () => void } | null = null;
  #ended = false;
  #work: Promise<void> = Promise.resolve();

  /** @param chain the settings without the module of a slot */
  constructor(core: Supervisor, chain: (without: number | null) => CoreConfig, seed: number) {
    this.#core = core;
    this.#chain = chain;
    this.#draw = drawFor(seed, OF_ORDERS);
  }

  /** Begins with orders. */
  start(): void {
    this.#work = this.#run();
  }

  /** The message has been offered. */
  offered(number: number): void {
    this.#offered = number;
    if (this.#awaited && number >= this.#awaited.number) this.#goOn();
  }

  /** Ends with the order that it is at. */
  async stop(): Promise<void> {
    this.#ended = true;
    this.#goOn();
    await this.#work;
  }

  async #run(): Promise<void> {
    for (await this.#pause(); !this.#ended; await this.#pause()) {
      const kind = this.#next();
      const slot = this.#draw(SLOTS);
      if (await this.#carryOut(kind, slot, CHAIN[slot]?.name ?? ''))
        this.done.set(kind, (this.done.get(kind) ?? 0) + 1);
    }
  }

  /** Every kind as often as the others. */
  #next(): OrderKind {
    if (this.#deck.length === 0) this.#deck = [...ORDER_KINDS];
    return this.#deck.splice(this.#draw(this.#deck.length), 1)[0] as OrderKind;
  }

  async #carryOut(kind: OrderKind, slot: number, name: string): Promise<boolean> {
    const core = this.#core;
    switch (kind) {
      case 'reload':
        return went(core.reload(this.#chain(null), { modules: [name] }));
      case 'restart':
        return went(core.restartModule(name));
      case 'stop':
        await core.stopModule(name);
        await this.#pause();
        return went(core.startModule(name));
      case 'remove': {
        const absence: Absence = { module: name, fromMs: performance.now(), toMs: null };
        this.absences.push(absence);
        await core.reload(this.#chain(slot));
        await this.#pause();
        // One of its hosts may be killed before all is ready. Nothing has changed then, and the order is tried again.
        while (!(await went(core.reload(this.#chain(null))))) if (this.#ended) return false;
        absence.toMs = performance.now();
        return true;
      }
    }
  }

  /** Waits for more messages. */
  #pause(): Promise<void> {
    if (this.#ended) return Promise.resolve();
    return new Promise((go) => {
      this.#awaited = { number: this.#offered + 1 + this.#draw(APART), go };
    });
  }

  #goOn(): void {
    const { go } = this.#awaited ?? {};
    this.#awaited = null;
    go?.();
  }
}

/** Whether an order was carried out: a host that is killed at the wrong moment may prevent it. */
async function went(order: Promise<unknown>): Promise<boolean> {
  try {
    await order;
    return true;
  } catch (error) {
    if (error instanceof SupervisorError) return false;
    throw error;
  }
}
