/** Statuses that modules shall have of what they sent. */

import type { SupervisorError } from '../errors.js';
import type { Decision } from '../supervisor/types.js';
import { fromWireParams } from '../wire/params.js';
import type { Entry } from './queue/entry.js';
import type { SendsSupervisor } from './types.js';

/** So many are with modules at a time: their queues are not made for tens of thousands. */
const MAX_UNDERWAY = 64;
/** A supervisor that takes none now is asked again after that. */
const RETRY_MS = 250;
/** A module that is down is tried again so often, at these distances. It may be one that is never started again. */
const DOWN = { tries: 20, retryMs: 1000 } as const;

/** What it asks of those who use it. */
export interface StatusesDueOptions {
  supervisor(): SendsSupervisor | null;
  /** The module has had the status of one, or cannot have it. */
  done(entry: Entry): void;
}

interface Due {
  entry: Entry;
  status: number;
  tries: number;
}

/** They wait until a supervisor takes them; until then the messages stay in the store. */
export class StatusesDue {
  readonly #options: StatusesDueOptions;
  #waiting: Due[] = [];
  /** Of those that wait, the first one. */
  #at = 0;
  /** Their modules were down. */
  #again: Due[] = [];
  #underway = 0;
  #retry: NodeJS.Timeout | undefined;
  #retryAgain: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: StatusesDueOptions) {
    this.#options = options;
  }

  add(entry: Entry, status: number): void {
    this.#waiting.push({ entry, status, tries: 0 });
  }

  /** Tells modules, as far as there is room. */
  work(): void {
    const supervisor = this.#options.supervisor();
    if (supervisor === null || this.#isClosed || this.#retry !== undefined) return;
    while (this.#at < this.#waiting.length && this.#underway < MAX_UNDERWAY) {
      const due = this.#waiting[this.#at++];
      if (due) this.#tell(supervisor, due);
    }
    if (this.#at < this.#waiting.length) return;
    this.#waiting = [];
    this.#at = 0;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    clearTimeout(this.#retryAgain);
  }

  #tell(supervisor: SendsSupervisor, due: Due): void {
    this.#underway += 1;
    const { sentId, params } = due.entry;
    supervisor.recallSent?.(sentId, params);
    supervisor.onMessageStatus(fromWireParams(params), due.status, { sentId }).then(
      (decision) => this.#told(due, decision),
      (error: SupervisorError) => this.#refused(due, error),
    );
  }

  #told(due: Due, decision: Decision): void {
    this.#underway -= 1;
    if (this.#isClosed) return;
    due.tries += 1;
    if (hasHeard(decision) || due.tries >= DOWN.tries) this.#options.done(due.entry);
    else this.#tryAgain(due);
    this.work();
  }

  #tryAgain(due: Due): void {
    this.#again.push(due);
    this.#retryAgain ??= setTimeout(() => {
      this.#retryAgain = undefined;
      this.#waiting.push(...this.#again.splice(0));
      this.work();
    }, DOWN.retryMs).unref();
  }

  #refused(due: Due, { code }: SupervisorError): void {
    this.#underway -= 1;
    if (this.#isClosed) return;
    // Of a module that is configured no more nobody is to be told.
    if (code !== 'ILLEGAL_STATE') {
      this.#options.done(due.entry);
      return;
    }
    this.#waiting.push(due);
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.work();
    }, RETRY_MS).unref();
  }
}

/** Whether the module was there to hear it. */
function hasHeard({ trace }: Decision): boolean {
  return !trace.some((entry) => entry.default === 'down' || entry.default === 'overload');
}
