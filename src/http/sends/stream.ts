/** One stream of server-sent events: what a reader is shown, as fast as it reads. */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Send } from '../../sends/types.js';
import { Uptake } from '../../servers/uptake.js';
import { sendDocument } from '../documents.js';
import type { FailureDocument } from '../failure.js';
import type { HttpLimits } from '../limits.js';

const HEAD = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  // A proxy must not hold events back.
  'x-accel-buffering': 'no',
};

/** What is told of a stream. */
export interface StreamEvents {
  /** A send is on its way to the reader. */
  shown(send: Send): void;
  closed(): void;
}

/** From the head of the answer to its end. Before it begins it has written nothing. */
export class SendStream {
  /** Which reader it is, as that says itself; empty: it does not. */
  readonly instance: string;
  readonly #response: ServerResponse;
  readonly #limits: HttpLimits;
  readonly #events: StreamEvents;
  readonly #uptake: Uptake;
  /** Those before `#next` are written. */
  #waiting: Send[] = [];
  #next = 0;
  #lastMs: number;
  #isClosed = false;

  /** @param response - the one that its connection answers now */
  constructor(response: ServerResponse, instance: string, limits: HttpLimits, nowMs: number, events: StreamEvents) {
    this.#response = response;
    this.instance = instance;
    this.#limits = limits;
    this.#events = events;
    this.#lastMs = nowMs;
    this.#uptake = new Uptake(response.socket as Socket, nowMs);
    response.on('drain', () => this.#write());
    response.once('close', () => this.close());
  }

  /** Writes the head. */
  begin(): void {
    this.#response.writeHead(200, HEAD);
  }

  /** Who asked for it. */
  get request(): IncomingMessage {
    return this.#response.req;
  }

  /** The reader has gone, or was sent the end. */
  get isOver(): boolean {
    return this.#response.destroyed || this.#response.writableEnded;
  }

  /** Shows sends, as soon as there is room for them. */
  show(sends: Iterable<Send>): void {
    for (const send of sends) this.#waiting.push(send);
    this.#write();
  }

  /** A send that was finished before it was shown is not shown. */
  drop(sentId: string): void {
    const at = this.#waiting.findIndex((send, i) => i >= this.#next && send.sentId === sentId);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  /** Writes a comment. This also shows whether the reader is still there. */
  say(text: string): void {
    if (!this.isOver) this.#response.write(`: ${text}\n\n`);
  }

  /** Looks after it from time to time. @returns for how long the reader has taken nothing, though there is something */
  look(nowMs: number): number {
    if (nowMs - this.#lastMs >= this.#limits.beatMs && this.#response.writableLength === 0) {
      this.#lastMs = nowMs;
      this.say('still here');
    }
    return this.#uptake.stalledMs(nowMs);
  }

  /** Ends it. @param why - the last event; a reader that comes again need not know */
  end(why: FailureDocument): void {
    if (!this.isOver) this.#response.end(`event: end\ndata: ${JSON.stringify(why)}\n\n`);
    this.close();
  }

  /** Nobody reads it any more, which is told once. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#events.closed();
  }

  /** Ends it at once. */
  destroy(): void {
    this.#response.destroy();
  }

  #write(): void {
    const { pauseBytes } = this.#limits;
    while (this.#next < this.#waiting.length && !this.isOver && this.#response.writableLength < pauseBytes) {
      const send = this.#waiting[this.#next++] as Send;
      this.#events.shown(send);
      this.#response.write(`id: ${send.sentId}\ndata: ${JSON.stringify(sendDocument(send))}\n\n`);
    }
    if (this.#next < this.#waiting.length && this.#next < 1024) return;
    this.#waiting = this.#waiting.slice(this.#next);
    this.#next = 0;
  }
}
