/** Warnings that callers can cause at will. Each kind gets one line now and then, which counts the others. */

/** Of a kind there is one line within this time. */
const EVERY_MS = 10_000;
/** So many places of wrong tokens are told apart. */
const SHOWN = 3;

/** Kinds that are told apart at a time. */
const MOST_KINDS = 100;

interface Told {
  atMs: number;
  /** Of those that were not told. */
  held: number;
  /** Of these, where some came from. */
  from: Set<string>;
  text: string;
}

/** Tells the first of each kind at once, and the others together when their time has come. */
export class HttpWarnings {
  readonly #tell: (text: string) => void;
  readonly #now: () => number;
  readonly #told = new Map<string, Told>();

  constructor(tell: (text: string) => void, now: () => number) {
    this.#tell = tell;
    this.#now = now;
  }

  /**
   * @param of - what it is about: warnings of one kind are counted together
   * @param from - who caused it; it is shown behind the text
   */
  add(of: string, text: string, from: string | null = null): void {
    const kind = this.#told.has(of) || this.#told.size < MOST_KINDS ? of : 'other';
    const told = this.#told.get(kind);
    if (told === undefined) {
      this.#told.set(kind, { atMs: this.#now(), held: 0, from: new Set(), text });
      this.#tell(from === null ? text : `${text}; it came from ${from}`);
      return;
    }
    told.held += 1;
    told.text = text;
    if (from !== null && told.from.size <= SHOWN) told.from.add(from);
  }

  /** Tells what has waited for its time; to be called now and then. */
  look(): void {
    const nowMs = this.#now();
    for (const [kind, told] of this.#told) {
      if (nowMs - told.atMs < EVERY_MS) continue;
      if (told.held === 0) this.#told.delete(kind);
      else {
        this.#flush(told);
        Object.assign(told, { atMs: nowMs, held: 0, from: new Set() });
      }
    }
  }

  /** Tells what is not told yet. */
  close(): void {
    for (const told of this.#told.values()) if (told.held > 0) this.#flush(told);
    this.#told.clear();
  }

  #flush({ held, from, text }: Told): void {
    const shown = [...from].slice(0, SHOWN).join(', ') + (from.size > SHOWN ? ' and others' : '');
    const where = from.size === 0 ? '' : `; they came from ${shown}`;
    this.#tell(held === 1 ? `${text}${where.replace('they', 'it')}` : `${text}; ${held} times like this${where}`);
  }
}
