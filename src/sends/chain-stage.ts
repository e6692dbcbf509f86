/** Where the messages of a module with `chain_sends = yes` go through the other modules before a server gets them. */

import type { Outcome } from '../supervisor/types.js';
import { fromWireParams, type WireParams } from '../wire/params.js';
import { LimitedNews } from './limited-news.js';
import { mergeParams } from './merge-params.js';
import type { Entry } from './queue/entry.js';
import { RowList } from './queue/row-list.js';
import type { SendsSupervisor } from './types.js';

/** What a module sends because of what modules sent goes through the chain so often in a row. */
const MAX_HOPS = 8;
/** So many of a module are in the chain at a time. */
const MAX_UNDERWAY = 64;
/** A supervisor that takes no messages now is asked again after that. */
const RETRY_MS = 250;

/** What it asks of those who use it. */
export interface ChainStageOptions {
  supervisor(): SendsSupervisor | null;
  say(level: 'info' | 'warn', text: string): void;
  now(): number;
  /** A module of the chain has consumed it. */
  consumed(entry: Entry): void;
  /** It has been there, and may be another message now. */
  changed(entry: Entry, bytesBefore: number): void;
  /** It is for the servers now. */
  through(entry: Entry): void;
}

interface Underway {
  entry: Entry;
  /** What is to be done with it when all before it are done; `null`: it is in the chain. */
  end: (() => void) | null;
}

interface Stage {
  waiting: RowList<Entry>;
  /** Those that are in the chain, or wait for one that is, in their order. */
  underway: Underway[];
  /** Of those, the ones that the supervisor did not take. */
  again: Underway[];
}

/** The messages of each module leave in the order in which they came. */
export class ChainStage {
  readonly #options: ChainStageOptions;
  readonly #stages = new Map<string, Stage>();
  readonly #loops: LimitedNews;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: ChainStageOptions) {
    this.#options = options;
    this.#loops = new LimitedNews((text) => options.say('warn', text), describeLoops);
  }

  /** Whether something of a module is here. */
  has(module: string): boolean {
    return this.#stages.has(module);
  }

  /** Takes one; {@link work} sets it going. */
  add(entry: Entry): void {
    let stage = this.#stages.get(entry.module);
    if (!stage) {
      stage = { waiting: new RowList<Entry>(), underway: [], again: [] };
      this.#stages.set(entry.module, stage);
    }
    stage.waiting.push(entry);
  }

  /** Sends what waits through the chain, as far as there is room. */
  work(): void {
    const supervisor = this.#options.supervisor();
    if (supervisor === null || this.#isClosed || this.#retry !== undefined) return;
    for (const stage of this.#stages.values()) this.#fill(stage, supervisor);
  }

  /** Those that wait since before that time; they are out of it. */
  expire(beforeMs: number): Entry[] {
    const expired: Entry[] = [];
    for (const [module, { waiting, underway }] of this.#stages) {
      while (waiting.first !== null && waiting.first.sinceMs <= beforeMs) {
        expired.push(waiting.first);
        waiting.remove(waiting.first);
      }
      if (waiting.first === null && underway.length === 0) this.#stages.delete(module);
    }
    return expired;
  }

  /** Since when the one waits that waits longest; `null`: none waits. */
  oldestMs(): number | null {
    let oldest: number | null = null;
    for (const { waiting } of this.#stages.values()) {
      const { first } = waiting;
      if (first !== null && (oldest === null || first.sinceMs < oldest)) oldest = first.sinceMs;
    }
    return oldest;
  }

  /** What is in the chain stays as it was: the next core sends it there again. */
  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    this.#loops.close();
  }

  #fill(stage: Stage, supervisor: SendsSupervisor): void {
    const { waiting, underway } = stage;
    for (const going of stage.again.splice(0)) this.#go(stage, going, supervisor);
    while (waiting.first !== null && underway.length < MAX_UNDERWAY) {
      const entry = waiting.first;
      waiting.remove(entry);
      const going: Underway = { entry, end: null };
      underway.push(going);
      this.#go(stage, going, supervisor);
    }
    this.#release(stage);
  }

  #go(stage: Stage, going: Underway, supervisor: SendsSupervisor): void {
    const { entry } = going;
    const { cause, module } = entry;
    const hops = (cause?.hops ?? 0) + 1;
    const pass = () => this.#options.through(entry);
    if (entry.isChained) {
      going.end = pass;
      return;
    }
    if (hops > MAX_HOPS) {
      this.#loops.add(module);
      going.end = () => this.#unchanged(entry);
      return;
    }
    const params = entry.params;
    const origin = { server: cause?.server ?? '', eventId: cause?.eventId ?? 0n, hops };
    supervisor.onMessage(fromWireParams(params), entry.payload, { sentBy: module, origin }).then(
      (outcome) => this.#answered(stage, going, params, outcome),
      (error: Error & { code?: string }) => this.#failed(stage, going, error),
    );
  }

  #answered(stage: Stage, going: Underway, params: WireParams, outcome: Outcome): void {
    const { entry } = going;
    if (this.#isClosed) return;
    going.end =
      outcome.verdict === 'consumed'
        ? () => this.#options.consumed(entry)
        : () => this.#unchanged(entry, () => entry.change(mergeParams(params, outcome.params), outcome.payload));
    this.#release(stage);
    this.work();
  }

  #failed(stage: Stage, going: Underway, error: Error & { code?: string }): void {
    const { entry } = going;
    if (this.#isClosed) return;
    if (error.code === 'ILLEGAL_STATE') {
      // The supervisor takes none now. It keeps its place, so that its module's order stays.
      stage.again.push(going);
      this.#retryLater();
      return;
    }
    this.#options.say('warn', `module ${entry.module}: a message that it sent skips the chain: ${error.message}`);
    going.end = () => this.#unchanged(entry);
    this.#release(stage);
    this.work();
  }

  #retryLater(): void {
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.work();
    }, RETRY_MS).unref();
  }

  #unchanged(entry: Entry, change: () => void = () => {}): void {
    const bytesBefore = entry.bytes;
    change();
    entry.isChained = true;
    this.#options.changed(entry, bytesBefore);
    this.#options.through(entry);
  }

  #release(stage: Stage): void {
    const { underway, waiting } = stage;
    while (underway[0]?.end) (underway.shift() as Underway).end?.();
    if (underway.length > 0 || waiting.first !== null) return;
    for (const [module, one] of this.#stages) if (one === stage) this.#stages.delete(module);
  }
}

function describeLoops(module: string, count: number): string {
  const what = `${count === 1 ? 'a message that it sent' : `${count} messages that it sent`} had gone through the chain`;
  const remedy = 'modules answer each other: end that, or set chain_sends = no';
  return `module ${module}: ${what} ${MAX_HOPS} times in a row, and skips it now; ${remedy}`;
}
