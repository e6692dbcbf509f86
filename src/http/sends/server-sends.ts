/** What modules send to one server, over all the streams that it opens one after the other. */

import type { Attachment, Send, SendSource, SendTaker } from '../../sends/types.js';
import type { Taker } from '../../servers/names.js';
import type { HttpLimits } from '../limits.js';
import { RememberedSends } from './remembered.js';
import type { SendStream } from './stream.js';

/**
 * It stays for a while when a stream ends. So its reader can come again and go on where it was, and say of what it has read that it
 * has done with it.
 */
export class ServerSends implements SendTaker, Taker {
  readonly server: string;
  readonly window: number;
  /** No other door can take over from it. */
  readonly instance = '';
  readonly #limits: HttpLimits;
  readonly #closed: () => void;
  /** Those that it was given and has not acknowledged. */
  readonly #given = new Map<string, Send>();
  readonly #remembered: RememberedSends;
  #attachment: Attachment | null = null;
  #stream: SendStream | null = null;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  /** @param closed - it takes nothing any more */
  constructor(server: string, limits: HttpLimits, closed: () => void) {
    this.server = server;
    this.window = limits.sendWindow;
    this.#limits = limits;
    this.#closed = closed;
    this.#remembered = new RememberedSends(limits.rememberedSends);
  }

  /** Who reads now; `null`: nobody does. */
  get stream(): SendStream | null {
    return this.#stream;
  }

  get unacknowledged(): number {
    return this.#given.size;
  }

  /** Begins to take; a reader comes soon. @throws IllegalStateError `SERVER_NAME_TAKEN` */
  attachTo(source: SendSource): void {
    this.#attachment = source.attach(this);
    this.#awaitReader();
  }

  deliver(send: Send): void {
    this.#given.set(send.sentId, send);
    this.#stream?.show([send]);
  }

  /**
   * A reader comes. It is shown what is not acknowledged, without what it has read.
   *
   * @param lastId - the last that it has read; empty: it says nothing of that
   */
  begin(stream: SendStream, lastId: string): void {
    clearTimeout(this.#timer);
    this.#stream = stream;
    const read = this.#remembered.placeOf(lastId);
    if (lastId !== '' && read === 0) stream.say('the last id is not known, so all comes that is not acknowledged');
    else stream.say(lastId === '' ? 'sends come here' : 'goes on behind the last id');
    stream.show([...this.#given.values()].filter(({ sentId }) => this.#isNewTo(sentId, read)));
  }

  shown({ sentId }: Send): void {
    this.#remembered.shown(sentId);
  }

  /** A reader has gone. */
  ended(stream: SendStream): void {
    if (this.#stream !== stream) return;
    this.#stream = null;
    this.#awaitReader();
  }

  /** The server has done with a send. @returns `false`: it is none that was shown and waits for that */
  end(sentId: string, how: 'acknowledged' | 'refused'): boolean {
    // What was not shown cannot have been taken, however its id was found out.
    if (this.#remembered.placeOf(sentId) === 0 || !this.#given.delete(sentId)) return false;
    this.#stream?.drop(sentId);
    this.#remembered.done(sentId);
    const attachment = this.#attachment;
    return (how === 'refused' ? attachment?.refuse(sentId) : attachment?.acknowledge(sentId)) ?? false;
  }

  /** Takes no more; what was not acknowledged comes again to whoever takes next. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#attachment?.detach();
    this.#attachment = null;
    this.#given.clear();
    this.#closed();
  }

  // ---- as one that has a name ----

  get isOrphaned(): boolean {
    return this.#stream === null;
  }

  giveUp(): void {
    this.close();
  }

  probe(): void {
    this.#stream?.say('somebody else asks for this name');
  }

  /** Never: no other one has the same instance. */
  yieldSends(): void {}
  resumeSends(): void {}

  #awaitReader(): void {
    if (this.#isClosed) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.close(), this.#limits.returnMs);
  }

  #isNewTo(sentId: string, read: number): boolean {
    const place = this.#remembered.placeOf(sentId);
    return place === 0 || place > read;
  }
}
