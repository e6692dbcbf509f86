/** The servers of a core, with bounds on their number and on what they hold. */

import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { describeClosed } from '../servers/describe-closed.js';
import { Gates } from '../servers/gate.js';
import { type Failure, failureOf } from '../wire/gateway/frames.js';
import { Load } from './load.js';
import { Session, type Surroundings } from './session.js';
import type { GatewayClient } from './types.js';

/** What sessions are given. */
export interface SessionsOptions extends Omit<Surroundings, 'load' | 'gates' | 'swollen' | 'closed'> {
  warn(text: string): void;
}

/** How often to look for servers that do not read, or stop inside a frame. */
const LOOK_MS = 1_000;

/** Lets servers in, and cuts off those that are in the way. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #surroundings: Surroundings;
  readonly #all = new Set<Session>();
  readonly #gates: Gates;
  readonly #endCallbacks: () => void;
  readonly #timer: NodeJS.Timeout;
  #callbacks: string;
  #isReliefDue = false;
  #announceEmpty: () => void = () => undefined;

  constructor(options: SessionsOptions) {
    this.#options = options;
    const { sends } = options;
    this.#gates = new Gates({
      allowanceOf: (server) => sends.allowanceOf(server),
      now: () => performance.now(),
      // What is left of the time that servers wait is for the modules.
      limitMs: () => options.welcome().chainDeadlineMs / 2,
      closed: (server) => options.warn(describeClosed(server)),
    });
    sends.onRoom(() => this.#gates.roomAgain());
    this.#surroundings = {
      ...options,
      load: new Load(options.limits),
      gates: this.#gates,
      swollen: () => this.#relieveSoon(),
      closed: (session) => this.#closed(session),
    };
    this.#callbacks = JSON.stringify(options.welcome());
    this.#endCallbacks = options.core.onCallbacks(() => this.welcomeAgain());
    this.#timer = setInterval(() => this.#look(performance.now()), LOOK_MS).unref();
  }

  /** Lets a server in. If there are too many, the one that has been without a Hello for longest must go. */
  add(socket: Socket): void {
    const session = new Session(socket, this.#surroundings);
    this.#all.add(session);
    const { connections } = this.#options.limits;
    if (this.#all.size <= connections) return;
    const nameless = [...this.#all].find((other) => other !== session && other.server === '');
    const reason = `${connections} connections of servers are served at a time; close some, and try again`;
    this.#options.warn(`a connection was turned away: ${reason}`);
    const goes = nameless ?? session;
    this.#all.delete(goes);
    goes.end(failureOf('TOO_MANY_SERVERS', reason));
  }

  /** Everybody who is connected. */
  describe(): GatewayClient[] {
    return [...this.#all].map((session) => session.describe());
  }

  /** What keeps servers from being served, in sentences. */
  problems(): string[] {
    return this.#gates.closed().map(describeClosed);
  }

  /** Tells everybody. */
  tellAll(failure: Failure): void {
    for (const session of this.#all) session.tell(failure);
  }

  /** Ends all, when their last frames have left, or could not within `limitMs`. */
  async close(lastWords: Failure, limitMs: number): Promise<void> {
    clearInterval(this.#timer);
    this.#endCallbacks();
    const empty = new Promise<void>((resolve) => {
      this.#announceEmpty = resolve;
    });
    for (const session of this.#all) session.end(lastWords);
    const timer = setTimeout(() => {
      for (const session of this.#all) session.destroy();
    }, limitMs);
    if (this.#all.size > 0) await empty;
    clearTimeout(timer);
  }

  #closed(session: Session): void {
    this.#all.delete(session);
    if (this.#all.size === 0) this.#announceEmpty();
  }

  /** Tells every server about the present state, if it has changed. */
  welcomeAgain(): void {
    const callbacks = JSON.stringify(this.#options.welcome());
    if (callbacks === this.#callbacks) return;
    this.#callbacks = callbacks;
    for (const session of this.#all) session.welcome();
  }

  #look(nowMs: number): void {
    const { stalledMs } = this.#options.limits;
    for (const session of this.#all) {
      const seconds = `for ${stalledMs / 1000} seconds`;
      if (session.stalledMs(nowMs) > stalledMs) this.#cutOff(session, `read nothing ${seconds}`);
      else if (session.unfinishedMs(nowMs) > stalledMs) {
        this.#cutOff(session, `sent nothing ${seconds} of a frame that it had begun`);
      }
    }
  }

  /** Not at once: the caller is in the middle of something with the connection that may have to go. */
  #relieveSoon(): void {
    if (this.#isReliefDue) return;
    this.#isReliefDue = true;
    setImmediate(() => {
      this.#isReliefDue = false;
      this.#relieve();
    });
  }

  /** Cuts off servers that do not read. If all together make the core hold too much, it also cuts off the one with the most. */
  #relieve(): void {
    const { unreadBytes, allBytes } = this.#options.limits;
    let total = 0;
    let largest: Session | null = null;
    for (const session of this.#all) {
      if (session.unreadBytes > unreadBytes) this.#cutOff(session, `has left ${session.unreadBytes} bytes unread`);
      else {
        total += session.heldBytes;
        if (largest === null || session.heldBytes > largest.heldBytes) largest = session;
      }
    }
    if (largest === null || total <= allBytes) return;
    this.#cutOff(largest, `makes the core hold ${largest.heldBytes} bytes, and all servers together ${total}`);
  }

  #cutOff(session: Session, why: string): void {
    this.#options.warn(`server ${session.server || '(no name yet)'} was cut off, because it ${why}`);
    this.#all.delete(session);
    session.destroy();
  }
}
