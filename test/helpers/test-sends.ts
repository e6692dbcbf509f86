/** Sends that a test gives, and the answers of servers to them. */

import type { Attachment, Send, SendSource, SendsSupervisor, SendTaker, StatusOfSend } from '../../src/sends/types.js';

/** Keeps nothing; gives the sends of the test to every taker, within its window. */
export class TestSends implements SendSource {
  readonly acknowledged: string[] = [];
  readonly refused: string[] = [];
  readonly expired: string[] = [];
  /** How long each may still wait; the test sets it. */
  leftMs = Number.POSITIVE_INFINITY;
  readonly takers: SendTaker[] = [];
  /** Takes statuses; the test sets it. */
  tell: SendsSupervisor['tellSender'] = () => Promise.resolve(true);
  #waiting: Send[] = [];
  readonly #given = new Map<SendTaker, Map<string, Send>>();

  /** What nobody has acknowledged. */
  get waiting(): string[] {
    return [...this.#waiting, ...[...this.#given.values()].flatMap((given) => [...given.values()])].map(
      (s) => s.sentId,
    );
  }

  /** A module sent something. */
  send(send: Partial<Send> & { sentId: string }): void {
    this.#waiting.push({ module: 'm', cause: null, params: {}, payload: Buffer.from('hello'), ...send });
    this.#deliver();
  }

  attach(taker: SendTaker): Attachment {
    const given = new Map<string, Send>();
    this.#given.set(taker, given);
    this.takers.push(taker);
    const settle = (list: string[]) => (sentId: string) => {
      if (!given.delete(sentId)) return false;
      list.push(sentId);
      this.#deliver();
      return true;
    };
    queueMicrotask(() => this.#deliver());
    return {
      acknowledge: settle(this.acknowledged),
      refuse: settle(this.refused),
      expire: (sentId) => {
        if (!given.has(sentId)) return 0;
        if (this.leftMs === 0) settle(this.expired)(sentId);
        return this.leftMs;
      },
      detach: () => {
        this.#given.delete(taker);
        this.takers.splice(this.takers.indexOf(taker), 1);
        this.#waiting = [...given.values(), ...this.#waiting];
        this.#deliver();
      },
    };
  }

  /** What a server waits for before its first event; the test sets it. */
  storing: Promise<void> | null = null;

  remember(): Promise<void> | null {
    return this.storing;
  }

  /** How many events of a server may be in progress; the test sets it before the server may have any. */
  allowance = Number.POSITIVE_INFINITY;
  #roomAgain: (() => void)[] = [];

  allowanceOf(): number {
    return this.allowance;
  }

  onRoom(told: () => void): void {
    this.#roomAgain.push(told);
  }

  /** There is room for events of servers again. */
  hasRoom(): void {
    this.allowance = Number.POSITIVE_INFINITY;
    for (const told of this.#roomAgain) told();
  }

  async status({ sentId, status, params, server }: StatusOfSend): Promise<void> {
    await this.tell(params, status, { sentId, origin: { server, eventId: null, hops: 0 } });
  }

  #deliver(): void {
    for (const [taker, given] of this.#given) {
      while (this.#waiting.length > 0 && given.size < taker.window) {
        const send = this.#waiting.shift() as Send;
        given.set(send.sentId, send);
        taker.deliver(send);
      }
    }
  }
}
