/** Tells now and then what was dropped of a module's output: one line, not one for each. */

/** What is dropped, and why. */
export type DroppedKind =
  /** Log lines beyond `log_rate`. */
  | 'limited'
  /** Log lines that found the black box full. */
  | 'full'
  /** Bytes of the host's output beyond `log_rate`. */
  | 'stdout'
  | 'stderr';

const TELL_AFTER_MS = 1000;

/** Adds up what is dropped, and tells it a second after the first. */
export class DroppedOutput {
  readonly #tell: (text: string) => void;
  readonly #limit: string;
  #counts = new Map<DroppedKind, number>();
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param logRate lines a second; `null`: unlimited
   * @param tell takes what was dropped, in words
   */
  constructor(logRate: number | null, tell: (text: string) => void) {
    this.#limit = logRate === null ? 'the core could not keep up' : `more than log_rate, ${logRate} lines a second`;
    this.#tell = tell;
  }

  /** Counts lines or bytes that were dropped. */
  add(kind: DroppedKind, count: number): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + count);
    this.#timer ??= setTimeout(() => this.flush(), TELL_AFTER_MS);
  }

  /** Tells at once what was not told yet. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const counts = this.#counts;
    this.#counts = new Map();
    if (counts.size > 0) this.#tell([...counts].map(([kind, count]) => this.#describe(kind, count)).join('; '));
  }

  #describe(kind: DroppedKind, count: number): string {
    switch (kind) {
      case 'limited':
        return `${lines(count)} dropped: ${this.#limit}`;
      case 'full':
        return `${lines(count)} dropped: the black box was full`;
      default:
        return `${count} bytes of ${kind} were dropped: ${this.#limit}`;
    }
  }
}

function lines(count: number): string {
  return count === 1 ? '1 log line was' : `${count} log lines were`;
}
