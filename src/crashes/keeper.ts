/** Makes crash cards of what a supervisor knows of deaths, one after the other, beside everything else that a core does. */

import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Symbolizer } from '../stacks/symbolizer.js';
import type { CrashKeeper, DeathEvidence, LastCrash } from '../supervisor/types.js';
import { within } from '../within.js';
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
/** How long a card waits for a descriptor, and how often it is tried. */
const SHORT_WAIT_MS = 60_000;
const SHORT_RETRY_MS = 500;
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
  readonly #last = new Map<string, { id: string; crash: LastCrash; finished: FinishedCard }>();
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
    this.#last.set(module, { id, crash: lastCrashOf(id, null), finished: NOTHING });
    this.#awaited.set(id, []);
    this.#waiting.push(evidence);
    this.#waitingBytes += bytes;
    this.#writing ??= this.#write();
  }

  /** Waits until everything is known of a death. Resolves at once for one that is not the last of its module, and has no card in the making. */
  finished(id: string): Promise<FinishedCard> {
    const awaited = this.#awaited.get(id);
    if (awaited === undefined) {
      const last = [...this.#last.values()].find((one) => one.id === id);
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
    await within(LAST_WAIT_MS, this.#settle(), undefined);
    this.#isClosed = true;
    this.#waiting.length = 0;
    await within(LAST_WAIT_MS, this.#finishUnnamed(), undefined);
  }

  async #settle(): Promise<void> {
    await this.#writing;
    await this.#naming;
  }

  async #finishUnnamed(): Promise<void> {
    for (const { card, isWritten } of this.#unnamed.splice(0)) {
      const unfinished = { ...card, symbols: { by: null, isPending: false, remark: UNFINISHED } };
      if (isWritten) await this.#update(unfinished);
      this.#finish(unfinished, isWritten);
    }
  }

  async #write(): Promise<void> {
    for (;;) {
      // The next host is started first.
      await nextTurn();
      const evidence = this.#waiting.shift();
      if (evidence === undefined) {
        // Here and not later: the next death begins another round.
        this.#writing = null;
        return;
      }
      this.#waitingBytes -= heldBytes(evidence);
      await this.#make(evidence).catch((error: Error) => this.#giveUp(evidence.cardId, error));
    }
  }

  async #make(evidence: DeathEvidence): Promise<void> {
    const { note, stack, files, diedAt } = evidence;
    const card = buildCard(evidence);
    const isUnnamed = hasFrames(evidence) && this.#unnamed.length < MAX_UNNAMED;
    card.symbols.isPending = isUnnamed;
    const isWritten = await this.#add(card, evidence);
    if (isUnnamed) this.#toBeNamed({ card, evidence: { note, stack, files, diedAt }, isWritten });
    else this.#finish(card, isWritten);
  }

  /** What a module has left behind is like nothing that was thought of. The core goes on, and nobody waits for this card. */
  #giveUp(id: string, { message }: Error): void {
    this.#options.say('error', `crash card ${id} is not complete (${message}): please report this`, null);
    this.#release(id, NOTHING);
  }

  #release(id: string, finished: FinishedCard): void {
    const awaited = this.#awaited.get(id) ?? [];
    this.#awaited.delete(id);
    for (const resolve of awaited) resolve(finished);
  }

  async #add(card: CrashCard, evidence: DeathEvidence): Promise<boolean> {
    const untilMs = performance.now() + SHORT_WAIT_MS;
    try {
      while (!(await this.#tryToAdd(card, evidence, performance.now() < untilMs))) await sleep(SHORT_RETRY_MS);
      this.#problem = null;
    } catch (error) {
      this.#fail(error as Error);
      return false;
    }
    await this.#files.prune(card.module).catch((error: Error) => this.#fail(error));
    return true;
  }

  /** @returns `false`: descriptors are short now, and may not be in a moment */
  async #tryToAdd(card: CrashCard, evidence: DeathEvidence, mayWait: boolean): Promise<boolean> {
    try {
      await this.#files.add(card, keptCalls(evidence));
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (!mayWait || this.#isClosed || (code !== 'EMFILE' && code !== 'ENFILE')) throw error;
      return false;
    }
  }

  #toBeNamed(unnamed: Unnamed): void {
    this.#unnamed.push(unnamed);
    this.#naming ??= this.#name();
  }

  async #name(): Promise<void> {
    for (let next = this.#unnamed[0]; next !== undefined && !this.#isClosed; next = this.#unnamed[0]) {
      const { card, evidence, isWritten } = next;
      // The clock of the day may be set back meanwhile.
      const leftMs = evidence.diedAt.getTime() + SETTLE_MS - Date.now();
      if (leftMs > 0) await sleep(Math.min(leftMs, SETTLE_MS));
      const named = await nameFrames(card, evidence, this.#options.symbolizer).catch(({ message }: Error) => {
        return {
          ...card,
          symbols: { by: null, isPending: false, remark: `the functions could not be found: ${message}` },
        };
      });
      // The end of the core has finished it meanwhile.
      if (this.#unnamed[0] !== next) return;
      this.#unnamed.shift();
      if (isWritten) await this.#update(named);
      this.#finish(named, isWritten);
    }
    this.#naming = null;
  }

  async #update(card: CrashCard): Promise<void> {
    await this.#files.update(card).catch((error: Error) => this.#fail(error));
  }

  #finish(card: CrashCard, isWritten: boolean): void {
    const { id, module, generation, signal } = card;
    const frame = blamedFrame(card.frames);
    const finished = { path: isWritten ? this.#files.pathOf(id) : null, frame };
    if (this.#last.get(module)?.id === id) {
      this.#last.set(module, { id, crash: lastCrashOf(isWritten ? id : null, frame), finished });
    }
    const text = describeCard({ ...card, hasExited: signal === null }, isWritten);
    if (text !== null) this.#options.say('error', `${text}`, { module, generation });
    this.#release(id, finished);
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

function lastCrashOf(id: string | null, frame: CardFrame | null): LastCrash {
  return { id, function: frame?.function ?? null, source: frame?.source ?? null, line: frame?.line ?? null };
}
