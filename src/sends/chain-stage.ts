/** Sends messages of a module with `chain_sends = yes` through the other modules before a server gets them. */

import type { SupervisorError } from '../errors.js';
import type { DoorOutcome } from '../supervisor/types.js';
import { CallEvent } from '../wire/call-event.js';
import { LimitedNews } from './limited-news.js';
import type { Entry } from './queue/entry.js';
import { RowList } from './queue/row-list.js';
import type { SendsSupervisor } from './types.js';

/** How often in a row a message may go through the chain when modules send because of each other's messages. */
const MAX_HOPS = 8;
/** How many messages of a module are in the chain at a time. */
const MAX_UNDERWAY = 64;
/** When a supervisor that takes no messages now is asked again. */
const RETRY_MS = 250;

/** What it asks of those who use it. */
export interface ChainStageOptions {
  supervisor(): SendsSupervisor | null;
  say(level: 'info' | 'warn', text: string): void;
  /** A module of the chain has consumed it. */
  consumed(entry: Entry): void;
  /** It has been through the chain, which may have changed it. */
  changed(entry: Entry, bytesBefore: number): void;
  /** It is for the servers now. */
  through(entry: Entry): void;
  /** Called when {@link ChainStage.work} has something to do. */
  wake(): void;
}

interface Underway {
  entry: Entry;
  /** `again`: the supervisor did not take it. */
  state: 'in the chain' | 'again' | 'passed' | 'consumed';
}

interface Stage {
  waiting: RowList<Entry>;
  /** Those that are in the chain, or wait for one that is, in their order. */
  underway: Underway[];
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
      stage = { waiting: new RowList<Entry>(), underway: [] };
      this.#stages.set(entry.module, stage);
    }
    stage.waiting.insert(entry);
  }

  /** Passes on messages that have been through the chain, and sends others there while there is room. */
  work(): void {
    if (this.#isClosed) return;
    for (const [module, stage] of this.#stages) {
      this.#release(stage);
      this.#fill(stage);
      this.#release(stage);
      if (stage.underway.length === 0 && stage.waiting.first === null) this.#stages.delete(module);
    }
  }

  /** Takes out the messages that have waited since before that time. */
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

  /** Since when the oldest one waits; `null`: none waits. */
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

  #fill({ waiting, underway }: Stage): void {
    const supervisor = this.#options.supervisor();
    if (supervisor === null || this.#retry !== undefined) return;
    for (const going of underway) if (going.state === 'again') this.#go(going, supervisor);
    while (waiting.first !== null && underway.length < MAX_UNDERWAY) {
      const entry = waiting.first;
      waiting.remove(entry);
      const going: Underway = { entry, state: 'passed' };
      underway.push(going);
      if (!entry.isChained) this.#go(going, supervisor);
    }
  }

  #go(going: Underway, supervisor: SendsSupervisor): void {
    const { entry } = going;
    const { cause, module } = entry;
    const hops = (cause?.hops ?? 0) + 1;
    if (hops > MAX_HOPS) {
      this.#loops.add(module);
      this.#pass(going, null);
      return;
    }
    const origin = { server: cause?.server ?? '', eventId: cause?.eventId ?? null, hops };
    const event = CallEvent.wireMessage(entry.params, entry.payload);
    going.state = 'in the chain';
    try {
      supervisor.submit(event, origin, { told: (outcome) => this.#told(going, outcome) }, module);
    } catch (error) {
      this.#notTaken(going, error as SupervisorError);
    }
  }

  /** It may be called while a report is read, so the rest is done later. */
  #told(going: Underway, outcome: DoorOutcome): void {
    if (this.#isClosed) return;
    if (outcome.verdict === 'consumed') {
      going.state = 'consumed';
      this.#options.consumed(going.entry);
    } else this.#pass(going, outcome);
    this.#options.wake();
  }

  #notTaken(going: Underway, { code, message }: SupervisorError): void {
    if (code !== 'ILLEGAL_STATE') {
      this.#options.say('warn', `module ${going.entry.module}: a message that it sent skips the chain: ${message}`);
      this.#pass(going, null);
      return;
    }
    // It keeps its place, so that its module's order stays.
    going.state = 'again';
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.#options.wake();
    }, RETRY_MS).unref();
  }

  /** @param outcome - `null`: it was not in the chain */
  #pass(going: Underway, outcome: DoorOutcome | null): void {
    const { entry } = going;
    const bytesBefore = entry.bytes;
    going.state = 'passed';
    // Copied now: its memory may be that of other messages.
    if (outcome?.hasNewParams || outcome?.hasNewPayload) entry.change(outcome.event.params, outcome.event.payload);
    entry.isChained = true;
    this.#options.changed(entry, bytesBefore);
  }

  /** In the order in which they came. */
  #release({ underway }: Stage): void {
    while (underway[0] && (underway[0].state === 'passed' || underway[0].state === 'consumed')) {
      const { entry, state } = underway.shift() as Underway;
      if (state === 'passed') this.#options.through(entry);
    }
  }
}

function describeLoops(module: string, count: number): string {
  const what = `${count === 1 ? 'a message that it sent' : `${count} messages that it sent`} had gone through the chain`;
  const remedy = 'modules answer each other: end that, or set chain_sends = no';
  return `module ${module}: ${what} ${MAX_HOPS} times in a row, and skips it now; ${remedy}`;
}
