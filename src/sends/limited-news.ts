/** News that may come by the thousand. It becomes one line for each module and second. */

const EVERY_MS = 1000;

/** Counts what happens, and tells it now and then. */
export class LimitedNews {
  readonly #tell: (text: string) => void;
  readonly #describe: (module: string, count: number) => string;
  readonly #counts = new Map<string, number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(tell: (text: string) => void, describe = describeExpired) {
    this.#tell = tell;
    this.#describe = describe;
  }

  /** Counts one of a module; the first one is told in a moment, with others that come with it. */
  add(module: string): void {
    this.#counts.set(module, (this.#counts.get(module) ?? 0) + 1);
    this.#timer ??= setTimeout(() => this.#flush(), 0);
  }

  /** Tells what is not told yet. */
  close(): void {
    clearTimeout(this.#timer);
    this.#flush();
    clearTimeout(this.#timer);
  }

  #flush(): void {
    this.#timer = undefined;
    if (this.#counts.size === 0) return;
    for (const [module, count] of this.#counts) this.#tell(this.#describe(module, count));
    this.#counts.clear();
    this.#timer = setTimeout(() => this.#flush(), EVERY_MS).unref();
  }
}

function describeExpired(module: string, count: number): string {
  const what = count === 1 ? 'a message that it sent' : `${count} messages that it sent`;
  return `module ${module}: no server has acknowledged ${what} within send_ttl; the module gets the status 0x80`;
}
