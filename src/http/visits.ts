/** The requests of callers in progress, bounded by what the core takes and by what callers acknowledge. */

import { performance } from 'node:perf_hooks';
import type { SendSource } from '../sends/types.js';
import { describeClosed, describeNotTaken } from '../servers/describe-closed.js';
import { Gates } from '../servers/gate.js';
import { busy, HttpError, stopping } from './failure.js';
import type { HttpLimits } from './limits.js';

/** What they need. */
export interface VisitsOptions {
  sends: SendSource;
  limits: HttpLimits;
  chainDeadlineMs(): number;
  warn(text: string): void;
}

/** Who asks. */
export interface Caller {
  /** The name of the server. */
  server: string;
  /** Called when something of his is in progress, and when it is no more. */
  inProgress(change: 1 | -1): void;
  /** Takes who is told when the caller sends nothing any more: he may have gone. */
  onGone(told: () => void): void;
}

/** What each takes beside its bytes. */
const VISIT_BYTES = 256;

/** All of a core, over HTTP. */
export class Visits {
  readonly #options: VisitsOptions;
  readonly #gates: Gates;
  #count = 0;
  #bytes = 0;
  #isRetired = false;

  constructor(options: VisitsOptions) {
    const { sends, chainDeadlineMs, warn } = options;
    this.#options = options;
    this.#gates = new Gates({
      allowanceOf: (server) => sends.allowanceOf(server),
      now: () => performance.now(),
      // What is left of the time that servers wait is for the modules.
      limitMs: () => chainDeadlineMs() / 2,
      closed: (server) => warn(describeClosed(server)),
    });
    sends.onRoom(() => this.#gates.roomAgain());
  }

  /** What keeps callers from being served, in sentences. */
  problems(): string[] {
    return this.#gates.closed().map(describeClosed);
  }

  /** Takes nothing new; what is in progress comes to its end. */
  retire(): void {
    this.#isRetired = true;
  }

  /**
   * Lets a caller in, now or when its server has acknowledged what it was sent.
   *
   * @param begin - is called within the call, or later, unless `refuse` is; it may throw
   * @param refuse - why it is not let in, or what `begin` threw
   * @throws HttpError when it cannot even wait
   */
  enter(caller: Caller, bytes: number, begin: (visit: Visit) => void, refuse: (error: unknown) => void): void {
    const { allEvents, allEventBytes } = this.#options.limits;
    if (this.#isRetired) throw stopping();
    if (this.#count >= allEvents || (this.#count > 0 && this.#bytes + bytes > allEventBytes)) {
      throw busy('the core already has as many events in progress as it takes over HTTP');
    }
    const visit = new Visit(caller, this.#gates, (change) => {
      this.#count += change;
      this.#bytes += change * (VISIT_BYTES + bytes);
      caller.inProgress(change);
    });
    const start = () => {
      try {
        if (this.#isRetired) throw stopping();
        begin(visit);
      } catch (error) {
        visit.end();
        refuse(error);
      }
    };
    visit.enter(start, () => refuse(owes(caller.server)));
  }
}

/** Something in progress, from its coming to its end. */
export class Visit {
  readonly #caller: Caller;
  readonly #count: (change: 1 | -1) => void;
  readonly #gate: ReturnType<Gates['enter']>;
  #isIn = false;
  #isOver = false;

  constructor(caller: Caller, gates: Gates, count: (change: 1 | -1) => void) {
    this.#caller = caller;
    this.#count = count;
    this.#gate = gates.enter(caller.server);
    count(1);
  }

  /** Begins, or waits at the gate of its server. */
  enter(begin: () => void, refuse: () => void): void {
    const letIn = () => {
      this.#isIn = true;
      begin();
    };
    const giveUp = () => {
      if (this.#isIn || this.#isOver) return;
      this.end();
      refuse();
    };
    if (this.#gate.begin()) letIn();
    else {
      this.#gate.hold({ owner: this, begin: letIn, refuse: giveUp });
      // Nothing has begun with what waits here, so it ends when its caller goes. A caller that still reads is told so.
      this.#caller.onGone(giveUp);
    }
  }

  /** Once. */
  end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#count(-1);
    if (this.#isIn) this.#gate.end();
    this.#gate.leave(this);
  }
}

function owes(server: string): HttpError {
  const remedy = 'read what comes at /v1/sends, and acknowledge it';
  return new HttpError(503, 'SENDS_UNACKNOWLEDGED', describeNotTaken(server), remedy);
}
