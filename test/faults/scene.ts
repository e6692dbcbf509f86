/** One fault in a real core: a load around it, and what must be true of every message, module and counter afterwards. */

import { fileURLToPath } from 'node:url';
import type { ConfigOptions, DefaultReason, ModuleOptions, Outcome } from 'mesibo-modules';
import { expect, vi } from 'vitest';
import { TestCore } from '../e2e/core.js';
import { startRestServer } from '../helpers/rest-server.js';
import { SceneCards } from './cards.js';
import type { Exit, FaultRow } from './table.js';

/** What a message asks of the faulty module: to pass, to consume, to fail, or to make its next start fail. */
type Kind = 'p' | 'c' | 'f' | 'a';

interface Message {
  kind: Kind;
  id: number;
  outcome: Outcome;
}

/** Messages before the one with the fault, and as many behind it, all in progress at the same time. */
const AROUND = 20;
/** Messages once the module serves again. */
const AFTERWARDS = 10;
const UNSIGNED = '0000000';

/** The path of a program of this folder. */
export function built(name: string): string {
  return fileURLToPath(new URL(`build/${name}`, import.meta.url));
}

/** The settings of the faulty module. */
export function faulty(fault: string, at: string, settings: Partial<ModuleOptions> = {}): ModuleOptions {
  return { name: 'faulty', path: built('faulty.so'), config: { fault, at }, ...settings };
}

/** The module behind it, which must notice nothing. */
export const witness: ModuleOptions = {
  name: 'witness',
  path: built('witness.so'),
  deadlineMs: 60_000,
  hangMs: 60_000,
};

/** A started core with the faulty module and the witness, and everything that was sent through it. */
export class Scene {
  readonly core: TestCore;
  readonly cards: SceneCards;
  readonly #messages: Message[] = [];

  private constructor(core: TestCore, cards: SceneCards) {
    this.core = core;
    this.cards = cards;
  }

  static async start(module: ModuleOptions, options: Omit<ConfigOptions, 'modules'> = {}): Promise<Scene> {
    const cards = new SceneCards();
    const config = { chainDeadlineMs: 60_000, ...options, modules: [module, witness] };
    return new Scene(await new TestCore(config, {}, { crashKeeper: cards.keeper }).start(), cards);
  }

  /** Stops the core, and asserts that nothing is left of it. */
  async close(): Promise<void> {
    await this.core.close();
    await this.cards.close();
  }

  /** The process of a generation of the faulty module. */
  pid(generation: number): number {
    const born = this.core.lives.find(
      (event) => event.kind === 'spawned' && event.module === 'faulty' && event.generation === generation,
    );
    return born?.kind === 'spawned' ? born.pid : 0;
  }

  /** Sends messages at the same time, in two conversations, and waits for their verdicts. */
  send(kinds: Kind[]): Promise<Message[]> {
    const first = this.#messages.length;
    const underway = kinds.map(async (kind, i) => {
      const id = first + i;
      const [from, to] = id % 2 === 0 ? ['alice', 'bob'] : ['carol', 'dave'];
      const text = `${kind} ${id} pid=${UNSIGNED} seen=${UNSIGNED}`;
      const message = { kind, id, outcome: await this.core.send(text, { id, from, to }) };
      this.#messages[id] = message;
      return message;
    });
    // Their places, so that what is sent meanwhile gets others.
    this.#messages.length += kinds.length;
    return Promise.all(underway);
  }

  /** Sends ordinary messages: every third is consumed. */
  sendLoad(count: number): Promise<Message[]> {
    return this.send(load(count));
  }

