/**
 * Where events come in, and where their outcomes leave. A conversation keeps its order from here to the caller, even while the
 * chain changes. An event takes a new route only when all earlier events of its conversation have left the old one.
 */

import { performance } from 'node:perf_hooks';
import { Lines, Place } from './lines.js';

/** An event, from when it comes in until `go` tells its outcome. */
export abstract class Visit<Route extends object = object> extends Place {
  /** The route that it has taken; `null`: it waits to go in. */
  route: Route | null = null;
  /** A route of its own; `null`: it takes the route of the entrance. */
  ownRoute: Route | null = null;
  /** Called when it may go in; set while it waits. */
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

  /** Lets an event in: now, or once the earlier events of its conversation have left another route. */
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

  /** It has its outcome. The outcome is told after those of the earlier events in its conversation. */
  leave(visit: Visit<Route>, nowMs: number): void {
    this.#lines.leave(visit, nowMs);
  }

  /** Lets the first waiting event in, but not in this turn: the caller, who told an outcome, is not done yet. */
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
