/** A program that takes what modules send, in its own process: as a chat server does, by a function. */

import { counted } from '../counted.js';
import { IllegalStateError } from '../errors.js';
import type { Attachment, Send, SendSource, SendTaker } from '../sends/types.js';
import type { Origin } from '../supervisor/types.js';
import { exactOf, fromWireParams, type MessageParams, type MessageParamsInput } from '../wire/params.js';
import { within } from '../within.js';

/** A message that a module sent, for a program to deliver. */
export interface ProgramSend {
  /** Its name. The message comes again under the same name until it has been taken, even after a restart. */
  sentId: string;
  module: string;
  params: MessageParams;
  payload: Buffer;
  /**
   * The event in which the module sent it, as far as that is known. Of a message of this program, `eventId` is its id. It is `null`
   * for an event without one.
   */
  cause: Origin | null;
}

/**
 * Delivers one message. When it resolves, the message has been taken; with a number, that is the status which its module gets.
 * When it rejects or throws, the message is refused, and its module gets the status 0x80.
 */
// biome-ignore lint/suspicious/noConfusingVoidType: what a function that returns nothing returns.
export type SendHandler = (send: ProgramSend) => Promise<number | void> | number | void;

/** How a program takes. */
export interface TakeOptions {
  /** So many messages may be on their way at a time; with 1 each waits for the one before it. 64 unless given. */
  window?: number;
}

/** What a taker needs of its core. */
export interface ProgramTakerOptions extends Required<TakeOptions> {
  handler: SendHandler;
  warn: (text: string) => void;
}

/** The name that a program has among servers. None of them can have it. */
export const PROGRAM = '(program)';
/** How long a program may still work on its messages when its core stops. */
const LAST_WAIT_MS = 2_000;
const TELL_AFTER_MS = 1_000;

/** Hands sends to the function of a program. */
export class ProgramTaker implements SendTaker {
  readonly server = PROGRAM;
  readonly window: number;
  readonly #options: ProgramTakerOptions;
  readonly #inHand = new Set<Promise<void>>();
  #source: SendSource | null = null;
  #attachment: Attachment | null = null;
  #isClosing = false;
  #failures = 0;
  #lastFailure = '';
  #telling: NodeJS.Timeout | undefined;

  constructor(options: ProgramTakerOptions) {
    this.#options = options;
    this.window = options.window;
  }

  /** Takes from now on. */
  attach(source: SendSource): void {
    this.#source = source;
    this.#attachment = source.attach(this);
  }

  get isTaking(): boolean {
    return this.#attachment !== null && !this.#isClosing;
  }

  /** Messages that the program has and has not taken yet. */
  get inHand(): number {
    return this.#inHand.size;
  }

  deliver(send: Send): void {
    // It comes again, to the next taker.
    if (this.#isClosing) return;
    const inHand = this.#deliver(send);
    this.#inHand.add(inHand);
    void inHand.then(() => this.#inHand.delete(inHand));
  }

  /** Takes nothing more. Resolves when what is in hand has come to its end. */
  async close(): Promise<void> {
    this.#isClosing = true;
    while (this.#inHand.size > 0) await Promise.race(this.#inHand);
    this.detach();
  }

  /** The same, for a core that stops: what has not come to its end within two seconds comes again at its next start. */
  async closeSoon(): Promise<void> {
    await within(LAST_WAIT_MS, this.close(), undefined);
    this.detach();
  }

  /** Takes nothing more, at once. Messages in progress come again, to the next taker. */
  detach(): void {
    this.#isClosing = true;
    this.#attachment?.detach();
    this.#attachment = null;
    this.#tell();
  }

  /** Never rejects. */
  async #deliver(send: Send): Promise<void> {
    const { sentId, module, cause, params, payload } = send;
    const attachment = this.#attachment;
    let status: unknown;
    try {
      // Not within the call of those who give it: the program may do anything.
      await null;
      const own = { sentId, module, cause, params: fromWireParams(params), payload: Buffer.from(payload) };
      status = await this.#options.handler(own);
    } catch (error) {
      if (attachment?.refuse(sentId)) this.#fail(`${module}: ${describeThrown(error)}`);
      return;
    }
    if (!attachment?.acknowledge(sentId) || typeof status !== 'number') return;
    try {
      await this.#source?.status({ sentId, status, params: exactOf(params), server: PROGRAM });
    } catch (error) {
      // The core stops, and its modules with it.
      if (error instanceof IllegalStateError) return;
      this.#options.warn(`the status of a message of module ${module} was not passed on: ${describeThrown(error)}`);
    }
  }

  #fail(what: string): void {
    this.#failures += 1;
    this.#lastFailure = what;
    this.#telling ??= globalThis.setTimeout(() => this.#tell(), TELL_AFTER_MS).unref();
  }

  /** One line for all of a second. */
  #tell(): void {
    clearTimeout(this.#telling);
    this.#telling = undefined;
    if (this.#failures === 0) return;
    const refused = `the program refused ${counted(this.#failures, 'message')} that modules sent`;
    this.#options.warn(`${refused}, the last one of module ${this.#lastFailure}`);
    this.#failures = 0;
  }
}

function describeThrown(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Where an event of the program itself comes from that has no id. */
export const PROGRAM_ORIGIN: Origin = { server: PROGRAM, eventId: null, hops: 0 };

/** Where a message of the program itself comes from: what modules send because of it is for the program. */
export function originOf(params: MessageParamsInput): Origin | null {
  try {
    const { id = 0n } = params;
    return { server: PROGRAM, eventId: BigInt.asUintN(64, BigInt(id)), hops: 0 };
  } catch {
    // The code that takes the message reports what is wrong with it.
    return null;
  }
}
