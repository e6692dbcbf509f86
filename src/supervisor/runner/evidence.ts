/** What a host's process leaves for reading, while it lives and when it is dead. Nothing in it is trusted. */

import type { BoxHeader } from '../../wire/black-box.js';
import type { CrashNote } from '../../wire/crash-note.js';
import type { RecordSink } from '../../wire/records.js';

/** The black box of one host, as the core reads it. */
export interface Evidence {
  /** As it was agreed when the run began, whatever the header says later. */
  readonly ringSize: number;
  /** Where the core notes how far it has come. */
  readonly notes: HandedOnNotes;
  /** Where large payloads reach the host beside its frames; `null`: they do not. */
  readonly payloads: Payloads | null;
  /** Makes `send_message` of the module fail from now on, or no longer. */
  closeSends(areClosed: boolean): void;
  /** The header as it is now; `null` when it no longer is one. */
  readHeader(): BoxHeader | null;
  /** What the process noted of its own end; `none`: it had no handler for that; `ready`: its handler was not called. */
  readCrashNote(): CrashNote | 'none' | 'ready';
  /** Reads what stands in the ring between two positions; returns how many bytes belong to no record. */
  readRing(from: number, head: number, sink: RecordSink): number;
}

/** How far the messages after a position were handed on; the next core reads it if this one is killed. */
export interface HandedOnNotes {
  /** What is sent from here on follows `position`, and `sends` messages after it were handed on already. */
  begin(position: number, sends?: number): void;
  /** One message was announced. */
  handedOn(): void;
  /** Everything before a position is safe. */
  reach(position: number): void;
}

/** Memory that a host reads and the core alone writes. */
export interface Payloads {
  /**
   * Copies a payload there.
   *
   * @returns its place, as `Place.at` has it; negative: there is no room for it now
   */
  put(bytes: Uint8Array, from: number, length: number): number;
  /** Nobody reads what was put at a place any more. */
  free(place: number): void;
}
