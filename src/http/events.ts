/** Events of callers, until their outcomes are told. */

import { performance } from 'node:perf_hooks';
import type { SendSource } from '../sends/types.js';
import { Gates } from '../servers/gate.js';
import type { EventCore } from '../servers/types.js';
import type { DoorOutcome, Origin, OutcomeTaker } from '../supervisor/types.js';
import type { CallEvent } from '../wire/call-event.js';
import { busy, HttpError, stopping } from './failure.js';
import type { HttpLimits } from './limits.js';

/** What events need. */
export interface EventsOptions {
  core: EventCore;
  sends: SendSource;
  limits: HttpLimits;
  chainDeadlineMs(): number;
  warn(text: string): void;
}

/** Who asks. */
export interface Caller {
  /** The name of the server. */
  server: string;
  /** Called when an event of his is in progress, and when it is no more. */
  inProgress(change: 1 | -1): void;
  /** Takes who is told when nobody waits for the answer any more. */
  onGone(told: () => void): void;
}

/** What an event of a small message takes beside its bytes. */
const EVENT_BYTES = 256;

/** Hands events in, as many at a time as the core takes. */
export class Events {
  readonly #options: EventsOptions;
  readonly #gates: Gates;
  #count = 0;
  #bytes = 0;
  #isRetired = false;

  constructor(options: EventsOptions) {
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
   * Hands an event in. One that was taken goes its way to the end, also when its caller is gone.
   *
   * @throws SupervisorError why it was not taken
   */
  take(event: CallEvent, caller: Caller): Promise<DoorOutcome> {
    const { allEvents, allEventBytes } = this.#options.limits;
    if (this.#isRetired) throw stopping();
    if (this.#count >= allEvents || (this.#count > 0 && this.#bytes + event.heldBytes > allEventBytes))
      throw busy('as many events are in progress as the core takes over HTTP');
    return new Promise((resolve, reject) =>
      new EventInProgress(this, event, caller, resolve, reject).enter(this.#gates),
    );
  }

  /** It is let in. @throws SupervisorError */
  submit(one: EventInProgress): void {
    if (this.#isRetired) throw stopping();
    this.#options.core.submit(one.event, one, one);
  }

  /** Counts one that begins, or ends. */
  count(one: EventInProgress, change: 1 | -1): void {
    this.#count += change;
    this.#bytes += change * (EVENT_BYTES + one.event.heldBytes);
    one.caller.inProgress(change);
  }
}

/** One event. It stays longer as an origin: it says for whom it is what modules send because of it. */
class EventInProgress implements OutcomeTaker, Origin {
  readonly server: string;
  readonly eventId = null;
  readonly hops = 0;
  #events: Events | null;
  #event: CallEvent | null;
  #caller: Caller | null;
  #leave: (() => void) | null = null;
  #resolve: ((outcome: DoorOutcome) => void) | null;
  #reject: ((error: unknown) => void) | null;

  constructor(
    events: Events,
    event: CallEvent,
    caller: Caller,
    resolve: (outcome: DoorOutcome) => void,
    reject: (error: unknown) => void,
  ) {
    this.server = caller.server;
    this.#events = events;
    this.#event = event;
    this.#caller = caller;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  get event(): CallEvent {
    return this.#event as CallEvent;
  }

  get caller(): Caller {
    return this.#caller as Caller;
  }

  /** Begins, or waits at the gate of its server. */
  enter(gates: Gates): void {
    const gate = gates.enter(this.server);
    let isIn = gate.begin();
    this.#events?.count(this, 1);
    this.#leave = () => {
      if (isIn) gate.end();
      gate.leave(this);
    };
    if (isIn) {
      this.#begin();
      return;
    }
    const begin = () => {
      isIn = true;
      this.#begin();
    };
    gate.hold({ owner: this, begin, refuse: () => this.#end(null, owes(this.server)) });
    // What waits here no module has seen, so nothing of it has to go on without its caller.
    this.caller.onGone(() => {
      if (!isIn) this.#end(null, owes(this.server));
    });
  }

  told(outcome: DoorOutcome): void {
    this.#end(outcome, null);
  }

  #begin(): void {
    try {
      this.#events?.submit(this);
    } catch (error) {
      this.#end(null, error);
    }
  }

  /** Once. It may be kept long after that, as an origin: nothing of the caller stays. */
  #end(outcome: DoorOutcome | null, error: unknown): void {
    const [events, leave, resolve, reject] = [this.#events, this.#leave, this.#resolve, this.#reject];
    if (events === null) return;
    this.#events = this.#leave = this.#resolve = this.#reject = null;
    events.count(this, -1);
    this.#event = this.#caller = null;
    leave?.();
    if (outcome !== null) resolve?.(outcome);
    else reject?.(error);
  }
}

function owes(server: string): HttpError {
  const what = `too much that modules sent waits for the server ${server}, so this was not taken`;
  return new HttpError(503, 'SENDS_UNACKNOWLEDGED', what, 'read what comes at /v1/sends, and acknowledge it');
}

function describeClosed(server: string): string {
  const what = `too much that modules sent waits for the server ${server}, so its events wait and then get no verdict`;
  return `${what}; see why it does not acknowledge, or raise send_queue and send_memory`;
}
