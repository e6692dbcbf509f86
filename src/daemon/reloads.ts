/** The configuration of a running core: read again when somebody asks for it. */

import { describeWarning, loadConfig, strictError } from '../config/load.js';
import type { CoreConfig } from '../config/types.js';
import { type ErrorCode, SupervisorError } from '../errors.js';
import type { Supervisor } from '../supervisor/supervisor.js';
import type { CoreReloadReport } from '../supervisor/types.js';
import type { CoreLog } from './core-log.js';
import { describeReload } from './describe-reload.js';
import type { Onlookers } from './onlookers.js';

/** What reloads need. */
export interface ReloadsOptions {
  supervisor: Supervisor;
  log: CoreLog;
  configFile: string;
  /** A warning of the configuration fails the reload. */
  strict: boolean;
  onlookers: Onlookers;
}

/** Reads, checks and takes the configuration file; every outcome is logged. */
export class Reloads {
  readonly #options: ReloadsOptions;
  #failure: string | null = null;
  #isGivenUp = false;

  constructor(options: ReloadsOptions) {
    this.#options = options;
  }

  /** That the last reload failed, in words, until one succeeds. */
  problems(): string[] {
    return this.#failure === null ? [] : [this.#failure];
  }

  /** The core stops: a reload that ends without effect has not failed. */
  giveUp(): void {
    this.#isGivenUp = true;
  }

  /**
   * Reloads.
   *
   * @param modules - those that it is for; none: all that changed
   * @throws SupervisorError why nothing has changed.
   */
  async reload(modules: string[]): Promise<CoreReloadReport> {
    const { log, supervisor, onlookers } = this.#options;
    onlookers.reloading();
    // Who rotates logs asks for a reload, whatever comes of it.
    log.reopen();
    // Whoever reloads expects what is in force afterwards to be reached.
    await supervisor.checkFiles();
    try {
      const config = this.#read();
      const report = await supervisor.reload(config, { modules });
      log.keep({ sizeBytes: config.logSizeBytes, keep: config.logKeep });
      const warnings = config.warnings.map(describeWarning);
      for (const warning of warnings) log.say('warn', warning);
      log.say('info', `reloaded: ${describeReload(report)}`);
      // One that left others as they were says nothing of them.
      if (report.left.length === 0) this.#failure = null;
      onlookers.reloaded(null, config);
      return { ...report, warnings };
    } catch (error) {
      if (isRefused(error)) this.#refuse((error as Error).message);
      else this.#fail((error as Error).message);
      throw error;
    }
  }

  #read(): CoreConfig {
    const config = loadConfig(this.#options.configFile, { neverWait: true });
    const error = this.#options.strict ? strictError(config) : null;
    if (error) throw error;
    return config;
  }

  /** It was not begun, or a stop ended it: nothing is known of what the file asks for. */
  #refuse(reason: string): void {
    const { log, onlookers } = this.#options;
    log.say('warn', `no reload: ${reason}`);
    onlookers.reloaded(null, null);
  }

  #fail(reason: string): void {
    const { log, onlookers } = this.#options;
    if (this.#isGivenUp) return;
    log.say('error', `the reload failed: ${reason}`);
    this.#failure = `the reload of ${new Date().toISOString()} failed: ${reason.replaceAll('\n', '; ')}; correct that and reload again`;
    onlookers.reloaded(reason, null);
  }
}

const REFUSALS: readonly ErrorCode[] = ['MODULE_UNKNOWN', 'ILLEGAL_STATE'];

/** Whether an order was at fault: one that could not be understood, or came at the wrong time. */
function isRefused(error: unknown): boolean {
  return error instanceof SupervisorError && REFUSALS.includes(error.code);
}
