/** How much waits for each named server, and how many events it may therefore have in progress. Pure. */

import type { SendLimits } from './fullness.js';

/** What waits for one server is at most this share of what is free: a quarter of all for one alone. */
const OF_FREE = 1 / 3;
/** But at least this share of all, even if others have much. */
const OF_ALL = 1 / 16;
/** How many bytes an event is assumed to cause; it is not known before. */
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

  /** The size of one has changed. */
  resize({ server }: Bound, bytes: number): void {
    const share = server === null ? undefined : this.#shares.get(server);
    if (share) share.bytes += bytes;
  }

  /** How many events of a server may be in progress. 0: too much already waits for it. */
  allowanceOf(server: string): number {
    const share = this.#shares.get(server);
    return Math.min(this.#allow('messages', share), this.#allow('bytes', share));
  }

  #allow(what: keyof SendLimits, share: SendLimits | undefined): number {
    const max = this.#total.limits[what];
    const most = Math.max(max * OF_ALL, (max - this.#total[what]) * OF_FREE);
    const has = share?.[what] ?? 0;
    // A server without waiting messages may always have one event in progress.
    return has > 0 && has >= most ? 0 : Math.max(1, (most - has) / EVENT[what]);
  }
}
