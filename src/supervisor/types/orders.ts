/** What comes of orders. */

import type { SupervisorError } from '../../errors.js';

/** What came of an order for one module that was carried out. */
export interface OrderReport {
  /**
   * What is wrong although it was carried out, a line each: the state directory cannot be written, so the next start of the core
   * will not know the order; or a warning about a module that started.
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
  /** Modules of this reload that an operator has stopped, so they were not started. They are in another list too. */
  stopped: string[];
  /** Global settings that changed and are now in use. */
  settings: string[];
  /** Global settings that changed and need a restart of the core. */
  needRestart: string[];
}

/** Everything `reload --json` says. */
export interface CoreReloadReport extends ReloadReport {
  /** Settings whose file has a new secret, now in use. */
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
