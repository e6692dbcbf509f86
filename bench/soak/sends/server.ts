/** A chat server of the soak: it speaks JSON lines over the gateway's socket, and remembers what it got. */

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/** A message of a module that it got. */
export interface GotSend {
  sentId: string;
  payload: Buffer;
}

/** What it tells. */
export interface ServerEvents {
  /** An event has its outcome. */
  answered(): void;
  /** It got something that modules sent. */
  got(send: GotSend): void;
  /** Its connection is gone. */
  closed(): void;
  /** The core did not take something. */
  failed(text: string): void;
}

interface CoreLine {
  welcome?: unknown;
  outcome?: { id: string };
  send?: { sent_id: string; payload?: string; text?: string };
  failure?: { message: string };
}

const NAME = 'soak';

/** One connection. */
export class Connection {
  /** Events that have no outcome yet. */
  inFlight = 0;
  readonly #socket: Socket;
  readonly #events: ServerEvents;
  /** Acknowledges that wait: they go out together. */
  #acks: string[] = [];

  private constructor(socket: Socket, events: ServerEvents) {
    this.#socket = socket;
    this.#events = events;
    const lines = createInterface(socket);
    lines.on('line', (line) => this.#take(line));
    for (const source of [socket, lines]) source.on('error', () => undefined);
    socket.on('close', () => {
      lines.close();
      events.closed();
    });
  }

  /**
   * Connects; `null` when nobody listens.
   *
   * @param takesSends whether it takes what modules send
   */
  static async open(path: string, takesSends: boolean, events: ServerEvents): Promise<Connection | null> {
    const socket = connect(path);
    try {
      await once(socket, 'connect');
    } catch {
      return null;
    }
    const connection = new Connection(socket, events);
    const hello = { version_min: 1, version_max: 1, server: NAME, instance: `${process.pid}`, takes_sends: takesSends };
    connection.#write({ hello });
    return connection;
  }

  /** Offers a message. */
  offer(id: number, payload: Buffer): void {
    this.inFlight += 1;
    const params = { id: String(id), from: `user-${id % 7}`, to: 'core' };
    this.#write({ event: { id: String(id), message: { params, payload: payload.toString('base64') } } });
  }

  /** Is gone at once, in the middle of a line. */
  cut(): void {
    this.#socket.write('{"event":{"id":"1","mess');
    this.#socket.destroy();
  }

  #take(text: string): void {
    let line: CoreLine;
    try {
      line = JSON.parse(text) as CoreLine;
    } catch {
      // The core was killed in the middle of it.
      return;
    }
    if (line.outcome) {
      this.inFlight -= 1;
      this.#events.answered();
    } else if (line.send) {
      const { sent_id: sentId, payload = '', text = null } = line.send;
      this.#events.got({ sentId, payload: text === null ? Buffer.from(payload, 'base64') : Buffer.from(text) });
      this.#acknowledge(sentId);
    } else if (line.failure) {
      this.#events.failed(line.failure.message);
    }
  }

  #acknowledge(sentId: string): void {
    if (this.#acks.push(sentId) > 1) return;
    setImmediate(() => {
      this.#write({ ack: { sent_ids: this.#acks } });
      this.#acks = [];
    });
  }

  #write(frame: object): void {
    if (!this.#socket.destroyed) this.#socket.write(`${JSON.stringify(frame)}\n`);
  }
}
