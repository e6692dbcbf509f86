/** Who may use which connection. */

import { Connection, type Route } from './connection.js';

/** Connections to one place at a time. When all are in use, a new request waits for its turn. */
export const MOST_CONNECTIONS = 64;
/** Idle ones that are kept, of all places together. */
const MOST_IDLE = 128;

/** A connection that nobody else uses until it is given back. */
export interface Lease {
  connection: Connection;
  /** @param reusable the exchange ended as it should. To be called once. */
  giveBack(reusable: boolean): void;
}

interface Place {
  route: Route;
  used: number;
  idle: Connection[];
  /** In the order in which they came. */
  waiting: Set<(lease: Lease) => void>;
}

/** Connections, by where they lead. */
export class Pool {
  readonly #places = new Map<string, Place>();
  #idle = 0;

  /**
   * Asks for a connection; `ready` is called when there is one, perhaps before this returns.
   *
   * @returns a function that ends the waiting
   */
  take(route: Route, ready: (lease: Lease) => void): () => void {
    const place = this.#places.get(route.key) ?? { route, used: 0, idle: [], waiting: new Set() };
    this.#places.set(route.key, place);
    place.waiting.add(ready);
    this.#serve(place);
    return () => {
      place.waiting.delete(ready);
    };
  }

  #serve(place: Place): void {
    for (const ready of place.waiting) {
      if (place.used >= MOST_CONNECTIONS) break;
      place.waiting.delete(ready);
      ready(this.#lease(place));
    }
    if (place.used + place.idle.length + place.waiting.size === 0) this.#places.delete(place.route.key);
  }

  #lease(place: Place): Lease {
    const connection = this.#reuse(place) ?? new Connection(place.route, () => this.#forget(place, connection));
    place.used += 1;
    return {
      connection,
      giveBack: (reusable) => {
        place.used -= 1;
        if (reusable && this.#idle < MOST_IDLE) {
          place.idle.push(connection);
          this.#idle += 1;
        } else {
          connection.destroy();
        }
        this.#serve(place);
      },
    };
  }

  #reuse(place: Place): Connection | undefined {
    const connection = place.idle.pop();
    if (connection !== undefined) this.#idle -= 1;
    return connection;
  }

  /** A server has closed a connection. If it is in use, it opens again by itself. */
  #forget(place: Place, connection: Connection): void {
    const at = place.idle.indexOf(connection);
    if (at === -1) return;
    place.idle.splice(at, 1);
    this.#idle -= 1;
    connection.destroy();
    this.#serve(place);
  }
}
