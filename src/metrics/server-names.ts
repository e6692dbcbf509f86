/**
 * Bounds how many names of servers there are in metrics. A server says itself what it is called, and each name is a time series that
 * Prometheus keeps.
 */

import type { ServerStatus } from '../supervisor/types.js';

/** No server can be called so. */
export const OTHERS = '(others)';

/** The first names that come have values of their own for as long as the core runs. The rest share one. */
export class ServerNames {
  readonly #most: number;
  readonly #known = new Set<string>();

  constructor(most = 64) {
    this.#most = most;
  }

  /** Those servers, with at most so many names. */
  bound(servers: readonly ServerStatus[]): ServerStatus[] {
    const own: ServerStatus[] = [];
    let others: ServerStatus | null = null;
    for (const server of servers) {
      if (this.has(server.name)) own.push(server);
      else others = others === null ? { ...server, name: OTHERS } : addUp(others, server);
    }
    return others === null ? own : [...own, others];
  }

  /** Whether a name has values of its own. */
  has(name: string): boolean {
    if (!this.#known.has(name) && this.#known.size < this.#most) this.#known.add(name);
    return this.#known.has(name);
  }
}

function addUp(one: ServerStatus, other: ServerStatus): ServerStatus {
  return {
    name: one.name,
    connections: one.connections + other.connections,
    takesSends: one.takesSends || other.takesSends,
    inProgress: one.inProgress + other.inProgress,
    unacknowledged: one.unacknowledged + other.unacknowledged,
  };
}
