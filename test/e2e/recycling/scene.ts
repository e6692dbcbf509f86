/** A core whose module is the fixture `recycled`, and conversations that keep it busy. */

import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ModuleOptions, Outcome } from 'mesibo-modules';
import { expect } from 'vitest';
import { fixtureModule, makeTempDir, patientConfig, startCore, type TestCore } from '../core.js';

/** The module's name. */
export const NAME = 'recycled';
/** Messages of a conversation that are in progress at a time, so that their order can be lost. */
const AT_A_TIME = 2;

/** A file that is there or not, which a module looks at when it starts. */
export class Marker {
  readonly path: string;

  constructor(folder: string, name: string) {
    this.path = join(folder, name);
  }

  put(): void {
    writeFileSync(this.path, '');
  }

  remove(): void {
    rmSync(this.path, { force: true });
  }
}

/** Numbered messages of several conversations, without an end. */
class Load {
  readonly outcomes: Outcome[] = [];
  readonly #core: TestCore;
  readonly #name: number;
  readonly #sent: number[] = [];
  readonly #senders: Promise<void>[];
  readonly #pace: () => Promise<void>;
  #left: number;

  /** @param name - told apart from other loads by it */
  constructor(core: TestCore, name: number, conversations: number, count: number, pace: () => Promise<void>) {
    this.#core = core;
    this.#name = name;
    this.#left = count;
    this.#pace = pace;
    this.#senders = Array.from({ length: conversations * AT_A_TIME }, (_, at) => this.#converse(at % conversations));
  }

  /** Resolves when so many more have their outcome. */
  async more(count: number): Promise<void> {
    const from = this.outcomes.length;
    await this.#core.until(() => this.outcomes.length >= from + count);
  }

  /** Sends nothing more. */
  close(): void {
    this.#left = Math.min(this.#left, 0);
  }

  /** Lets what is in progress finish, and asserts that each message was seen once, in order, and got the module's own verdict. */
  async end(): Promise<void> {
    this.close();
    await this.done();
  }

  /** The same, when all are sent. */
  async done(): Promise<void> {
    await Promise.all(this.#senders);
    const defaults = this.outcomes.flatMap(({ trace }) => trace).filter((entry) => entry.default !== null);
    expect(defaults).toEqual([]);
    const seen = this.#sent.map(() => [] as number[]);
    for (const line of this.#core.lines(NAME)) {
      const [, name, conversation, number] = /^(\d+) (\d+) (\d+)$/.exec(line) ?? [];
      if (Number(name) === this.#name) seen[Number(conversation)]?.push(Number(number));
    }
    expect(seen).toEqual(this.#sent.map((count) => Array.from({ length: count }, (_, number) => number)));
  }

  async #converse(conversation: number): Promise<void> {
    const from = `user${this.#name}.${conversation}`;
    while (this.#left-- > 0) {
      await this.#pace();
      const number = this.#sent[conversation] ?? 0;
      this.#sent[conversation] = number + 1;
      this.outcomes.push(await this.#core.send(`${this.#name} ${conversation} ${number}`, { from, to: 'bob' }));
    }
  }
}

/** All of it. */
export class Scene {
  readonly folder = makeTempDir();
  /** Where it is, hosts start; where it is not, they wait in init. */
  readonly gate = new Marker(this.folder, 'gate');
  /** Where it is, hosts refuse to start. */
  readonly door = new Marker(this.folder, 'door');
  core!: TestCore;
  readonly #loads: Load[] = [];

  static async start(options: Partial<ModuleOptions> = {}): Promise<Scene> {
    const scene = new Scene();
    scene.gate.put();
    scene.core = await startCore([scene.module(options)]);
    return scene;
  }

  module(options: Partial<ModuleOptions> = {}): ModuleOptions {
    const config = { gate: this.gate.path, door: this.door.path, ...options.config };
    return fixtureModule(NAME, { abi: 'exports-2020', logRate: null, ...options, config });
  }

  reload(options: Partial<ModuleOptions>, names: string[] = []) {
    return this.core.supervisor.reload(this.config([this.module(options)]), { modules: names });
  }

  config(modules: ModuleOptions[]) {
    return patientConfig({ modules });
  }

  get status() {
    return this.core.module(NAME);
  }

  /** How many hosts were replaced. */
  get recycled(): number {
    const { messages, age, memory } = this.status.recycled;
    return messages + age + memory;
  }

  /**
   * @param count `Infinity`: until its end is ordered
   * @param pace waited for before each message
   */
  load(conversations: number, count = Number.POSITIVE_INFINITY, pace = async () => {}): Load {
    const load = new Load(this.core, this.#loads.length, conversations, count, pace);
    this.#loads.push(load);
    return load;
  }

  /** Lines of the core that say that a host has taken over. */
  get told(): string[] {
    return this.core.lines(NAME, 'supervisor').filter((line) => line.includes('has taken over from'));
  }

  /** Lines of the core that say that no host could take over. */
  get warned(): string[] {
    return this.core.lines(NAME, 'supervisor').filter((line) => line.includes('cannot be replaced now'));
  }

  /** The most processes that the module ever had at a time. */
  get mostHosts(): number {
    let now = 0;
    let most = 0;
    for (const { kind } of this.core.lives) {
      if (kind === 'spawned') now += 1;
      if (kind === 'exited') now -= 1;
      most = Math.max(most, now);
    }
    return most;
  }

  /** Asserts that nothing went wrong: hosts were replaced, and that is all. */
  expectPeace(): void {
    const { crashes, restarts, failedStarts, messages, state } = this.status;
    expect({ crashes: crashes.total, restarts, failedStarts, default: messages.default, state }).toEqual({
      ...{ crashes: 0, restarts: 0, failedStarts: 0, default: 0, state: 'serving' },
    });
    expect(this.core.lives.filter((event) => event.kind === 'exited' && event.cause !== 'stop')).toEqual([]);
  }

  async close(): Promise<void> {
    this.gate.put();
    for (const load of this.#loads) load.close();
    await this.core.close();
    rmSync(this.folder, { recursive: true });
  }
}
