/** Where events of a server wait while too many messages of modules wait for that server. Pure, except for a timer. */

/** One event that waits. */
export interface Held {
  owner: object;
  begin(): void;
  /** It has waited too long, or its owner has gone. */
  refuse(): void;
}

/** What gates ask. */
export interface GatesOptions {
  /** So many events of a server may be in progress. 0: it has to acknowledge first. */
  allowanceOf(server: string): number;
  /** The clock, in milliseconds. */
  now(): number;
  /** How long an event waits. */
  limitMs(): number;
  /** Events of a server begin to wait until it acknowledges. */
  closed(server: string): void;
}

/** The gates of all servers that are connected, one for each name. */
export class Gates {
  readonly options: GatesOptions;
  readonly #gates = new Map<string, Gate>();

  constructor(options: GatesOptions) {
    this.options = options;
  }

  /** A connection of a server comes. {@link Gate.leave} undoes it. */
  enter(server: string): Gate {
    const known = this.#gates.get(server);
    const gate = known ?? new Gate(server, this.options, () => this.#gates.delete(server));
    if (!known) this.#gates.set(server, gate);
    gate.users += 1;
    return gate;
  }

  /** Something no longer waits. */
  roomAgain(): void {
    for (const gate of this.#gates.values()) gate.release();
  }

  /** The servers whose events wait until they acknowledge. */
  closed(): string[] {
    return [...this.#gates.values()].filter(({ isClosed }) => isClosed).map(({ server }) => server);
  }
}

/** That of one name. Events begin in the order in which they came. */
export class Gate {
  readonly server: string;
  readonly #options: GatesOptions;
  readonly #unused: () => void;
  #held: { one: Held; endMs: number }[] = [];
  #going = 0;
  #timer: NodeJS.Timeout | undefined;
  #isReleasing = false;
  #isToldClosed = false;
  users = 0;

  constructor(server: string, options: GatesOptions, unused: () => void) {
    this.server = server;
    this.#options = options;
    this.#unused = unused;
  }

  /** Events wait, and go on only when the server acknowledges. */
  get isClosed(): boolean {
    return this.#held.length > 0 && this.#options.allowanceOf(this.server) === 0;
  }

  /** An event comes. @returns whether it may begin, which counts it */
  begin(): boolean {
    if (this.#held.length > 0 || this.#going >= this.#options.allowanceOf(this.server)) return false;
    this.#going += 1;
    return true;
  }

  /** One that may not begin waits. */
  hold(one: Held): void {
    const limitMs = this.#options.limitMs();
    this.#held.push({ one, endMs: this.#options.now() + limitMs });
    this.#timer ??= setTimeout(() => this.#expire(), limitMs).unref();
    this.#tell();
  }

  /** One that has begun has come to its end. */
  end(): void {
    this.#going -= 1;
    this.release();
    this.#check();
  }

  /** Lets those begin that may. */
  release(): void {
    // An event that begins may end at once.
    if (this.#isReleasing) return;
    this.#isReleasing = true;
    while (this.#held.length > 0 && this.#going < this.#options.allowanceOf(this.server)) {
      this.#going += 1;
      this.#held.shift()?.one.begin();
    }
    this.#isReleasing = false;
    this.#tell();
  }

  /** A connection goes, and what waits of it. */
  leave(owner: object): void {
    const own = this.#held.filter(({ one }) => one.owner === owner);
    this.#held = this.#held.filter(({ one }) => one.owner !== owner);
    for (const { one } of own) one.refuse();
    this.users -= 1;
    this.#check();
  }

  /** Once, until nothing waits any more. */
  #tell(): void {
    if (this.#held.length === 0) this.#isToldClosed = false;
    else if (!this.#isToldClosed && this.isClosed) {
      this.#isToldClosed = true;
      this.#options.closed(this.server);
    }
  }

  #expire(): void {
    this.#timer = undefined;
    const nowMs = this.#options.now();
    while (this.#held[0] && this.#held[0].endMs <= nowMs) this.#held.shift()?.one.refuse();
    const next = this.#held[0];
    if (next) this.#timer = setTimeout(() => this.#expire(), Math.ceil(next.endMs - nowMs)).unref();
  }

  #check(): void {
    if (this.users > 0 || this.#going > 0) return;
    clearTimeout(this.#timer);
    this.#unused();
  }
}
