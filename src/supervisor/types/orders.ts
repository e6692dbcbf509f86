/** What comes of orders. */

import type { SupervisorError } from '../../errors.js';

/** What came of an order for one module that was carried out. */
export interface OrderReport {
  /**
   * What is wrong although it was, a line each: the state directory cannot be written, so that the next start of the core will not
   * know of it; or what there is to know of a module that started.
   */
  warnings: string[];
}

/** What a reload did; each name stands in one of the lists of modules. */
export interface ReloadReport {
  /** A new generation took over. */
  replaced: string[];
  added: string[];
  removed: string[];
  /** Only settings changed that need no new process. */
  configured: string[];
  unchanged: string[];
  /** Changed, and left as they were because the reload was for others. */
  left: string[];
  /** Of those that were meant: stopped by an operator, so that nothing of them was started. They stand in another list too. */
  stopped: string[];
  /** Global settings that changed and hold from now on. */
  settings: string[];
  /** Global settings that changed and hold from the next start of the core on. */
  needRestart: string[];
}

/** Everything `reload --json` says. */
export interface CoreReloadReport extends ReloadReport {
  /** Settings that name a file with another secret in it, which holds from now on. */
  secrets: string[];
  /** Remarks on the configuration and on the modules that started, and what is wrong although the reload is done, a line each. */
  warnings: string[];
}

/** How a start ended. */
export interface StartReport {
  /** Modules that could not be started; the others serve, and these are tried again now and then. */
  refused: { module: string; error: SupervisorError }[];
  /** Modules that an operator had stopped; they stay so until `Supervisor.startModule`. */
  stopped: string[];
}
