/** Statuses that modules are to get for what they sent. */

import type { SupervisorError } from '../errors.js';
import type { MessageParamsInput, Origin } from '../supervisor/types.js';
import { exactOf, type WireParams } from '../wire/params.js';
import type { SendsSupervisor } from './types.js';

/**
 * How many are with a module at a time. They are given together, and the next ones when all are answered. So each arrives
 * before the later ones, and the last one waits for few.
 */
const MOST_AT_A_TIME = 4;
/** When a supervisor that takes none now is asked again. */
const RETRY_MS = 250;
/** A module that takes none is tried again after this, with one status, and then after twice as long each time. */
const DOWN_MS = { first: 500, most: 5000 };
/** After this many have left in a row, the list is cut if they are most of it. */
const CUT_AT = 1024;

/** One status. */
export interface DueStatus {
  readonly module: string;
  readonly sentId: string;
  readonly dueStatus: number | null;
  /** What the module sends because of it is for this server; `null`: for any. */
  readonly server: string | null;
  readonly cause: Origin | null;
  /** As the module sent the message. */
  readonly params?: WireParams;
  /** What somebody gave with the status instead: the rest is as the supervisor remembers it. */
  readonly given?: MessageParamsInput;
}

/** What it asks of those who use it. */
export interface StatusesDueOptions<T extends DueStatus> {
  supervisor(): SendsSupervisor | null;
  /** The module has had the status of one, or cannot have it. */
  done(due: T): void;
}

/** What one module shall have. */
interface Line<T> {
  /** In the order in which they came; those before `at` have left. */
  waiting: (T | null)[];
  at: number;
  /** The first ones are with the module. */
  isTelling: boolean;
  /** The module took none, and is not tried before this time. */
  pause: NodeJS.Timeout | undefined;
  /** How long the next pause is; 0: the module takes them. */
  pauseMs: number;
}

/**
 * Statuses wait until their modules have got them, no matter how long these are down or busy. The keeper of the messages bounds
 * their number. No module waits for another one.
 */
export class StatusesDue<T extends DueStatus> {
  readonly #options: StatusesDueOptions<T>;
  readonly #lines = new Map<string, Line<T>>();
  #retry: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(options: StatusesDueOptions<T>) {
    this.#options = options;
  }

  /** Whether something waits for a module. */
  has(module: string): boolean {
    return this.#lines.has(module);
  }

  /** @param due - with the status in `dueStatus` */
  add(due: T): void {
    let line = this.#lines.get(due.module);
    if (!line) {
      line = { waiting: [], at: 0, isTelling: false, pause: undefined, pauseMs: 0 };
      this.#lines.set(due.module, line);
    }
    line.waiting.push(due);
  }

  /** Tells modules, as far as there is room. */
  work(): void {
    for (const [module, line] of this.#lines) this.#workOn(module, line);
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#retry);
    for (const { pause } of this.#lines.values()) clearTimeout(pause);
  }

  #workOn(module: string, line: Line<T>): void {
    const supervisor = this.#options.supervisor();
    if (supervisor === null || this.#isClosed || this.#retry !== undefined) return;
    if (line.isTelling || line.pause !== undefined) return;
    if (line.at === line.waiting.length) this.#lines.delete(module);
    else void this.#tellSome(supervisor, module, line);
  }

  async #tellSome(supervisor: SendsSupervisor, module: string, line: Line<T>): Promise<void> {
    // A module that heard none is tried by one.
    const some = line.waiting.slice(line.at, line.at + (line.pauseMs > 0 ? 1 : MOST_AT_A_TIME)) as T[];
    line.isTelling = true;
    const heard = await Promise.all(some.map((due) => this.#tell(supervisor, due)));
    line.isTelling = false;
    if (this.#isClosed) return;
    const left = some.filter((_, i) => !heard[i]);
    this.#advance(line, some.length, left);
    if (left.length < some.length) line.pauseMs = 0;
    else if (this.#retry === undefined) this.#pause(module, line);
    this.#workOn(module, line);
  }

  /** Those that are left of the first ones come first again. */
  #advance(line: Line<T>, count: number, left: T[]): void {
    const { waiting, at } = line;
    line.at = at + count - left.length;
    for (let i = 0; i < count; i++) waiting[at + i] = left[i - (count - left.length)] ?? null;
    if (line.at < CUT_AT || line.at * 2 <= waiting.length) return;
    line.waiting = waiting.slice(line.at);
    line.at = 0;
  }

  /** @returns whether it is done with; never rejects */
  async #tell(supervisor: SendsSupervisor, due: T): Promise<boolean> {
    const { sentId, params, given, dueStatus, server, cause } = due;
    // What the module sends because of it is for the same server.
    const origin = server === null ? {} : { origin: { server, eventId: null, hops: cause?.hops ?? 0 } };
    if (params) supervisor.recallSent?.(sentId, params);
    try {
      const input = given ?? exactOf(params ?? {});
      if (!(await supervisor.tellSender(input, dueStatus as number, { sentId, ...origin }))) return false;
    } catch (error) {
      // The module is no longer configured, so nobody gets it.
      if ((error as SupervisorError).code === 'ILLEGAL_STATE') {
        this.#retryLater();
        return false;
      }
    }
    if (!this.#isClosed) this.#options.done(due);
    return true;
  }

  #retryLater(): void {
    if (this.#isClosed) return;
    this.#retry ??= setTimeout(() => {
      this.#retry = undefined;
      this.work();
    }, RETRY_MS).unref();
  }

  #pause(module: string, line: Line<T>): void {
    line.pauseMs = line.pauseMs === 0 ? DOWN_MS.first : Math.min(DOWN_MS.most, line.pauseMs * 2);
    line.pause = setTimeout(() => {
      line.pause = undefined;
      this.#workOn(module, line);
    }, line.pauseMs).unref();
  }
}
