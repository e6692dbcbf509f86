/** A core with fifty modules, a few users who send now and then, and what became of each message in each module. */

import { availableParallelism } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import type { ModuleOptions } from 'mesibo-modules';
import { expect } from 'vitest';
import { fixture, fixtureModule, type TestCore } from '../core.js';
import { Tally } from './tally.js';

export const FIFTY = 50;
const SENDERS = 2;
/** Each message makes fifty calls, and the machine is to have time for starts. */
const PAUSE_MS = 20;
/** A start takes part of a second. Fifty of them at once, on a machine that is busy with other things, take longer. */
export const TIMEOUT_MS = 900_000;

export const nameOf = (i: number) => `module_${i}`;

/** @param pathOf - where the file of each is */
export function fiftyModules(version: number, pathOf: (i: number) => string = () => fixture('versioned')) {
  return Array.from({ length: FIFTY }, (_, i): ModuleOptions => {
    const config = { version: `${version}` };
    return fixtureModule('versioned', {
      name: nameOf(i),
      path: pathOf(i),
      logRate: null,
      config,
      startTimeoutMs: 60_000,
    });
  });
}

/** Messages that come in while something happens. */
export class LightLoad {
  readonly #core: TestCore;
  readonly #senders: Promise<number>[];
  readonly #outcomes = new Tally(SENDERS);
  #isOver = false;
  #answered: () => void = () => undefined;

  constructor(core: TestCore) {
    this.#core = core;
    this.#senders = Array.from({ length: SENDERS }, (_, sender) => this.#send(sender));
  }

  /** Waits for so many more outcomes. */
  async more(count: number): Promise<void> {
    const until = this.#outcomes.answered + count;
    while (this.#outcomes.answered < until) {
      await new Promise<void>((done) => {
        this.#answered = done;
      });
    }
  }

  /**
   * Ends it, and checks that each message was handled by each module, once and in order, and that there was no default verdict.
   *
   * @returns how many there were
   */
  async end(): Promise<number> {
    this.#isOver = true;
    const sent = await Promise.all(this.#senders);
    const messages = sent.reduce((sum, count) => sum + count, 0);
    expect([this.#outcomes.faults, this.#outcomes.answered]).toEqual([[], messages]);
    const tallies = new Map(Array.from({ length: FIFTY }, (_, i) => [nameOf(i), new Tally(SENDERS)]));
    for (const line of this.#core.logs) tallies.get(line.module ?? '')?.read(line);
    for (const [module, { faults, handledOf }] of tallies)
      expect([module, faults, handledOf]).toEqual([module, [], sent]);
    return messages;
  }

  async #send(sender: number): Promise<number> {
    let next = 0;
    while (!this.#isOver) {
      const outcome = await this.#core.send(`${sender}:${next++}`, { from: `user ${sender}`, to: 'bob' });
      expect(outcome.trace).toHaveLength(FIFTY);
      this.#outcomes.note(outcome);
      this.#answered();
      await setTimeout(PAUSE_MS);
    }
    return next;
  }
}

/** How many processes start at a time. */
export class Starts {
  /** The most at any moment: they have begun, and are not ready. */
  most = 0;
  longestMs = 0;
  /** So many may come up at a time. One that has come up loads its module then, and the next one may begin. */
  readonly bound = Math.max(2, 2 * availableParallelism());

  constructor(core: TestCore) {
    core.supervisor.on('lifecycle', (event) => {
      if (event.kind === 'ready') this.longestMs = Math.max(this.longestMs, Math.round(event.startMicros / 1000));
      // The host itself is listed right after the event.
      if (event.kind === 'spawned') queueMicrotask(() => this.#count(core));
    });
  }

  #count(core: TestCore): void {
    const hosts = core.supervisor.status().modules.flatMap(({ hosts }) => hosts);
    this.most = Math.max(this.most, hosts.filter(({ state }) => state === 'starting').length);
  }
}
