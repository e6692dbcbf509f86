/** How much waits for each server by its name, and how many events it may have in progress because of that: pure. */

import type { SendLimits } from './fullness.js';

/** What waits for one server is at most this share of what is free: a quarter of all for one alone. */
const OF_FREE = 1 / 3;
/** It is so much of all in any case, whatever others have. */
const OF_ALL = 1 / 16;
/** What an event may cause is not known before: it is taken for this. */
const EVENT = { messages: 16, bytes: 16 * 1024 };

/** All that waits, whoever it is for. */
export interface Total extends SendLimits {
  readonly limits: SendLimits;
}

/** What may wait for a server. */
export interface Bound {
  /** `null`: it is for any. */
  readonly server: string | null;
  readonly bytes: number;
}

/** Counts what waits for servers. */
export class ServerShares {
  readonly #total: Total;
  readonly #shares = new Map<string, SendLimits>();

  constructor(total: Total) {
    this.#total = total;
  }

  add({ server, bytes }: Bound): void {
    if (server === null) return;
    const share = this.#shares.get(server);
    if (share) {
      share.messages += 1;
      share.bytes += bytes;
    } else this.#shares.set(server, { messages: 1, bytes });
  }

  remove({ server, bytes }: Bound): void {
    const share = server === null ? undefined : this.#shares.get(server);
    if (!share) return;
    share.messages -= 1;
    share.bytes -= bytes;
    if (share.messages === 0) this.#shares.delete(server as string);
  }

  /** One has another size now. */
  resize({ server }: Bound, bytes: number): void {
    const share = server === null ? undefined : this.#shares.get(server);
    if (share) share.bytes += bytes;
  }

  /** So many events of a server may be in progress. 0: too much waits for it already. */
  allowanceOf(server: string): number {
    const share = this.#shares.get(server);
    return Math.min(this.#allow('messages', share), this.#allow('bytes', share));
  }

  #allow(what: keyof SendLimits, share: SendLimits | undefined): number {
    const max = this.#total.limits[what];
    const most = Math.max(max * OF_ALL, (max - this.#total[what]) * OF_FREE);
    const has = share?.[what] ?? 0;
    // One event is taken in any case of a server that nothing waits for.
    return has > 0 && has >= most ? 0 : Math.max(1, (most - has) / EVENT[what]);
  }
}
