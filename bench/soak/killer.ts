/** Kills hosts from outside, by their process ids, while messages are in flight. */

import { setTimeout as pause } from 'node:timers/promises';
import type { Supervisor } from 'mesibo-modules';
import { CHAIN, until } from './core.js';
import type { Kill, KillKind } from './plan.js';

/** Carries out the kills of a plan, for each module one after the other. */
export class Killer {
  /** Kills that ended a host, by kind. */
  readonly done = new Map<KillKind, number>();
  readonly #core: Supervisor;
  readonly #due = new Map<number, Kill[]>();
  readonly #abort = new AbortController();
  readonly #lanes: Promise<void>[] = CHAIN.map(() => Promise.resolve());

  /** @param kills those of kind `hang` are left to their messages */
  constructor(core: Supervisor, kills: Kill[]) {
    this.#core = core;
    for (const kill of kills) {
      if (kill.kind === 'hang') continue;
      const same = this.#due.get(kill.number);
      if (same) same.push(kill);
      else this.#due.set(kill.number, [kill]);
    }
  }

  /** The message has been offered. Does the kills that are planned for this moment, as soon as there is a host to kill. */
  offered(number: number): void {
    for (const kill of this.#due.get(number) ?? []) {
      this.#lanes[kill.slot] = this.#lanes[kill.slot]?.then(() => this.#kill(kill)) ?? Promise.resolve();
    }
    this.#due.delete(number);
  }

  /** Resolves when every kill that was begun has ended its host. */
  async settled(): Promise<void> {
    await Promise.all(this.#lanes);
  }

  /** Gives up kills that have not ended a host yet. */
  async stop(): Promise<void> {
    this.#abort.abort();
    await this.settled();
  }

  async #kill({ kind, slot, delayMs, which }: Kill): Promise<void> {
    const { signal } = this.#abort;
    try {
      let pid: number | null = null;
      while (pid === null) {
        await until(this.#core, () => this.#readyPid(slot, which) !== null, signal);
        await pause(delayMs, undefined, { signal });
        // It may have died of something else meanwhile.
        pid = this.#readyPid(slot, which);
      }
      process.kill(pid, kind);
      await until(this.#core, () => !this.#holds(slot, pid), signal);
      this.done.set(kind, (this.done.get(kind) ?? 0) + 1);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
  }

  #readyPid(slot: number, which: number): number | null {
    const ready = this.#hosts(slot).filter(({ state }) => state === 'ready');
    return ready[which % ready.length]?.pid ?? null;
  }

  #holds(slot: number, pid: number | null): boolean {
    return this.#hosts(slot).some((host) => host.pid === pid);
  }

  #hosts(slot: number) {
    return this.#core.status().modules.find(({ name }) => name === CHAIN[slot]?.name)?.hosts ?? [];
  }
}
