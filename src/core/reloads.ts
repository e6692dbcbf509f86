/** The configuration of a running core: another one is taken when somebody asks for it. */

import { describeWarning, strictError } from '../config/load.js';
import type { CoreConfig } from '../config/types.js';
import { ConfigError, type ErrorCode, IllegalStateError, SupervisorError } from '../errors.js';
import { coreCommand, sentence } from '../sentence.js';
import { listWarnings } from '../supervisor/news/module-warnings.js';
import type { Supervisor } from '../supervisor/supervisor.js';
import type { CoreReloadReport, ModuleStatus } from '../supervisor/types.js';
import type { CoreLog } from './core-log.js';
import { describeReload, listStillDown } from './describe-reload.js';
import { readSecrets, type Secrets } from './secrets.js';

/** What reloads need. */
export interface ReloadsOptions {
  supervisor: Supervisor;
  log: CoreLog;
  /** Gives the configuration of a reload that brings none; `null`: such a reload is refused. */
  read: (() => CoreConfig | Promise<CoreConfig>) | null;
  /** A warning of the configuration fails the reload. */
  strict: boolean;
  /** The settings whose files have other secrets than those in use. */
  otherSecrets: (secrets: Secrets) => string[];
  /** A reload begins. */
  begun: () => void;
  /**
   * The modules use this configuration, so everything else follows, except modules that were left as they were. Never rejects.
   */
  adopt: (config: CoreConfig, secrets: Secrets, left: readonly string[]) => Promise<Adopted>;
  /**
   * It has ended. `config`: the configuration now in use, except for modules that were left as they were; `null`: none was
   * taken. `failure`: why it was not taken, if that is known.
   */
  ended: (config: CoreConfig | null, failure: Error | null, left: readonly string[]) => void;
}

/** What came of a configuration beside its modules. */
export interface Adopted {
  /** Settings whose files have new secrets, now in use. */
  secrets: string[];
  /** What is wrong although the reload is done; it was reported. */
  warnings: string[];
}

/** Takes and checks configurations; every outcome is logged. */
export class Reloads {
  readonly #options: ReloadsOptions;
  #failure: string | null = null;
  /** The module that has failed on probation, if that is {@link #failure}. */
  #takenBack: string | null = null;
  /** Settings that were changed and need a restart to take effect. */
  #pending: readonly string[] = [];
  #isGivenUp = false;

  constructor(options: ReloadsOptions) {
    this.#options = options;
  }

  /** That the last reload failed, until one succeeds, and what waits for a restart: in words. */
  problems(): string[] {
    const problems = this.#failure === null ? [] : [this.#failure];
    if (this.#pending.length > 0)
      problems.push(`changed, but needs a restart of the core: ${this.#pending.join(', ')}`);
    return problems;
  }

  /** A module has failed on probation. This is a problem until a reload succeeds, as a reload that failed at once is. */
  wentBack(module: string, reason: string): void {
    const why = reason.replaceAll('\n', '; ').replace(`module ${module}: `, '');
    this.#failure = `module ${module}: the reload was taken back at ${new Date().toISOString()}: ${why}; correct that and reload again`;
    this.#takenBack = module;
  }

  /** Another file of a watched module serves now: what was wrong with the one before is over. */
  tookFile(module: string): void {
    if (this.#takenBack === module) this.#end();
  }

  #end(): void {
    this.#failure = null;
    this.#takenBack = null;
  }

  /** The core stops: a reload that ends without effect has not failed. */
  giveUp(): void {
    this.#isGivenUp = true;
  }

  /**
   * Reloads.
   *
   * @param given - the configuration; `null`: what {@link ReloadsOptions.read} gives
   * @param modules - those that it is for; none: all that changed
   * @param options `wait`: also for the end of probations
   * @throws SupervisorError why nothing has changed.
   */
  async reload(
    given: CoreConfig | null,
    modules: readonly string[],
    { wait = true }: { wait?: boolean } = {},
  ): Promise<CoreReloadReport> {
    const { log, supervisor, begun, adopt, ended } = this.#options;
    begun();
    // Log rotation asks for a reload, so log files are opened again even if it fails.
    log.reopen();
    // After a reload, its caller expects to reach everything that is now in use.
    await supervisor.checkFiles();
    try {
      const config = await this.#read(given, modules);
      // What is wrong with their files changes nothing.
      const secrets = readSecrets(config);
      const { report, settled, warnings: doubts } = await supervisor.takeOver(config, { modules });
      const left = [...new Set([...report.left, ...listTakenBack(supervisor.status().modules)])];
      // A reload for some modules says nothing about the others. Now, as another one may fail while the rest is adopted.
      if (left.length === 0) this.#end();
      log.keep({ sizeBytes: config.logSizeBytes, keep: config.logKeep });
      this.#pending = report.needRestart;
      const warnings = [...config.warnings.map(describeWarning), ...doubts];
      for (const warning of warnings) log.say('warn', warning);
      const adopted = await adopt(config, secrets, left);
      const { modules: present } = supervisor.status();
      const started = present.filter(({ name }) => [...report.replaced, ...report.added].includes(name));
      const told = [...warnings, ...adopted.warnings, ...listWarnings(started), ...listStillDown(present, report)];
      const whole = { ...report, dryRun: false, secrets: adopted.secrets, warnings: told };
      log.say('info', `reloaded: ${describeReload(whole)}`);
      ended(config, null, left);
      return wait ? { ...whole, probation: [], ...(await settled) } : whole;
    } catch (error) {
      if (isRefused(error)) this.#refuse(error as Error);
      else this.#fail(error as Error);
      throw error;
    }
  }

  /**
   * Says what {@link reload} would do now. It changes nothing, and nothing of it is logged.
   *
   * @throws SupervisorError why a reload would change nothing, as far as that is known without a start
   */
  async plan(given: CoreConfig | null, modules: readonly string[]): Promise<CoreReloadReport> {
    const { supervisor, otherSecrets } = this.#options;
    const config = await this.#read(given, modules);
    const secrets = otherSecrets(readSecrets(config));
    const report = await supervisor.planReload(config, { modules });
    return { ...report, dryRun: true, secrets, warnings: config.warnings.map(describeWarning) };
  }

  async #read(given: CoreConfig | null, modules: readonly string[]): Promise<CoreConfig> {
    const { read, strict, supervisor } = this.#options;
    if (given === null && read === null) throw nothingToRead();
    const config = given ?? (await askFor(read));
    if (!Array.isArray(config?.modules)) throw noConfiguration();
    const error = strict ? strictError(config) : null;
    if (error) throw error;
    if (given === null && modules.length === 0) refuseEmpty(config, supervisor.conditions());
    return config;
  }

