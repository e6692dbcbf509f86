/** A message that a module sent, as its record has it. */

import type { WireParams } from '../../wire/params.js';
import type { Origin } from '../types.js';

/** Bytes are views of the record, good as long as it is. */
export interface SentRecord {
  readonly params: WireParams;
  readonly payload: Uint8Array;
  /** Of its record in the black box of its host. */
  readonly position: number;
  /** Where the event came from that caused it; `null`: not known, or there is none. */
  readonly cause: Origin | null;
}
