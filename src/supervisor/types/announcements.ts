/** What is announced while a supervisor runs. */

import type { ModuleSpec } from '../../config/types.js';
import type { Callback } from '../../wire/event-kinds.js';
import type { MessageParams } from '../../wire/params.js';
import type { Origin } from './origin.js';

/** A message that a module sent by `send_message`. */
export interface SentMessage {
  module: string;
  generation: number;
  /**
   * Names this message for `onMessageStatus`. It is unique, even after restarts, and the same if the message is announced again
   * after the core was killed. Its form may change.
   */
  sentId: string;
  /** As the module gave them. If it left `id` 0, the id is made from the sent id and is below 2^62. */
  params: MessageParams;
  payload: Buffer;
  /** Where the event came from that made the module send it; `null`: not known, or it sent the message by itself. */
  cause: Origin | null;
}

/** A line that a module logged, that its process printed, or that the supervisor has to say. */
export interface LogLine {
  /** Milliseconds since the epoch, when the core read it. */
  time: number;
  /** `null` for a line of the core itself. */
  module: string | null;
  generation: number | null;
  source: 'module' | 'stdout' | 'stderr' | 'supervisor';
  /** For `module`: the level that it gave. For `supervisor`: 0 error, 1 warning, 2 info. */
  level: number;
  text: string;
}

/** What became of a host process; `memory`: the system ran out of it; `limit`: it reached one of its own; `trial`: it tried an ABI that its module was not built for, and another is tried. */
export type DeathCause = 'crash' | 'exit' | 'hang' | 'unreachable' | 'memory' | 'limit' | 'start' | 'trial' | 'stop';

/** The unexpected deaths of a host that had served. */
export type FailureCause = Exclude<DeathCause, 'start' | 'trial' | 'stop'>;

/** `replacing`: the old host serves while its successor starts. */
export type ModuleState = 'stopped' | 'starting' | 'serving' | 'replacing' | 'backoff' | 'failed';

export type HostState = 'starting' | 'ready' | 'draining' | 'stopping' | 'exited';

/** A change in the life of a module or of one of its hosts. */
export type LifecycleEvent =
  | { kind: 'module'; module: string; from: ModuleState; to: ModuleState; reason: string | null }
  | { kind: 'spawned'; module: string; generation: number; pid: number; replica?: number }
  | { kind: 'ready'; module: string; generation: number; pid: number; startMicros: number; replica?: number }
  | {
      kind: 'exited';
      module: string;
      generation: number;
      pid: number;
      cause: DeathCause;
      signal: string | null;
      exitCode: number | null;
      /** One readable line: which module, what happened, what follows. */
      text: string;
      /** Names its crash card, which is written later; `null`: there is none. */
      card: string | null;
      replica?: number;
    };

/** The file of a module with `watch` has changed. */
export interface WatchEvent {
  module: string;
  /** Why the module goes on with the old file; `null`: the new one runs. */
  problem: string | null;
}

/** A module has failed on probation, and is as it was before its reload. */
export interface WentBackEvent {
  module: string;
  reason: string;
  /** The settings in use again. */
  spec: ModuleSpec;
}

/** What a supervisor announces. */
export interface SupervisorEvents {
  /**
   * A module sent a message. When nobody listens, or a listener throws, its status 0x80 (not delivered) goes back to the
   * module. Not announced where a `sendKeeper` takes what modules send.
   */
  message: [SentMessage];
  /** The same for watching only: listening to it does not take the message. Announced with and without a `sendKeeper`. */
  sent: [SentMessage];
  /** A module or one of its hosts changed its state. */
  lifecycle: [LifecycleEvent];
  /** What {@link Supervisor.callbacks} returns is another list from now on. */
  callbacks: [Callback[]];
  /** A module with `watch` was reloaded because its file has changed, or could not be. */
  watched: [WatchEvent];
  /** A module has failed on probation: its old process and its old settings are in use again. */
  wentBack: [WentBackEvent];
  /** A line of a module, of its process, or of the supervisor. */
  log: [LogLine];
}
