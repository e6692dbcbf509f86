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

/** Why a reload concerns a module that runs already. */
export interface ModuleChange {
  module: string;
  /** Settings that differ, by their keys in the file: `deadline`, `limits.memory`, `env.NAME`, `config.KEY`. */
  settings: string[];
  /** The file at its path is another one than its process has loaded. `false` when the path itself has changed. */
  file: boolean;
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
  /** Changed, and left as they were because the reload was for others, or because they failed on probation meanwhile. */
  left: string[];
  /** Modules of this reload that an operator has stopped, so they were not started. They are in another list too. */
  stopped: string[];
  /** Global settings that changed and are now in use. */
  settings: string[];
  /** Global settings that changed and need a restart of the core. */
  needRestart: string[];
  /** What differs in modules that are replaced, configured or left; those without a difference are missing. */
  changes: ModuleChange[];
  /** Modules whose old hosts are kept for now, to take over again when the new ones fail. */
  probation: string[];
  /** Modules that failed on probation: they are as before the reload. Only of a reload that waits for the end of the probation. */
  wentBack: WentBack[];
  /**
   * Modules whose probation ended before its time, although nothing failed: the new process was not shown to hold. Only of a
   * reload that waits for the end of the probation.
   */
  cutShort: CutShort[];
}

/** What came of probations; the modules that have held are in neither list. */
export type ProbationReport = Pick<ReloadReport, 'wentBack' | 'cutShort'>;

/** A module whose probation ended before its time. */
export interface CutShort {
  module: string;
  /** How long the probation has lasted. */
  afterMs: number;
  /** `the module was stopped`, for example. */
  reason: string;
}

/** A module whose reload was taken back. */
export interface WentBack {
  module: string;
  reason: string;
}

/** A reload whose new hosts have taken over. */
export interface Takeover {
  report: ReloadReport;
  /** Resolves when no module of this reload is on probation any more, with those that have not held. Never rejects. */
  settled: Promise<ProbationReport>;
  /** What an operator may not have meant, a line each. */
  warnings: string[];
}

/** Everything `reload --json` says. */
export interface CoreReloadReport extends ReloadReport {
  /** It was only asked what a reload would do: nothing was changed. */
  dryRun: boolean;
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
