/** What becomes of the spare hosts of the cores in this process. */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';

/** As the product publishes it. */
export interface SpareNews {
  kind: 'waits' | 'taken' | 'ends';
  pid: number;
  reason: string | null;
}

const CHANNEL = 'mesibo-modules:spare-host';

/** Listens from its making until it is closed. */
export class SpareWatch {
  readonly news: SpareNews[] = [];
  /** Called when a spare is taken, before the core has told it anything. */
  onTaken: (pid: number) => void = () => undefined;
  #waiting: { holds: () => boolean; done: () => void }[] = [];
  readonly #note = (message: unknown) => {
    const news = message as SpareNews;
    this.news.push(news);
    if (news.kind === 'taken') this.onTaken(news.pid);
    const held = this.#waiting.filter(({ holds }) => holds());
    this.#waiting = this.#waiting.filter((entry) => !held.includes(entry));
    for (const { done } of held) done();
  };

  constructor() {
    subscribe(CHANNEL, this.#note);
  }

  /** The pids of those that wait now. */
  get waiting(): number[] {
    const last = new Map(this.news.map(({ pid, kind }) => [pid, kind]));
    return [...last].filter(([, kind]) => kind === 'waits').map(([pid]) => pid);
  }

  /** Resolves with the pids when so many wait. */
  async waitingOf(count: number): Promise<number[]> {
    await this.until(() => this.waiting.length === count);
    return this.waiting;
  }

  /** The pid of the only one, once it waits. */
  async one(): Promise<number> {
    return (await this.waitingOf(1))[0] as number;
  }

  /** Why it ends, once that has been told. */
  async endOf(pid: number): Promise<string | null> {
    const find = () => this.news.find((news) => news.pid === pid && news.kind === 'ends');
    await this.until(() => find() !== undefined);
    return (find() as SpareNews).reason;
  }

  /** Resolves when the condition holds; it is checked whenever something is published. */
  until(holds: () => boolean): Promise<void> {
    return new Promise((done) => {
      if (holds()) done();
      else this.#waiting.push({ holds, done });
    });
  }

  close(): void {
    unsubscribe(CHANNEL, this.#note);
  }
}
