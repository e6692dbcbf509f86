/** The types of a core's public face. */

import type { CoreConfig } from '../config/types.js';
import type {
  LifecycleEvent,
  LogLine,
  SentMessage,
  SupervisorOptions,
  WatchEvent,
  WentBackEvent,
} from '../supervisor/types.js';
import type { LogSink } from './core-log.js';

export type { MetricsPage } from '../metrics/types.js';

/** How a core is run. */
export interface CoreOptions extends Pick<SupervisorOptions, 'runDir' | 'boxDir' | 'subreaper'> {
  /** Where logs and all that must outlive a run are kept. Made with mode 0700 when it does not exist. One core at a time. */
  stateDir: string;
  /**
   * Gives the configuration when `mesibo-modules reload`, or {@link Core.reload} without one, asks for it. Without it such a
   * reload is refused.
   */
  reload?: () => CoreConfig | Promise<CoreConfig>;
  /** A warning of the configuration, or a refused module, fails the start; a warning fails a reload too. */
  strict?: boolean;
  /** The process ends when the core has ended, so `mesibo-modules stop` waits for that as well. */
  endsProcess?: boolean;
  /** Takes what is logged, entry by entry, as the log files have it. */
  logTo?: LogSink;
}

/** How a core ended. */
export interface CoreEnd {
  /** What it was stopped for, in words. */
  why: string;
  /** Why it could not be started, or what went wrong at its stop; `null`: nothing. */
  failure: Error | null;
}

/** How a core is stopped. */
export interface StopOptions {
  /** Do not wait for anything; also while another stop is in progress. */
  now?: boolean;
  /** What for, in words, for the log. */
  why?: string;
}

/** What a core announces. */
export interface CoreEventMap {
  /** A line of a module, of its process, of the supervisor, or of the core. */
  log: [LogLine];
  /** A module or one of its hosts changed its state. */
  lifecycle: [LifecycleEvent];
  /** A module sent a message. This is for who watches: to take messages, see {@link Core.takeSends}. */
  sent: [SentMessage];
  /** A module with `watch` was reloaded because its file has changed, or could not be. */
  watched: [WatchEvent];
  /** A module has failed on probation: its old process and its old settings are in use again. */
  wentBack: [WentBackEvent];
  /** The core begins to stop. */
  stopping: [why: string];
  /** A reload begins. */
  reloading: [];
  /** A reload has ended. `failure`: why nothing changed; `null`: it succeeded, or was refused. */
  reloaded: [failure: Error | null];
}
