/** Requests over one connection to a core, and the replies to each. */

import type { Socket } from 'node:net';
import { MessageError } from '../../errors.js';
import { FrameReader, frameOf } from '../../wire/framing.js';
import { fromWireFailure } from '../failure.js';
import { decodeReply, encodeRequest, type Reply, type Request } from '../frames.js';
import { MAX_REPLY_BYTES, MAX_REQUEST_BYTES } from '../limits.js';
import type { Counterpart } from './counterpart.js';
import { Mailbox } from './mailbox.js';

/** A request that was sent, with the replies to it. */
export interface Asked {
  id: number;
  replies: Mailbox<Reply>;
}

/** All requests of one client. */
export class Requests {
  readonly #socket: Socket;
  readonly #counterpart: Counterpart;
  readonly #pending = new Map<number, Mailbox<Reply>>();
  /** Those that are told what modules send. */
  readonly #watching = new Set<Mailbox<Reply>>();
  readonly #reader = new FrameReader(MAX_REPLY_BYTES);
  #nextId = 1;
  #isEnding = false;
  /** Why nothing more will be answered. */
  #end: Error | null = null;

  constructor(socket: Socket, counterpart: Counterpart) {
    this.#socket = socket;
    this.#counterpart = counterpart;
    socket.on('data', (chunk) => this.#received(chunk));
    // What it means is told by 'close'.
    socket.on('error', () => undefined);
    socket.on('close', () => this.#endWith(() => counterpart.lost()));
  }

  /** @throws MessageError `MESSAGE_TOO_LARGE` */
  send(request: Omit<Request, 'id'>): Asked {
    const id = this.#nextId++;
    const frame = encodeRequest({ ...request, id });
    if (frame.length > MAX_REQUEST_BYTES) {
      const limit = `over the ${MAX_REQUEST_BYTES} that the control socket takes`;
      throw new MessageError('MESSAGE_TOO_LARGE', `the message makes a request of ${frame.length} bytes, ${limit}`);
    }
    const replies = new Mailbox<Reply>();
    if (this.#end !== null) replies.fail(this.#end);
    this.#pending.set(id, replies);
    this.#socket.cork();
    for (const part of frameOf(frame)) this.#socket.write(part);
    this.#socket.uncork();
    return { id, replies };
  }

  /** From now on it is told what modules send, too. */
  watch({ replies }: Asked): void {
    this.#watching.add(replies);
  }

  /** No further reply to it is wanted. */
  drop({ id, replies }: Asked): void {
    this.#pending.delete(id);
    this.#watching.delete(replies);
  }

  close(): void {
    this.#socket.destroy();
  }

  #received(chunk: Buffer): void {
    this.#reader.push(chunk);
    try {
      for (let frame = this.#reader.next(); frame; frame = this.#reader.next()) this.#dispatch(decodeReply(frame));
    } catch (cause) {
      // Nothing that comes after it can be understood.
      this.#endWith(() => this.#counterpart.misunderstood(cause));
    }
  }

  #dispatch(reply: Reply): void {
    const { id, sent, failure } = reply;
    const replies = this.#pending.get(id ?? 0);
    if (replies) this.#counterpart.answered();
    if (id) replies?.put(reply);
    else if (sent) for (const watcher of this.#watching) watcher.put(reply);
    else if (failure) this.#endWith(async () => fromWireFailure(failure));
  }

  /** The first reason counts. Finding it out may fail, and then that is told. */
  #endWith(findReason: () => Promise<Error>): void {
    const fail = (reason: Error) => {
      this.#end ??= reason;
      for (const replies of this.#pending.values()) replies.fail(this.#end);
    };
    this.#socket.destroy();
    if (!this.#isEnding) findReason().then(fail, fail);
    this.#isEnding = true;
  }
}
