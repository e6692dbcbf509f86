/** Makes crash cards of what a supervisor knows of deaths, one after the other, beside everything else that a core does. */

import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Symbolizer } from '../stacks/symbolizer.js';
import type { CrashKeeper, DeathEvidence, LastCrash } from '../supervisor/types.js';
import { buildCard, heldBytes, keptCalls } from './build-card.js';
import { blamedFrame, type CardFrame, type CrashCard } from './card.js';
import { CardFiles } from './card-files.js';
import { describeCard } from './describe-card.js';
import { hasFrames, nameFrames } from './name-frames.js';
import { Seldom } from './seldom.js';

/** Where cards are kept, and who is told. */
export interface CardKeeperOptions {
  stateDir: string;
  /** Takes a line about a module, or about none. */
  say: (level: 'warn' | 'error', text: string, about: { module: string; generation: number } | null) => void;
  symbolizer: Pick<Symbolizer, 'symbolize'>;
}

/** What came of one death. */
export interface FinishedCard {
  /** Where the card is; `null`: it could not be written. */
  path: string | null;
  /** The function that it blames; `null`: not known. */
  frame: CardFrame | null;
}

/** Deaths that wait for their card. More of them come only from modules that are broken in the same way again and again. */
const MAX_WAITING = 100;
/** What their calls may hold. */
const MAX_WAITING_BYTES = 128 * 1024 * 1024;
/** The next host starts before the programs that look for functions do, as they take a processor for some time. */
const SETTLE_MS = 250;
/** Cards that wait for their functions. */
const MAX_UNNAMED = 50;
/** How long the end of a core waits for the cards of its last deaths. */
const LAST_WAIT_MS = 2_000;

interface Unnamed {
  card: CrashCard;
  /** Only what is needed: the bodies of calls may be large. */
  evidence: Pick<DeathEvidence, 'note' | 'stack' | 'files' | 'diedAt'>;
  isWritten: boolean;
}

/** Keeps the cards of one core. Nothing that goes wrong here reaches its caller. */
export class CardKeeper implements CrashKeeper {
  readonly #options: CardKeeperOptions;
  readonly #files: CardFiles;
  readonly #waiting: DeathEvidence[] = [];
  #waitingBytes = 0;
  readonly #unnamed: Unnamed[] = [];
  /** By the ids of cards that are not finished. */
  readonly #awaited = new Map<string, ((finished: FinishedCard) => void)[]>();
  /** By module. */
  readonly #last = new Map<string, { crash: LastCrash; finished: FinishedCard }>();
  readonly #failures = new Seldom();
  readonly #skips = new Seldom();
  /** Why the last card could not be written; `null`: it was. */
  #problem: string | null = null;
  #writing: Promise<void> | null = null;
  #naming: Promise<void> | null = null;
  #isClosed = false;

  constructor(options: CardKeeperOptions) {
    this.#options = options;
    this.#files = new CardFiles(options.stateDir);
  }

