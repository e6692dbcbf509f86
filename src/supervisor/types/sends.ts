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
  /**
   * Resolves when nobody needs to wait any longer: everything taken so far outlives the core, or the keeper has given up and
   * has it only in memory. `null`: this is so now. Never rejects.
   */
  settled(): Promise<unknown> | null;
  /** Resolves as {@link settled}, with whether all that was taken so far really outlives the core. */
  isSafe(): Promise<boolean>;
  /** Whether `send_message` of a module is to be refused now, because too much waits. */
  isFull(module: string): boolean;
  /** Takes who is told when that changes for a module. */
  onFull(told: (module: string, isFull: boolean) => void): void;
}
