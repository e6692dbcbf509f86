/** Counts the events in progress of all connections, so that no server can use all capacity of the modules. */

import type { GatewayLimits } from './limits.js';

/** Events in progress of one connection. */
export interface Share {
  events: number;
  bytes: number;
  /** Called once when there is room again, after there was none. */
  roomAgain(): void;
}

/** Shared by all connections. */
export class Load {
  readonly #limits: GatewayLimits;
  readonly #shares = new Set<Share>();
  readonly #waiting = new Set<Share>();
  #events = 0;
  #bytes = 0;

  constructor(limits: GatewayLimits) {
    this.#limits = limits;
  }

  /** Lets a connection in. */
  enter(share: Share): void {
    this.#shares.add(share);
  }

  /** It is gone; what it has in progress still counts until that comes to its end. */
  leave(share: Share): void {
    this.#shares.delete(share);
    this.#waiting.delete(share);
  }

  /** Whether a connection may have another event in progress. */
  hasRoom(share: Share): boolean {
    const { window, progressBytes } = this.#limits;
    if (share.events >= window || share.bytes >= progressBytes) return false;
    if (this.#isWithinAll(share)) return true;
    this.#waiting.add(share);
    return false;
  }

  /** An event begins. */
  begin(share: Share, bytes: number): void {
    share.events += 1;
    share.bytes += bytes;
    this.#events += 1;
    this.#bytes += bytes;
  }

  /** It has ended. */
  end(share: Share, bytes: number): void {
    share.events -= 1;
    share.bytes -= bytes;
    this.#events -= 1;
    this.#bytes -= bytes;
    if (this.#waiting.size === 0) return;
    for (const waiting of this.#waiting) {
      if (!this.#isWithinAll(waiting)) continue;
      this.#waiting.delete(waiting);
      waiting.roomAgain();
    }
  }

  /** There is room for all, or it has less than its equal share. */
  #isWithinAll(share: Share): boolean {
    const { allEvents, allProgressBytes } = this.#limits;
    const count = Math.max(1, this.#shares.size);
    const events = this.#events < allEvents || share.events < Math.max(1, allEvents / count);
    const bytes = this.#bytes < allProgressBytes || share.bytes < Math.max(1, allProgressBytes / count);
    return events && bytes;
  }
}
