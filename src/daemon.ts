/** The core as a process of its own: what a process needs beside the core that it runs. */

import { describeWarning, loadConfig, strictError } from './config/load.js';
import { Core } from './core/core.js';
import { HangUps } from './daemon/hang-ups.js';
import { takeServiceManager } from './daemon/service-manager.js';
import { onSignals } from './daemon/signals.js';
import { openStdoutLog, type StdoutForm } from './daemon/stdout-log.js';
import { exitAtOnce, nameProcess } from './libc.js';
import { listWarnings } from './supervisor/news/module-warnings.js';

/** How a core is run. */
export interface DaemonOptions {
  configFile: string;
  /** Absolute. */
  runDir: string;
  /** Absolute. */
  stateDir: string;
  /** A warning of the configuration, or a refused module, fails the start. */
  strict: boolean;
  /** How to log on standard output, besides the files; `null`: not at all. */
  stdout: StdoutForm | null;
  /** Called once the core serves. */
  onServing?: (started: Started) => void;
}

/** How a start went that did not fail. */
export interface Started {
  pid: number;
  /** How many there are. */
  modules: number;
  /** One line for each module that could not be started. */
  refused: string[];
  /** The modules that an operator had stopped. */
  stopped: string[];
  /** One line for each remark on the configuration, the core and the modules that started. */
  warnings: string[];
}

/** A core that ends because of an internal error has so long to end well. Its hosts end with its process in any case. */
const FATAL_MS = 10_000;

/**
 * Runs a core until a signal or the control socket asks it to stop. A second signal ends it at once.
 *
 * @returns the exit code: 0 after a stop that was asked for, 1 after an internal error.
 * @throws ConfigError, DirectoryError, or with `strict` ModuleLoadError, when the core could not be started; nothing
 * of it is left then.
 */
export async function runDaemon(options: DaemonOptions): Promise<number> {
  nameProcess('mesibo-core');
  const { configFile, runDir, stateDir, strict } = options;
  const config = loadConfig(configFile);
  const problem = strict ? strictError(config) : null;
  if (problem) throw problem;
  const stdout = options.stdout && openStdoutLog(options.stdout);
  const core = new Core(config, {
    runDir,
    stateDir,
    strict,
    subreaper: true,
    endsProcess: true,
    // A pipe that nobody writes to must not hold up the core.
    reload: () => loadConfig(configFile, { neverWait: true }),
    ...(stdout && { logTo: (entry, line) => stdout.write(entry, line) }),
  });
  let exitCode = 1;
  try {
    exitCode = await runToItsEnd(core, (stopped, refused) => {
      const { core: own, modules } = core.status();
      const warnings = [...config.warnings.map(describeWarning), ...own.problems, ...listWarnings(modules)];
      options.onServing?.({ pid: process.pid, modules: config.modules.length, refused, stopped, warnings });
    });
    return exitCode;
  } finally {
    // An exit waits for the threads of Node's pool, and one of them hangs in a write that nobody reads. All else is done by now.
    if ((await stdout?.close()) === false) exitAtOnce(exitCode);
  }
}

/** Starts a core and waits for its end; signals, the service manager and mistakes of this program have their say. */
async function runToItsEnd(core: Core, onServing: (stopped: string[], refused: string[]) => void): Promise<number> {
  const manager = takeServiceManager(core);
  // What they come to is logged.
  const hangUps = new HangUps(() => core.reload(undefined, { wait: false }).catch(() => undefined));
  let exitCode = 0;
  let serves = false;
  onSignals({
    stop: (signal) => void core.stop({ why: `${signal} received` }),
    stopNow: (signal) => void core.stop({ why: `${signal} received again`, now: true }),
    reload: () => hangUps.add(),
    meaningless: (signal) => core.say('info', `${signal} received; a core ignores it`),
  });
  core.once('stopping', () => hangUps.close());
  let deadline: NodeJS.Timeout | undefined;
  // The state of the core is unknown now: its hosts end with it, and a service manager starts it again.
  const onBug = (error: unknown) => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    exitCode = 1;
    // Its end may be what fails.
    deadline ??= setTimeout(() => exitAtOnce(1), FATAL_MS);
    core.say('fatal', `internal error, the core ends: ${text}`);
    void core.stop({ why: 'internal error', now: true });
  };
  process.on('uncaughtException', onBug);
  process.on('unhandledRejection', onBug);
  try {
    const serve = ({ stopped, refused }: Awaited<ReturnType<Core['start']>>) => {
      serves = true;
      manager.serving();
      hangUps.open();
      // Logged when they were found.
      const refusals = refused.map(({ error }) => error.message);
      onServing(stopped, refusals);
    };
    // The end reports why it failed.
    core.start().then(serve, () => undefined);
    const { failure } = await core.ended;
    if (failure && !serves) throw failure;
    return failure ? 1 : exitCode;
  } finally {
    clearTimeout(deadline);
    manager.close();
    process.off('uncaughtException', onBug);
    process.off('unhandledRejection', onBug);
  }
}
