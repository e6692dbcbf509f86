/** The clients of a core, with bounds on their number and on what they hold. */

import type { Socket } from 'node:net';
import { Connection, type ConnectionEvents } from './connection.js';
import type { ControlLimits } from './limits.js';

/** What is done about clients. */
export interface ClientsEvents extends Omit<ConnectionEvents, 'swollen'> {
  /** There is no room for it; it is closed when it has been told. */
  refused(connection: Connection, reason: string): void;
  warn(text: string): void;
}

/** Lets clients in, and cuts off those that are in the way. */
export class Clients {
  readonly #limits: ControlLimits;
  readonly #events: ClientsEvents;
  readonly #connections = new Set<Connection>();
  #announceEmpty: () => void = () => undefined;

  constructor(limits: ControlLimits, events: ClientsEvents) {
    this.#limits = limits;
    this.#events = events;
  }

  /** Lets a client in; when there are too many, the one that has been idle for longest has to go. */
  add(socket: Socket): void {
    const connection = new Connection(socket, this.#limits, {
      request: this.#events.request,
      garbled: this.#events.garbled,
      swollen: () => this.#relieve(),
      closed: (gone) => this.#closed(gone),
    });
    const isFull = this.#connections.size >= this.#limits.connections;
    const idle = isFull ? this.#longestIdle() : undefined;
    this.#connections.add(connection);
    if (!isFull) return;
    if (idle) {
      this.#remove(idle);
      return;
    }
    const reason = `${this.#limits.connections} clients are served at a time, and all of them wait for something; try again`;
    this.#events.refused(connection, reason);
    this.#events.warn(`a client of the control socket was turned away: ${reason}`);
    this.#connections.delete(connection);
    connection.end();
  }

  /** Ends what they wait for, and closes them when their last replies have left, or could not within `limitMs`. */
  async close(limitMs: number): Promise<void> {
    const empty = new Promise<void>((resolve) => {
      this.#announceEmpty = resolve;
    });
    for (const connection of this.#connections) {
      connection.endWatches();
      connection.end();
    }
    const timer = setTimeout(() => {
      for (const connection of this.#connections) connection.destroy();
    }, limitMs);
    if (this.#connections.size > 0) await empty;
    clearTimeout(timer);
  }

  #closed(connection: Connection): void {
    this.#connections.delete(connection);
    this.#events.closed(connection);
    if (this.#connections.size === 0) this.#announceEmpty();
  }

  #longestIdle(): Connection | undefined {
    const idle = [...this.#connections].filter(({ isIdle }) => isIdle);
    return idle.sort((a, b) => a.activeMs - b.activeMs)[0];
  }

  /** Cuts off the client that makes the core hold most, when all of them together make it hold too much. */
  #relieve(): void {
    let total = 0;
    let largest: Connection | null = null;
    for (const connection of this.#connections) {
      total += connection.heldBytes;
      if (largest === null || connection.heldBytes > largest.heldBytes) largest = connection;
    }
    if (largest === null || total <= this.#limits.totalBytes) return;
    this.#events.warn(
      `a client of the control socket was cut off, because it has left ${largest.heldBytes} bytes unread`,
    );
    this.#remove(largest);
  }

  /** Its file descriptor is free at once; its end is reported later. */
  #remove(connection: Connection): void {
    this.#connections.delete(connection);
    connection.destroy();
  }
}
