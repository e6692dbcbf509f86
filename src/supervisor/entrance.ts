/**
 * Where events come in, and where their outcomes leave. The order of a conversation holds from here to the caller, also
 * while the chain changes: an event takes another route only when all before it in its conversation have left theirs.
 */

import { Lines, Place } from './calls/lines.js';

/** What begins when an event may go in. `leave` is called once, with what tells the outcome. */
export type Begin = (leave: (tell: () => void) => void) => void;

/** An event from its coming in until its outcome is told. */
class Visit extends Place {
  /** The route that it has taken; `null`: it waits to go in. */
  route: unknown = null;
  readonly begin: () => void;
  readonly #open: (first: Visit) => void;

  constructor(conversation: string, begin: (visit: Visit) => void, open: (first: Visit) => void) {
    super(conversation);
    this.begin = () => begin(this);
    this.#open = open;
  }

  override becameFirst(): void {
    if (this.route === null) this.#open(this);
  }
}

/** One door for all conversations. */
export class Entrance {
  readonly #lines = new Lines();
  readonly #route: () => object;

  /** @param route the one that is taken by who goes in now; another object is another route */
  constructor(route: () => object) {
    this.#route = route;
  }

  /** Lets an event in: now, or when those before it in its conversation have left another route. */
  enter(conversation: string, begin: Begin): void {
    const open = (first: Visit) => queueMicrotask(() => this.#letIn(first));
    const start = (visit: Visit) => begin((tell) => this.#lines.leave(visit, tell));
    const visit = this.#lines.join(new Visit(conversation, start, open));
    const before = visit.before as Visit | null;
    if (before === null || before.route === this.#route()) this.#begin(visit);
  }

  /** Later than what made it the first: whoever told an outcome is in the middle of something. */
  #letIn(first: Visit): void {
    for (let next: Visit | null = first; next !== null && next.route === null; next = next.after as Visit | null) {
      this.#begin(next);
    }
  }

  #begin(visit: Visit): void {
    visit.route = this.#route();
    visit.begin();
  }
}
