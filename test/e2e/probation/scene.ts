/** A module that may break some time after a reload, and messages that it gets meanwhile. */

import type { ModuleOptions, Outcome } from 'mesibo-modules';
import { expect } from 'vitest';
import { fixtureModule, patientConfig, type TestCore } from '../core.js';

export const NAME = 'breaks_later';
/** Longer than any test: the probation ends by what happens, not by its time. */
export const LONG_MS = 300_000;
const SENDERS = 8;

/** A version of the module. */
export function version(name: string, config: Record<string, string> = {}, more: Partial<ModuleOptions> = {}) {
  return fixtureModule('breaks-later', {
    logRate: null,
    probationMs: LONG_MS,
    config: { version: name, ...config },
    ...more,
  });
}

/** @param wait - also for the end of the probation */
export function reload(core: TestCore, modules: ModuleOptions[], { wait = true, names = [] as string[] } = {}) {
  return core.supervisor.reload(patientConfig({ modules, heartbeatMs: HEARTBEAT_MS }), { wait, modules: names });
}

/** A host that nobody reaches is noticed after ten of these. */
export const HEARTBEAT_MS = 100;

/** Users who send all the time, each in a conversation of its own. */
export class Load {
  readonly outcomes: { sender: number; number: number; outcome: Outcome }[] = [];
  readonly #core: TestCore;
  readonly #senders: Promise<number>[];
  #isOver = false;

  constructor(core: TestCore) {
    this.#core = core;
    this.#senders = Array.from({ length: SENDERS }, (_, sender) => this.#send(sender));
  }

  /** Waits for so many more outcomes. */
  async more(count: number): Promise<void> {
    const until = this.outcomes.length + count;
    while (this.outcomes.length < until) await this.#core.send('between', { from: 'somebody', to: 'bob' });
  }

  /**
   * Ends it, and checks that each message was handled once and in order, apart from those that got a default verdict.
   *
   * @returns the reasons of these
   */
  async end(): Promise<string[]> {
    this.#isOver = true;
    const counts = await Promise.all(this.#senders);
    const defaults = this.outcomes.filter(({ outcome }) => outcome.trace.some((entry) => entry.default !== null));
    const lines = this.#core.lines(NAME).map((line) => line.split(' ')[1] as string);
    for (const [sender, count] of counts.entries()) {
      const lost = defaults.filter((one) => one.sender === sender).map(({ number }) => number);
      const handled = lines.flatMap((text) => (text.startsWith(`${sender}:`) ? [Number(text.split(':')[1])] : []));
      expect(handled).toEqual(Array.from({ length: count }, (_, i) => i).filter((number) => !lost.includes(number)));
    }
    return defaults.flatMap(({ outcome }) => outcome.trace.flatMap((entry) => entry.default ?? []));
  }

  async #send(sender: number): Promise<number> {
    let number = 0;
    for (; !this.#isOver; number++) {
      const outcome = await this.#core.send(`${sender}:${number}`, { from: `user ${sender}`, to: 'bob' });
      this.outcomes.push({ sender, number, outcome });
    }
    return number;
  }
}
