/** Statuses that modules shall have of what they sent. */

import { fromWireParams } from '../wire/params.js';
import type { Entry } from './queue/entry.js';
import type { SendsSupervisor } from './types.js';

/** So many are with modules at a time: their queues are not made for tens of thousands. */
const MAX_UNDERWAY = 64;
/** A supervisor that takes none now is asked again after that. */
const RETRY_MS = 250;

/** What it asks of those who use it. */
export interface StatusesDueOptions {
  supervisor(): SendsSupervisor | null;
  /** The module has had the status of one. */
  done(entry: Entry): void;
}

/** They wait until a supervisor takes them; until then the messages stay in the store. */
export class StatusesDue {
  readonly #options: StatusesDueOptions;
  #waiting: { entry: Entry; status: number }[] = [];
  /** Of those that wait, the first one. */
  #at = 0;
  #underway = 0;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: StatusesDueOptions) {
    this.#options = options;
  }

  add(entry: Entry, status: number): void {
    this.#waiting.push({ entry, status });
  }

  /** Tells modules, as far as there is room. */
  work(): void {
    const supervisor = this.#options.supervisor();
    if (supervisor === null || this.#isClosed || this.#retry !== undefined) return;
    while (this.#at < this.#waiting.length && this.#underway < MAX_UNDERWAY) {
      const due = this.#waiting[this.#at++];
      if (due) this.#tell(supervisor, due.entry, due.status);
    }
    if (this.#at < this.#waiting.length) return;
    this.#waiting = [];
    this.#at = 0;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
  }

  #tell(supervisor: SendsSupervisor, entry: Entry, status: number): void {
    this.#underway += 1;
    const { sentId, params } = entry;
    supervisor.recallSent?.(sentId, params);
    supervisor.onMessageStatus(fromWireParams(params), status, { sentId }).then(
      () => this.#told(entry),
      (error: Error & { code?: string }) => {
        // Of a module that is configured no more nobody is to be told.
        if (error.code !== 'ILLEGAL_STATE') this.#told(entry);
        else this.#later(entry, status);
      },
    );
  }

  #told(entry: Entry): void {
    this.#underway -= 1;
    if (this.#isClosed) return;
    this.#options.done(entry);
    this.work();
  }

  #later(entry: Entry, status: number): void {
    this.#underway -= 1;
    this.add(entry, status);
    if (this.#isClosed) return;
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.work();
    }, RETRY_MS).unref();
  }
}
