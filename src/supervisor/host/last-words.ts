/** The last lines of a host that does not become ready: most often they say why. */

const LINES = 12;
const CHARACTERS = 300;

/** Keeps the last lines, each cut short. */
export class LastWords {
  readonly #lines: string[] = [];

  add(line: string): void {
    this.#lines.push(line.trimEnd().slice(0, CHARACTERS));
    if (this.#lines.length > LINES) this.#lines.shift();
  }

  /** The lines, the oldest first. */
  all(): string[] {
    return [...this.#lines];
  }
}
