/**
 * Where events come in, and where their outcomes leave. The order of a conversation holds from here to the caller, also
 * while the chain changes: an event takes another route only when all before it in its conversation have left theirs.
 */

import { performance } from 'node:perf_hooks';
import { Lines, Place } from './lines.js';

/** An event from its coming in until its outcome is told, which is what `go` does. */
export abstract class Visit<Route extends object = object> extends Place {
  /** The route that it has taken; `null`: it waits to go in. */
  route: Route | null = null;
  /** The route that it takes whatever that of others is; `null`: that of the entrance. */
  ownRoute: Route | null = null;
  /** Who is told that it may go in; known while it waits. */
  entrance: Entrance<Route> | null = null;

  /** It goes in. */
  abstract begin(route: Route, nowMs: number): void;

  override becameFirst(): void {
    if (this.route === null) this.entrance?.open(this);
  }
}

/** One door for all conversations. */
export class Entrance<Route extends object> {
  readonly #lines = new Lines();
  readonly #route: () => Route;

  /** @param route the one that is taken by who goes in now; another object is another route */
  constructor(route: () => Route) {
    this.#route = route;
  }

  /** Lets an event in: now, or when those before it in its conversation have left another route. */
  enter(visit: Visit<Route>, nowMs: number): void {
    this.#lines.join(visit);
    const before = visit.before as Visit<Route> | null;
    const route = visit.ownRoute ?? this.#route();
    if (before === null || before.route === route) {
      visit.route = route;
      visit.begin(route, nowMs);
    } else {
      visit.entrance = this;
    }
  }

  /** It has its outcome, which is told when those before it in its conversation have been told theirs. */
  leave(visit: Visit<Route>, nowMs: number): void {
    this.#lines.leave(visit, nowMs);
  }

  /** Lets in who has become the first of those who wait, later: whoever told an outcome is in the middle of something. */
  open(first: Visit<Route>): void {
    queueMicrotask(() => this.#letIn(first));
  }

  #letIn(first: Visit<Route>): void {
    const nowMs = performance.now();
    for (
      let next: Visit<Route> | null = first;
      next !== null && next.route === null;
      next = next.after as Visit<Route> | null
    ) {
      const route: Route = next.ownRoute ?? this.#route();
      const before = next.before as Visit<Route> | null;
      if (before !== null && before.route !== route) return;
      next.route = route;
      next.begin(route, nowMs);
    }
  }
}
