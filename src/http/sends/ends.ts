/** What servers said about finished sends. Pure. */

/** What a server said of a send. `failed`: it has acknowledged it, and said later that it cannot deliver it. */
export type SendEnd = 'acknowledged' | 'refused' | 'failed';

/** The latest ends of recently active servers. They stay when the stream of a server has gone. */
export class SendEnds {
  readonly #mostServers: number;
  readonly #mostSends: number;
  readonly #all = new Map<string, Map<string, SendEnd>>();

  /** @param mostSends - of each server */
  constructor(mostServers: number, mostSends: number) {
    this.#mostServers = mostServers;
    this.#mostSends = mostSends;
  }

  /** `null`: the server said nothing, or it is not remembered. */
  of(server: string, sentId: string): SendEnd | null {
    return this.#all.get(server)?.get(sentId) ?? null;
  }

  put(server: string, sentId: string, end: SendEnd): void {
    const ends = this.#all.get(server) ?? new Map<string, SendEnd>();
    this.#all.delete(server);
    this.#all.set(server, ends);
    ends.delete(sentId);
    ends.set(sentId, end);
    dropOldest(this.#all, this.#mostServers);
    dropOldest(ends, this.#mostSends);
  }
}

function dropOldest(map: Map<string, unknown>, most: number): void {
  if (map.size <= most) return;
  for (const [oldest] of map) {
    map.delete(oldest);
    return;
  }
}