  /** It was not begun, or a stop ended it, so nothing is known about the configuration. */
  #refuse(error: Error): void {
    const { log, ended } = this.#options;
    log.say('warn', `no reload: ${error.message}`);
    ended(null, null, []);
  }

  #fail(error: Error): void {
    const { log, ended } = this.#options;
    if (this.#isGivenUp) return;
    const reason = error.message;
    log.say('error', `the reload failed: ${reason}`);
    this.#failure = `the reload of ${new Date().toISOString()} failed: ${reason.replaceAll('\n', '; ')}; correct that and reload again`;
    ended(null, error, []);
  }
}

/** @throws SupervisorError also for what a program's function throws */
async function askFor(read: ReloadsOptions['read']): Promise<CoreConfig | undefined> {
  try {
    return await read?.();
  } catch (cause) {
    if (cause instanceof SupervisorError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SupervisorError('RELOAD_FAILED', `the program could not give a configuration: ${why}`, { cause });
  }
}

function nothingToRead(): IllegalStateError {
  const what = `the core with pid ${process.pid} is part of a program, which has its configuration`;
  const remedy = 'let the program call reload with another one, or give "reload" to its Core';
  return new IllegalStateError('ILLEGAL_STATE', what, { remedy });
}

/**
 * A file that has lost its modules, as by a mistyped include, must not take all of them away. Who means it stops them first.
 *
 * @throws ConfigError `CONFIG_VALUE` when a module runs and none is left
 */
export function refuseEmpty(
  { modules, file, warnings }: Pick<CoreConfig, 'modules' | 'file' | 'warnings'>,
  present: readonly Pick<ModuleStatus, 'name' | 'desired'>[],
): void {
  const up = present.filter(({ desired }) => desired === 'up').map(({ name }) => name);
  if (modules.length > 0 || up.length === 0) return;
  const why = warnings.filter(({ position }) => position.line > 0).map((warning) => `; ${describeWarning(warning)}`);
  const what = `no module is configured, so all modules would be removed, which a reload does not do${why.join('')}`;
  const remedy = sentence`if you mean it, stop them before you reload: ${coreCommand('stop', ...up)}`;
  throw new ConfigError('CONFIG_VALUE', what, { file: file ?? 'configuration' }, { remedy });
}

function noConfiguration(): SupervisorError {
  const remedy = 'make one with loadConfig, parseConfig or makeConfig';
  return new SupervisorError('INVALID_ARGUMENT', 'reload was given something that is not a configuration', { remedy });
}

/** Modules may fail on probation before a reload is over: it waits for the messages that are under way. */
function listTakenBack(modules: readonly Pick<ModuleStatus, 'name' | 'takenBack'>[]): string[] {
  return modules.filter(({ takenBack }) => takenBack !== null).map(({ name }) => name);
}

const REFUSALS: readonly ErrorCode[] = ['MODULE_UNKNOWN', 'ILLEGAL_STATE'];

/** Whether an order was at fault: one that could not be understood, or came at the wrong time. */
function isRefused(error: unknown): boolean {
  return error instanceof SupervisorError && REFUSALS.includes(error.code);
}