  /** Asserts that a message has the module's own verdict, and that a host of one of these generations gave it. */
  expectOwn({ kind, id, outcome }: Message, ...generations: number[]): void {
    const consumed = kind === 'c';
    expect(outcome.trace, `message ${id}`).toMatchObject([
      { module: 'faulty', verdict: consumed ? 'consumed' : 'pass', default: null },
      ...(consumed ? [] : [{ module: 'witness', verdict: 'pass', default: null }]),
    ]);
    expect(outcome).toMatchObject({ verdict: consumed ? 'consumed' : 'pass', by: consumed ? 'faulty' : null });
    const pids = generations.map((generation) => this.pid(generation));
    expect(pids, `who served message ${id}`).toContain(this.#signature(id, outcome, 'pid'));
  }

  /** Asserts that a message has the default verdict, and is as it was sent. */
  expectDefault({ id, outcome }: Message, reason: DefaultReason, verdict: 'pass' | 'consumed'): void {
    expect(outcome.trace, `message ${id}`).toMatchObject([
      { module: 'faulty', verdict, default: reason },
      ...(verdict === 'consumed' ? [] : [{ module: 'witness', verdict: 'pass', default: null }]),
    ]);
    expect(outcome).toMatchObject({ verdict, by: verdict === 'consumed' ? 'faulty' : null });
    expect(this.#signature(id, outcome, 'pid')).toBe(0);
  }

  /** Asserts that the witness saw each message that came through once, in the order of its conversation. */
  expectWitnessed(): void {
    const passed = this.#messages.filter(({ outcome }) => outcome.verdict === 'pass');
    const seen = passed.map(({ id, outcome }) => this.#signature(id, outcome, 'seen'));
    expect([...seen].sort((a, b) => a - b)).toEqual(passed.map((_, i) => i + 1));
    for (const parity of [0, 1]) {
      const conversation = seen.filter((_, i) => passed[i]?.id !== undefined && passed[i].id % 2 === parity);
      expect(conversation).toEqual([...conversation].sort((a, b) => a - b));
    }
    expect(this.core.module('witness')).toMatchObject({
      state: 'serving',
      generation: 1,
      restarts: 0,
      failedStarts: 0,
      crashes: { total: 0 },
      messages: { total: passed.length, pass: passed.length, consumed: 0, default: 0, late: 0 },
    });
  }

  /** Asserts how many verdicts were the faulty module's own, and that all verdicts are counted. */
  expectCounted(late: number): void {
    const counts = { total: this.#messages.length, pass: 0, consumed: 0, default: 0, late };
    for (const { outcome } of this.#messages) {
      const [first] = outcome.trace;
      counts[first?.default ? 'default' : first?.verdict === 'consumed' ? 'consumed' : 'pass'] += 1;
    }
    expect(this.core.module('faulty')).toMatchObject({ messages: counts, inFlight: 0, queued: 0 });
  }

  /** Asserts how the hosts of the faulty module ended so far, and that each end is counted under its cause. */
  expectExits(expected: Exit[]): void {
    const ended = this.core.lives.filter((event) => event.kind === 'exited' && event.module === 'faulty');
    const exits = expected.map((exit, i) => {
      const cause = ended[i]?.kind === 'exited' ? ended[i].cause : null;
      return exit.or?.cause === cause ? exit.or : exit;
    });
    expect(ended).toMatchObject(
      exits.map(({ cause, signal, exitCode, says }, i) => {
        const text = expect.stringMatching(says);
        return { generation: i + 1, pid: this.pid(i + 1), cause, signal, exitCode, text };
      }),
    );
    const byCause = { crash: 0, exit: 0, hang: 0, unreachable: 0, memory: 0, limit: 0 };
    let lastSignal: string | null = null;
    for (const { cause, signal } of exits) {
      if (cause === 'start' || cause === 'trial' || cause === 'stop') continue;
      byCause[cause] += 1;
      lastSignal = signal;
    }
    const total = Object.values(byCause).reduce((sum, count) => sum + count);
    const failedStarts = exits.filter(({ cause }) => cause === 'start').length;
    const status = this.core.module('faulty');
    expect(status.crashes).toMatchObject({ total, byCause, lastSignal });
    expect(status.failedStarts).toBe(failedStarts);
  }

  /** Asserts that the module serves with the generation that follows these exits. */
  expectServing(exits: Exit[]): void {
    const generation = exits.length + 1;
    expect(this.core.module('faulty')).toMatchObject({
      state: 'serving',
      desired: 'up',
      generation,
      pid: this.pid(generation),
      restarts: exits.length,
      nextStartAt: null,
    });
  }

  /** Waits for what the module said right before its fault, on all three ways, and asserts that it came once. */
  async expectLastWords(): Promise<void> {
    const said = () => [
      this.core.lines('faulty', 'stdout').filter((line) => line === 'last words on stdout').length,
      this.core.lines('faulty', 'stderr').filter((line) => line === 'last words on stderr').length,
      this.core.lines('faulty', 'module').filter((line) => line === 'last words in the log').length,
    ];
    await this.core.until(() => said().every((count) => count > 0));
    expect(said()).toEqual([1, 1, 1]);
  }

  /** The number behind a label; everything else of the message must be as it was sent. */
  #signature(id: number, { payload, params }: Outcome, label: 'pid' | 'seen'): number {
    const match = /^([pcfa]) (\d+) pid=(\d{7}) seen=(\d{7})$/.exec(payload.toString());
    expect(match?.[2], payload.toString()).toBe(`${id}`);
    expect(params).toMatchObject({
      id: BigInt(id),
      from: id % 2 === 0 ? 'alice' : 'carol',
      to: id % 2 ? 'dave' : 'bob',
    });
    return Number(match?.[label === 'pid' ? 3 : 4]);
  }
}

function load(count: number): Kind[] {
  return Array.from({ length: count }, (_, i) => (i % 3 === 2 ? 'c' : 'p'));
}

/** Plays one row from start to stop. */
export async function play(row: FaultRow): Promise<void> {
  const options = row.heartbeatMs === undefined ? {} : { heartbeatMs: row.heartbeatMs };
  const server = await startRestServer((_, response) => void response.end('hello'));
  const scene = await Scene.start(moduleOf(row, server.url), options);
  try {
    await fail(scene, row);
    const generation = row.exits.length + 1;
    await scene.core.serving('faulty', generation);
    // A host that survived its fault may be at work on it still, when the defaults are given already.
    await vi.waitUntil(() => scene.core.module('faulty').inFlight === 0, { timeout: 30_000, interval: 20 });
    for (const message of await scene.sendLoad(AFTERWARDS)) scene.expectOwn(message, generation);
    if (row.at !== 'cleanup') await scene.expectLastWords();
    scene.expectServing(row.exits);
    scene.expectExits(row.exits);
    scene.expectCounted(row.late ?? 0);
    scene.expectWitnessed();
  } finally {
    await scene.core.close();
    await server.close();
  }
  const exits = [...row.exits, row.stop];
  await scene.expectLastWords();
  scene.expectExits(exits);
  await scene.cards.expectCards(exits, row.card);
  await scene.cards.close();
  const { prints } = row;
  if (prints) expect(scene.core.lines('faulty', 'stderr')).toContainEqual(expect.stringMatching(prints));
}

function moduleOf({ fault, at, settings, file }: FaultRow, url: string): ModuleOptions {
  if (file !== undefined) return { ...faulty(fault, at, settings), path: built(file) };
  if (at === 'http' || at === 'synchronous') {
    const path = built(at === 'http' ? 'faulty-asks.so' : 'faulty-2019.so');
    return { ...faulty(fault, 'http', settings), path, config: { fault, at: 'http', url } };
  }
  return faulty(fault, at, settings);
}

/** The load, with the fault in its middle or, where the fault needs no message, behind it. */
async function fail(scene: Scene, row: FaultRow): Promise<void> {
  switch (row.at) {
    case 'message':
    case 'thread':
    case 'http':
    case 'synchronous':
      await failAtMessage(scene, row, 'f');
      break;
    case 'init':
    case 'constructor':
      await failAtMessage(scene, row, 'a');
      break;
    case 'status':
      await failAtStatus(scene, row);
      break;
    case 'idle':
      for (const message of await scene.sendLoad(2 * AROUND)) scene.expectOwn(message, 1);
      process.kill(scene.pid(1), 'SIGUSR2');
      break;
    case 'cleanup':
      for (const message of await scene.sendLoad(2 * AROUND)) scene.expectOwn(message, 1);
  }
}

async function failAtMessage(scene: Scene, row: FaultRow, kind: Kind): Promise<void> {
  const verdict = row.settings?.onFailure === 'consume' ? 'consumed' : 'pass';
  const messages = await scene.send([...load(AROUND), kind, ...load(AROUND)]);
  messages.forEach((message, i) => {
    const reason = i < AROUND ? null : i === AROUND ? row.killer : row.after;
    const last = row.exits.length + 1;
    if (reason !== null) scene.expectDefault(message, reason, verdict);
    else if (i <= AROUND) scene.expectOwn(message, 1);
    // A host that survives its fault for a while may serve some of what follows.
    else scene.expectOwn(message, ...(row.killer === null ? [1, last] : [last]));
  });
}

async function failAtStatus(scene: Scene, row: FaultRow): Promise<void> {
  const before = scene.sendLoad(AROUND);
  const decision = scene.core.supervisor.onMessageStatus({ id: 20, from: 'alice', to: 'bob' }, 2);
  const after = scene.sendLoad(AROUND);
  expect((await decision).trace).toMatchObject([
    { module: 'faulty', verdict: 'pass', default: row.killer },
    { module: 'witness', verdict: 'pass', default: null },
  ]);
  // Notifications go beside the messages: which host serves one of these is open.
  for (const message of [...(await before), ...(await after)]) scene.expectOwn(message, 1, row.exits.length + 1);
}
