/**
 * Bounds the number of server names in metrics. A server chooses its own name, and Prometheus keeps a time series for each.
 */

import { performance } from 'node:perf_hooks';
import type { ServerStatus } from '../supervisor/types.js';

/** No server can be called so. */
export const OTHERS = '(others)';

/** A name that no server has had for so long gives its place to another one. */
const KEPT_MS = 3_600_000;

/** The first names that come have values of their own. The rest share one, until a place is free. */
export class ServerNames {
  readonly #most: number;
  readonly #now: () => number;
  /** When each was seen last; the one that was not seen for longest is first. */
  readonly #known = new Map<string, number>();

  constructor(most = 64, now = () => performance.now()) {
    this.#most = most;
    this.#now = now;
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
    const nowMs = this.#now();
    if (!this.#known.delete(name) && !this.#hasRoom(nowMs)) return false;
    this.#known.set(name, nowMs);
    return true;
  }

  #hasRoom(nowMs: number): boolean {
    for (const [name, seenMs] of this.#known) {
      if (nowMs - seenMs <= KEPT_MS) break;
      this.#known.delete(name);
    }
    return this.#known.size < this.#most;
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
