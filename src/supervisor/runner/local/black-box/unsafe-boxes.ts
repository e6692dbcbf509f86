/** The black boxes of dead hosts whose messages the keeper has in memory alone: the next core finds them there. */

/** A box, as far as it is kept or not. */
export interface KeptBox {
  /** Removes it. */
  close(): void;
  /** Leaves it to the next core. */
  leave(): void;
}

/** How boxes are kept. */
export interface UnsafeBoxesOptions {
  /** Whether everything that the keeper was given is safe; see `SendKeeper.isSafe`. */
  isSafe(): Promise<boolean>;
  /** The oldest one was removed, because there were too many. */
  dropped(limit: number): void;
  everyMs?: number;
}

/** Each takes the memory of a black box. */
const MAX_BOXES = 16;
/** As often as an unusable store is tried again. */
const EVERY_MS = 10_000;

/** Kept until they are safe, or the core ends. */
export class UnsafeBoxes {
  readonly #options: UnsafeBoxesOptions;
  #kept: KeptBox[] = [];
  #timer: NodeJS.Timeout | undefined;
  #isOpen = true;

  constructor(options: UnsafeBoxesOptions) {
    this.#options = options;
  }

  keep(box: KeptBox): void {
    if (!this.#isOpen) {
      box.leave();
      return;
    }
    this.#kept.push(box);
    if (this.#kept.length > MAX_BOXES) {
      this.#kept.shift()?.close();
      this.#options.dropped(MAX_BOXES);
    }
    this.#timer ??= setInterval(() => void this.#look(), this.#options.everyMs ?? EVERY_MS).unref();
  }

  /** The core ends: what is not safe is left to the next one. */
  close(): void {
    this.#isOpen = false;
    clearInterval(this.#timer);
    for (const box of this.#kept.splice(0)) box.leave();
  }

  async #look(): Promise<void> {
    // One that comes meanwhile may hold what was not asked about.
    const asked = [...this.#kept];
    if (!(await this.#options.isSafe())) return;
    for (const box of asked) if (this.#kept.includes(box)) box.close();
    this.#kept = this.#kept.filter((box) => !asked.includes(box));
    if (this.#kept.length > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
