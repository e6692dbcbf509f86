/** What modules send, on the way through the handler of a server. */

import type { Ack, SendFrame, SendStatus } from '../wire/gateway/frames.js';
import { fromWireParams } from '../wire/params.js';
import type { SendHandler } from './types.js';

/** Sends whose answer is remembered: when its connection was lost, the core may not have got it. */
const REMEMBERED = 10_000;
const MAX_STATUS = 0xffffffff;
/** Ids in one Ack. */
const MAX_IDS = 1_000;

type Answer = 'acknowledged' | 'refused';

/** What a {@link Sends} needs of its client. */
export interface SendsUser {
  /** Answers are there to be written. */
  answered(): void;
  warn(line: string): void;
}

/** Gives each send to the handler once, however often it comes, and collects the answers. */
export class Sends {
  readonly #handler: SendHandler;
  readonly #user: SendsUser;
  readonly #running = new Set<string>();
  /** Those that came over this connection and have no answer yet: the core takes none for others. */
  readonly #asked = new Set<string>();
  readonly #answers = new Map<string, { answer: Answer; status: number | null }>();
  #acknowledged: string[] = [];
  #refused: string[] = [];
  #statuses: SendStatus[] = [];
  #idle: (() => void)[] = [];
  taken = 0;
  acknowledged = 0;
  refused = 0;
  repeated = 0;

  constructor(handler: SendHandler, user: SendsUser) {
    this.#handler = handler;
    this.#user = user;
  }

  take(frame: SendFrame): void {
    const { sentId } = frame;
    this.#asked.add(sentId);
    if (this.#running.has(sentId)) return;
    const known = this.#answers.get(sentId);
    if (known) {
      this.repeated += 1;
      this.#say(sentId, known.answer, known.status);
      return;
    }
    this.taken += 1;
    this.#running.add(sentId);
    void this.#run(frame);
  }

  /** The frames that answer; they are the caller's. */
  takeAnswers(): (Ack | SendStatus)[] {
    if (this.#acknowledged.length + this.#refused.length + this.#statuses.length === 0) return [];
    const answers = [...acksOf(this.#acknowledged, false), ...acksOf(this.#refused, true), ...this.#statuses];
    this.#drop();
    return answers;
  }

  /**
   * The connection is gone, and with it what was not written. Its sends come again, and get their answers then: those that are
   * remembered, and those of handlers that still run.
   */
  forget(): void {
    this.#asked.clear();
    this.#drop();
  }

  /** Resolves when no handler runs. */
  async settled(): Promise<void> {
    if (this.#running.size > 0) await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  #drop(): void {
    this.#acknowledged = [];
    this.#refused = [];
    this.#statuses = [];
  }

  async #run({ sentId, module, params, payload, cause }: SendFrame): Promise<void> {
    let answer: Answer = 'acknowledged';
    let status: number | null = null;
    try {
      const send = { sentId, module, params: fromWireParams(params), payload: Buffer.from(payload), cause };
      status = this.#statusOf(sentId, await this.#handler(send));
    } catch (error) {
      answer = 'refused';
      this.#user.warn(`a message of module ${module} was refused by onSend: ${String(error)}`);
    }
    this[answer] += 1;
    this.#running.delete(sentId);
    this.#remember(sentId, answer, status);
    this.#say(sentId, answer, status);
    if (this.#running.size > 0) return;
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  #statusOf(sentId: string, result: unknown): number | null {
    if (typeof result !== 'number') return null;
    if (Number.isInteger(result) && result >= 0 && result <= MAX_STATUS) return result;
    this.#user.warn(
      `onSend returned ${result} for ${sentId}, which is not a status; return an integer from 0 to ${MAX_STATUS}`,
    );
    return null;
  }

  #remember(sentId: string, answer: Answer, status: number | null): void {
    this.#answers.set(sentId, { answer, status });
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= REMEMBERED) break;
      this.#answers.delete(oldest);
    }
  }

  #say(sentId: string, answer: Answer, status: number | null): void {
    if (!this.#asked.delete(sentId)) return;
    (answer === 'refused' ? this.#refused : this.#acknowledged).push(sentId);
    if (status !== null) this.#statuses.push({ kind: 'send_status', sentId, status, params: {} });
    this.#user.answered();
  }
}

function acksOf(sentIds: string[], refused: boolean): Ack[] {
  const acks: Ack[] = [];
  for (let at = 0; at < sentIds.length; at += MAX_IDS) {
    acks.push({ kind: 'ack', sentIds: sentIds.slice(at, at + MAX_IDS), refused });
  }
  return acks;
}
