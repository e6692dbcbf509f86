/** Numbered messages in many conversations, and a judgement of what became of them. */

import { existsSync, readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import type { Outcome, Supervisor } from 'mesibo-modules';

/** A message that has its outcome. */
export interface Answered {
  conversation: string;
  number: number;
  offeredMs: number;
  answeredMs: number;
  outcome: Outcome;
}

/** A line of the journal that all processes of the module `sequence` write. */
export interface Entry {
  kind: 'begun' | 'ended';
  pid: number;
  conversation: string;
  number: number;
}

/** How much at a time. */
export interface LoadOptions {
  conversations: number;
  /** Messages of each conversation that have no outcome yet. */
  ahead: number;
  /** Between two messages of a conversation, once that many are under way; 0: none. */
  pauseMs?: number;
}

/** Goes on until it is told to end. */
export class NumberedLoad {
  readonly answered: Answered[] = [];
  readonly #core: Supervisor;
  readonly #work: Promise<unknown>;
  readonly #pauseMs: number;
  #offered = 0;
  #ending = false;

  constructor(core: Supervisor, { conversations, ahead, pauseMs = 0 }: LoadOptions) {
    this.#core = core;
    this.#pauseMs = pauseMs;
    const run = (_: unknown, index: number) => this.#converse(`c${index}`, ahead);
    this.#work = Promise.all(Array.from({ length: conversations }, run));
  }

  get offered(): number {
    return this.#offered;
  }

  /** Resolves when so many more have their outcomes. */
  async answers(count: number): Promise<void> {
    const enough = this.answered.length + count;
    while (this.answered.length < enough) await new Promise((done) => setTimeout(done, 5));
  }

  /** Offers no more, and waits for all outcomes. */
  async end(): Promise<Answered[]> {
    this.#ending = true;
    await this.#work;
    return this.answered;
  }

  async #converse(conversation: string, ahead: number): Promise<void> {
    let next = 0;
    const one = async (): Promise<void> => {
      while (!this.#ending) {
        await this.#offer(conversation, next++);
        if (this.#pauseMs > 0) await new Promise((done) => setTimeout(done, this.#pauseMs));
      }
    };
    await Promise.all(Array.from({ length: ahead }, one));
  }

  async #offer(conversation: string, number: number): Promise<void> {
    this.#offered += 1;
    const offeredMs = performance.now();
    const text = Buffer.from(`${conversation} ${number}`);
    const outcome = await this.#core.onMessage({ id: number, from: conversation, to: 'all' }, text);
    this.answered.push({ conversation, number, offeredMs, answeredMs: performance.now(), outcome });
  }
}

/** The journal, in the order in which it was written. */
export function readEntries(path: string): Entry[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => {
    const [kind, pid, conversation = '', number] = line.split(' ');
    return { kind: kind === 'b' ? 'begun' : 'ended', pid: Number(pid), conversation, number: Number(number) };
  });
}

/** The first trace entry of a message says whether its verdict is a default. */
export function defaultOf({ outcome }: Answered): string | null {
  return outcome.trace[0]?.default ?? null;
}

/**
 * What is wrong with a run; empty when no message was lost, doubled or overtaken, at any process and for the caller, and no two
 * processes worked on one conversation at a time.
 *
 * @param killed processes that were killed: what they had begun has no end
 */
export function findFaults(answered: Answered[], entries: Entry[], killed: ReadonlySet<number>): string[] {
  const faults: string[] = [];
  const told = new Map<string, number>();
  for (const { conversation, number } of answered) {
    const expected = (told.get(conversation) ?? -1) + 1;
    if (number !== expected) faults.push(`the caller got ${conversation} ${number} in place of ${expected}`);
    told.set(conversation, number);
  }
  const begun = new Set<string>();
  const last = new Map<string, Entry>();
  for (const entry of entries) {
    const { kind, pid, conversation, number } = entry;
    const before = last.get(conversation);
    last.set(conversation, entry);
    const name = `${conversation} ${number}`;
    if (kind === 'ended') {
      if (before?.number !== number || before.pid !== pid) faults.push(`${name} ended, but was not the last one begun`);
      continue;
    }
    if (begun.has(name)) faults.push(`${name} was begun twice`);
    begun.add(name);
    if (before && before.number > number) faults.push(`${name} was begun after ${before.number}`);
    if (before?.kind === 'begun' && !killed.has(before.pid)) {
      faults.push(`${name} was begun by ${pid} while ${before.pid} had ${before.number}`);
    }
  }
  for (const answer of answered) {
    const name = `${answer.conversation} ${answer.number}`;
    // A process may be killed after it was said to execute a message, and before it has written that.
    if (!begun.has(name) && defaultOf(answer) !== 'crash') faults.push(`${name} was lost`);
  }
  return faults;
}

/** @param share from 0 to 1 */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}