  died(evidence: DeathEvidence): void {
    const { cardId: id, module } = evidence;
    const bytes = heldBytes(evidence);
    const isFull = this.#waiting.length >= MAX_WAITING || this.#waitingBytes + bytes > MAX_WAITING_BYTES;
    if (this.#isClosed || (isFull && this.#waiting.length > 0)) {
      this.#skip();
      return;
    }
    this.#last.set(module, { crash: lastCrashOf(id, null), finished: NOTHING });
    this.#awaited.set(id, []);
    this.#waiting.push(evidence);
    this.#waitingBytes += bytes;
    this.#writing ??= this.#write().finally(() => {
      this.#writing = null;
    });
  }

  /** Waits until everything is known of a death. Resolves at once for one that is not the last of its module, and has no card in the making. */
  finished(id: string): Promise<FinishedCard> {
    const awaited = this.#awaited.get(id);
    if (awaited === undefined) {
      const last = [...this.#last.values()].find(({ crash }) => crash.id === id);
      return Promise.resolve(last?.finished ?? NOTHING);
    }
    return new Promise((resolve) => awaited.push(resolve));
  }

  /** The last crash of a module in this run of the core; `null`: there was none. */
  lastOf(module: string): LastCrash | null {
    return this.#last.get(module)?.crash ?? null;
  }

  /** A module's crashes are no longer news. */
  forget(module: string): void {
    this.#last.delete(module);
  }

  /** What is wrong at the moment, a line each. */
  problems(): string[] {
    return this.#problem === null ? [] : [this.#problem];
  }

  /** Finishes what has begun, for a short time; after that a card stays as it is. Never rejects. */
  async close(): Promise<void> {
    await within(LAST_WAIT_MS, async () => {
      await this.#writing;
      await this.#naming;
    });
    this.#isClosed = true;
    this.#waiting.length = 0;
    await within(LAST_WAIT_MS, async () => {
      for (const { card, isWritten } of this.#unnamed.splice(0)) {
        const unfinished = { ...card, symbols: { by: null, isPending: false, remark: UNFINISHED } };
        if (isWritten) await this.#update(unfinished);
        this.#finish(unfinished, isWritten);
      }
    });
  }

  async #write(): Promise<void> {
    for (;;) {
      // The next host is started first.
      await nextTurn();
      const evidence = this.#waiting.shift();
      if (evidence === undefined) return;
      this.#waitingBytes -= heldBytes(evidence);
      const { note, stack, files, diedAt } = evidence;
      const card = buildCard(evidence);
      const isUnnamed = hasFrames(evidence) && this.#unnamed.length < MAX_UNNAMED;
      card.symbols.isPending = isUnnamed;
      const isWritten = await this.#add(card, evidence);
      if (isUnnamed) this.#toBeNamed({ card, evidence: { note, stack, files, diedAt }, isWritten });
      else this.#finish(card, isWritten);
    }
  }

  async #add(card: CrashCard, evidence: DeathEvidence): Promise<boolean> {
    try {
      await this.#files.add(card, keptCalls(evidence));
      this.#problem = null;
    } catch (error) {
      this.#fail(error as Error);
      return false;
    }
    await this.#files.prune(card.module).catch((error: Error) => this.#fail(error));
    return true;
  }

  #toBeNamed(unnamed: Unnamed): void {
    this.#unnamed.push(unnamed);
    this.#naming ??= this.#name().finally(() => {
      this.#naming = null;
    });
  }

  async #name(): Promise<void> {
    for (let next = this.#unnamed[0]; next !== undefined && !this.#isClosed; next = this.#unnamed[0]) {
      const { card, evidence, isWritten } = next;
      // The clock of the day may be set back meanwhile.
      const leftMs = evidence.diedAt.getTime() + SETTLE_MS - Date.now();
      if (leftMs > 0) await sleep(Math.min(leftMs, SETTLE_MS));
      const named = await nameFrames(card, evidence, this.#options.symbolizer);
      // The end of the core has finished it meanwhile.
      if (this.#unnamed[0] !== next) return;
      this.#unnamed.shift();
      if (isWritten) await this.#update(named);
      this.#finish(named, isWritten);
    }
  }

  async #update(card: CrashCard): Promise<void> {
    await this.#files.update(card).catch((error: Error) => this.#fail(error));
  }

  #finish(card: CrashCard, isWritten: boolean): void {
    const { id, module, generation, signal } = card;
    const frame = blamedFrame(card.frames);
    const finished = { path: isWritten ? this.#files.pathOf(id) : null, frame };
    if (this.lastOf(module)?.id === id) this.#last.set(module, { crash: lastCrashOf(id, frame), finished });
    const text = describeCard({ ...card, hasExited: signal === null }, isWritten);
    if (text !== null) this.#options.say('error', `${text}`, { module, generation });
    const awaited = this.#awaited.get(id) ?? [];
    this.#awaited.delete(id);
    for (const resolve of awaited) resolve(finished);
  }

  #fail({ message }: Error): void {
    this.#problem = `crash cards cannot be written in ${this.#files.directory} (${message}): make room there, or make it writable`;
    if (this.#failures.happened(performance.now()) !== null) this.#options.say('error', this.#problem, null);
  }

  #skip(): void {
    const count = this.#skips.happened(performance.now());
    if (count === null) return;
    const what = count === 1 ? 'a crash has' : `${count} crashes have`;
    this.#options.say('warn', `${what} no crash card, because too many came at once`, null);
  }
}

const NOTHING: FinishedCard = { path: null, frame: null };
const UNFINISHED = 'the core ended before it had looked for the functions';

function lastCrashOf(id: string, frame: CardFrame | null): LastCrash {
  return { id, function: frame?.function ?? null, source: frame?.source ?? null, line: frame?.line ?? null };
}

/** Waits until something is done, or the time is over. */
async function within(limitMs: number, work: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limitMs);
  });
  await Promise.race([work(), limit]);
  clearTimeout(timer);
}
