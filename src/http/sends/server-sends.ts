/** What modules send to one server, over all the streams that it opens one after another. */

import type { Attachment, Send, SendSource, SendTaker } from '../../sends/types.js';
import type { Taker } from '../../servers/names.js';
import type { HttpLimits } from '../limits.js';
import { RememberedSends } from './remembered.js';
import type { SendStream } from './stream.js';

/**
 * It stays for a while when a stream ends. So its reader can come again, continue where it was, and acknowledge what it has
 * read.
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
  /** Those that were not shown to a returning reader because it had read them; with the time. */
  readonly #passedOver = new Map<string, number>();
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
   * A reader comes. It is shown the unacknowledged sends that it has not read. Sends that it has read and never acknowledges
   * are shown again after a while: it may have lost them.
   *
   * @param lastId - the last that it has read; empty: it says nothing of that
   */
  begin(stream: SendStream, lastId: string, nowMs: number): void {
    clearTimeout(this.#timer);
    this.#stream = stream;
    const read = this.#remembered.placeOf(lastId);
    if (lastId !== '' && read === 0)
      stream.say('the last id is not known, so everything that is not acknowledged comes again');
    else stream.say(lastId === '' ? 'sends come here' : 'continues after the last id');
    for (const sentId of this.#given.keys()) {
      if (!this.#remembered.isRead(sentId, read)) this.#passedOver.delete(sentId);
      else if (!this.#passedOver.has(sentId)) this.#passedOver.set(sentId, nowMs);
    }
    this.#show([...this.#given.values()].filter(({ sentId }) => !this.#isPassedOver(sentId, nowMs)));
  }

  /** Gives up what has waited for too long, and shows a returning reader again what it has not acknowledged for long. */
  look(nowMs: number): void {
    for (const sentId of [...this.#given.keys()]) if (this.#attachment?.expire(sentId) === 0) this.#drop(sentId);
    if (this.#stream === null) return;
    const passedOver = [...this.#passedOver.keys()].filter((sentId) => !this.#isPassedOver(sentId, nowMs));
    this.#show(passedOver.flatMap((sentId) => this.#given.get(sentId) ?? []));
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
    if (this.#remembered.placeOf(sentId) === 0 || !this.#given.has(sentId)) return false;
    this.#drop(sentId);
    const attachment = this.#attachment;
    return (how === 'refused' ? attachment?.refuse(sentId) : attachment?.acknowledge(sentId)) ?? false;
  }

  /** Takes no more; what was not acknowledged goes to the next taker. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#attachment?.detach();
    this.#attachment = null;
    this.#given.clear();
    this.#passedOver.clear();
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

  #show(sends: Send[]): void {
    for (const { sentId } of sends) {
      this.#passedOver.delete(sentId);
      this.#remembered.due(sentId);
    }
    this.#stream?.show(sends);
  }

  #isPassedOver(sentId: string, nowMs: number): boolean {
    const sinceMs = this.#passedOver.get(sentId);
    return sinceMs !== undefined && nowMs - sinceMs < this.#limits.showAgainMs;
  }

  /** It does not wait any more. */
  #drop(sentId: string): void {
    this.#given.delete(sentId);
    this.#passedOver.delete(sentId);
    this.#stream?.drop(sentId);
    this.#remembered.done(sentId);
  }
}
