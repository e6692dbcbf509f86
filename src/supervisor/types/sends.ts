/** Who keeps what modules send. */

import type { WireParams } from '../../wire/params.js';
import type { SentMessage } from './announcements.js';

/** Keeps what modules send until a server has taken it. It lives as long as its supervisor. */
export interface SendKeeper {
  /**
   * Takes a message. One with a known sent id is one that it has.
   *
   * @param params as the module has them, to be kept
   */
  keep(sent: SentMessage, params: WireParams): void;
  /** Resolves when all that was taken so far outlives the core; `null`: it does. Never rejects. */
  settled(): Promise<void> | null;
  /** Whether `send_message` of a module shall be refused now, since too much waits. */
  isFull(module: string): boolean;
  /** Takes who is told when that changes for a module. */
  onFull(told: (module: string, isFull: boolean) => void): void;
}
