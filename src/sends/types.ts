/** What modules sent, as those see it who take it to its recipient. */

import type { Origin, OutcomeTaker, SenderOptions } from '../supervisor/types.js';
import type { CallEvent } from '../wire/call-event.js';
import type { MessageParamsInput, WireParams } from '../wire/params.js';

/** A message that a module sent and that waits for a server. */
export interface Send {
  readonly sentId: string;
  readonly module: string;
  /** Where the event came from in which it was sent. */
  readonly cause: Origin | null;
  readonly params: WireParams;
  readonly payload: Uint8Array;
}

/** A server that takes sends. */
export interface SendTaker {
  /** Its name. */
  readonly server: string;
  /** So many it takes without having acknowledged them. */
  readonly window: number;
  /** So many of each module; none unless given: `window` alone counts. Then large messages of one module do not hold up others. */
  readonly perModule?: number;
  /** Takes one. It comes to it once, and to another one only after {@link Attachment.detach}. */
  deliver(send: Send): void;
}

/** The connection of a taker. */
export interface Attachment {
  /** It has taken a send. @returns `false`: that is none which it has and has not acknowledged */
  acknowledge(sentId: string): boolean;
  /** It cannot deliver one: the module gets the status 0x80. @returns as {@link acknowledge} */
  refuse(sentId: string): boolean;
  /**
   * For a taker that keeps sends for a while, or tries again by itself: gives one up that has waited longer than `send_ttl`. Its
   * module gets the status 0x80.
   *
   * @returns the milliseconds that are left to it. 0: it is given up, or is none which the taker has and has not acknowledged
   */
  expire(sentId: string): number;
  /** It is gone: what it has not acknowledged waits again, in the order in which it was sent. */
  detach(): void;
}

/** Where takers come. */
export interface SendSource {
  /** Takes one in; of one name there is one at a time, and a newer one comes after the older one has left. */
  attach(taker: SendTaker): Attachment;
  /**
   * Makes the name of a server known: what its events cause waits for it, in later cores too. Resolves when a later core will
   * know it, or when that cannot be stored now. `null`: it is so now.
   */
  remember(server: string): Promise<void> | null;
  /** So many events of a server may be in progress, as what they cause waits for it. 0: it has to acknowledge first. */
  allowanceOf(server: string): number;
  /** Takes who is told when that may have grown. */
  onRoom(told: () => void): void;
  /**
   * Tells the module of a message what became of it. A module that cannot hear it now gets it later. Resolves when the module has
   * it, or it is kept in memory.
   *
   * @throws SupervisorError when it can be neither: `STATUS_NOT_KEPT` for one too many
   */
  status(status: StatusOfSend): Promise<void>;
}

/** What became of a message that a module sent. */
export interface StatusOfSend {
  sentId: string;
  status: number;
  /** What is left out is as the module sent it, as long as that is remembered. */
  params: MessageParamsInput;
  /** Who says it: what the module sends because of it is for this server. */
  server: string;
}

/** The supervisor, as far as sends need it. */
export interface SendsSupervisor {
  submit(event: CallEvent, origin: Origin | null, taker: OutcomeTaker, sentBy?: string): void;
  /** @returns whether the module was given it; `false`: it may be told again */
  tellSender(params: MessageParamsInput, status: number, options: SenderOptions): Promise<boolean>;
  /** Remembers what a module sent, for statuses that name it; what it remembers already stays. */
  recallSent?(sentId: string, params: WireParams): void;
}

/** The sends of one module, counted since the core began. */
export interface ModuleSends {
  /** They wait, those included that a server has and has not acknowledged. */
  waiting: number;
  delivered: number;
  refusedByServer: number;
  expired: number;
  consumed: number;
}

/** What waits, and what was counted since the core began. */
export interface SendCounters {
  /** Messages that wait, those included that a server has and has not acknowledged. */
  waiting: number;
  /** Their payloads and addresses. */
  bytes: number;
  /** Of those that wait: a server has them. */
  unacknowledged: number;
  /** Servers have acknowledged them. */
  delivered: number;
  /** Servers have refused them. */
  refused: number;
  /** They waited longer than `send_ttl`. */
  expired: number;
  /** `chain_sends`: modules of the chain have consumed them. */
  consumed: number;
}
