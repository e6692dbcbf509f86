/** For which modules there is no more room: pure. */

/** How much may wait. */
export interface SendLimits {
  messages: number;
  bytes: number;
}

/** A module may have this many times what is free: one alone four fifths of all, two together eight ninths. */
const CLOSES_AT = 4;
/** A full module may send again when it has at most this many times what is free: one alone then has half of all. */
const OPENS_AT = 1;

interface Share {
  messages: number;
  bytes: number;
  isFull: boolean;
}

/** Counts what waits, and says which modules have too much of it. */
export class Fullness {
  readonly #shares = new Map<string, Share>();
  #limits: SendLimits;
  messages = 0;
  bytes = 0;

  constructor(limits: SendLimits) {
    this.#limits = limits;
  }

  get limits(): Readonly<SendLimits> {
    return this.#limits;
  }

  /** Takes other limits; {@link review} tells what they change. */
  limitTo(limits: SendLimits): void {
    this.#limits = limits;
  }

  /** Counts one more. @returns whether this made its module full */
  add(module: string, bytes: number): boolean {
    const share = this.#shareOf(module);
    this.#count(share, 1, bytes);
    if (share.isFull || !this.#isFull(share)) return false;
    share.isFull = true;
    return true;
  }

  /** Counts one less. {@link review} says which modules may send again. */
  remove(module: string, bytes: number): void {
    this.#count(this.#shareOf(module), -1, -bytes);
  }

  /** The size of one has changed. */
  resize(module: string, bytes: number): void {
    this.#count(this.#shareOf(module), 0, bytes);
  }

  isFull(module: string): boolean {
    return this.#shares.get(module)?.isFull ?? false;
  }

  /** How many messages of a module wait. */
  messagesOf(module: string): number {
    return this.#shares.get(module)?.messages ?? 0;
  }

  /** The modules for which that has changed. Modules without waiting messages are forgotten. */
  review(): string[] {
    const changed: string[] = [];
    for (const [module, share] of this.#shares) {
      const isFull = this.#isFull(share);
      if (isFull !== share.isFull) {
        share.isFull = isFull;
        changed.push(module);
      }
      if (share.messages === 0 && !isFull) this.#shares.delete(module);
    }
    return changed;
  }

  #isFull({ messages, bytes, isFull }: Share): boolean {
    const times = isFull ? OPENS_AT : CLOSES_AT;
    const { messages: maxMessages, bytes: maxBytes } = this.#limits;
    const isOver = (has: number, max: number, all: number) => has > 0 && has >= times * (max - all);
    return isOver(messages, maxMessages, this.messages) || isOver(bytes, maxBytes, this.bytes);
  }

  #count(share: Share, messages: number, bytes: number): void {
    share.messages += messages;
    share.bytes += bytes;
    this.messages += messages;
    this.bytes += bytes;
  }

  #shareOf(module: string): Share {
    let share = this.#shares.get(module);
    if (!share) {
      share = { messages: 0, bytes: 0, isFull: false };
      this.#shares.set(module, share);
    }
    return share;
  }
}
