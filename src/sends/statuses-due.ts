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
/** A module that is down is tried again after that, by one status, and then after twice as long each time. */
const DOWN_MS = { first: 500, most: 5000 };

/** What it asks of those who use it. */
export interface StatusesDueOptions {
  supervisor(): SendsSupervisor | null;
  /** The module has had the status of one, or cannot have it. */
  done(entry: Entry): void;
}

/** What one module shall have. */
interface Line {
  /** In the order in which they came; those before `at` have left. */
  waiting: Entry[];
  at: number;
  underway: number;
  /** It could not be told these: they come first again. */
  again: Entry[];
  /** The module was down, and is not tried before that. */
  pause: NodeJS.Timeout | undefined;
  /** How long the next pause is; 0: it was not down. */
  pauseMs: number;
}

/**
 * They wait until their modules have had them, however long these are down; until then the messages stay in the store. So they
 * are bounded by what may wait.
 */
export class StatusesDue {
  readonly #options: StatusesDueOptions;
  readonly #lines = new Map<string, Line>();
  #underway = 0;
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: StatusesDueOptions) {
    this.#options = options;
  }

  /** @param entry - with the status in `dueStatus` */
  add(entry: Entry): void {
    let line = this.#lines.get(entry.module);
    if (!line) {
      line = { waiting: [], at: 0, underway: 0, again: [], pause: undefined, pauseMs: 0 };
      this.#lines.set(entry.module, line);
    }
    line.waiting.push(entry);
  }

  /** Tells modules, as far as there is room. */
  work(): void {
    for (const line of this.#lines.values()) this.#workOn(line);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    for (const { pause } of this.#lines.values()) clearTimeout(pause);
  }

  #workOn(line: Line): void {
    const supervisor = this.#options.supervisor();
    if (supervisor === null || this.#isClosed || this.#retry !== undefined || line.pause !== undefined) return;
    // A module that was down is tried by one.
    const most = line.pauseMs > 0 ? 1 : MAX_UNDERWAY;
    while (line.at < line.waiting.length && line.underway < most && this.#underway < MAX_UNDERWAY) {
      this.#tell(supervisor, line, line.waiting[line.at++] as Entry);
    }
  }

  #tell(supervisor: SendsSupervisor, line: Line, entry: Entry): void {
    line.underway += 1;
    this.#underway += 1;
    const { sentId, params, dueStatus, server, cause } = entry;
    // What the module sends because of it is for the same server.
    const origin = server === null ? {} : { origin: { server, eventId: null, hops: cause?.hops ?? 0 } };
    supervisor.recallSent?.(sentId, params);
    supervisor.onMessageStatus(fromWireParams(params), dueStatus as number, { sentId, ...origin }).then(
      (decision) => this.#told(line, entry, decision),
      (error: SupervisorError) => this.#refused(line, entry, error),
    );
  }

  #told(line: Line, entry: Entry, decision: Decision): void {
    if (hasHeard(decision)) {
      line.pauseMs = 0;
      this.#back(line, entry, true);
    } else {
      this.#pause(line);
      this.#back(line, entry, false);
    }
  }

  #refused(line: Line, entry: Entry, { code }: SupervisorError): void {
    // Of a module that is configured no more nobody is to be told.
    const isDone = code !== 'ILLEGAL_STATE';
    if (!isDone && !this.#isClosed) {
      this.#retry ??= setTimeout(() => {
        this.#retry = undefined;
        this.work();
      }, RETRY_MS).unref();
    }
    this.#back(line, entry, isDone);
  }

  #back(line: Line, entry: Entry, isDone: boolean): void {
    line.underway -= 1;
    this.#underway -= 1;
    if (this.#isClosed) return;
    if (isDone) this.#options.done(entry);
    else line.again.push(entry);
    if (line.underway === 0) this.#tidy(entry.module, line);
    this.work();
  }

  /** Nothing of it is with its module: what has to go there again comes first, in its order. */
  #tidy(module: string, line: Line): void {
    if (line.again.length > 0 || line.at === line.waiting.length) {
      line.waiting = [...line.again, ...line.waiting.slice(line.at)];
      line.at = 0;
      line.again = [];
    }
    if (line.waiting.length === 0 && line.pause === undefined) this.#lines.delete(module);
  }

  #pause(line: Line): void {
    if (line.pause !== undefined || this.#isClosed) return;
    line.pauseMs = line.pauseMs === 0 ? DOWN_MS.first : Math.min(DOWN_MS.most, line.pauseMs * 2);
    line.pause = setTimeout(() => {
      line.pause = undefined;
      this.work();
    }, line.pauseMs).unref();
  }
}

/** Whether the module was there to hear it. */
function hasHeard({ trace }: Decision): boolean {
  return !trace.some((entry) => entry.default === 'down' || entry.default === 'overload');
}
