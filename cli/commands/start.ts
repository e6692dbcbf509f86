import { closeSync, writeSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { showText } from '../../src/config/text.js';
import { describeStopped } from '../../src/core/describe-stopped.js';
import type { Started } from '../../src/daemon.js';
import { isPath } from '../../src/module-names.js';
import { coreCommand, type Sentence, sentence } from '../../src/sentence.js';
import { endEarlySignals } from '../core/early-signals.js';
import { orderAll, waitingOf, withClient } from '../core/with-client.js';
import { directoriesOf, type GlobalOptions, isGiven, parseCount } from '../input/options.js';
import { EXIT, hasColour, printSentence, tell, UsageError } from '../terminal/io.js';
import { withProgress } from '../terminal/progress.js';

/** The configuration file unless another is given. */
export const DEFAULT_CONFIG = '/etc/mesibo/mesibo.conf';

interface StartOptions extends GlobalOptions {
  config: string;
  daemon?: boolean;
  strict?: boolean;
  reportFd?: number;
}

/** `start`: runs the core, here or in the background. */
export function addStart(program: Command): void {
  program
    .command('start')
    .description(
      'start the core and its modules, in the foreground or with --daemon; with NAMES, start stopped modules again',
    )
    .argument('[names...]', 'modules of a running core that "stop NAME" has stopped')
    .option('--config <file>', 'the configuration file', DEFAULT_CONFIG)
    .option('--daemon', 'run in the background; the command returns when every module is ready or refused')
    .option('--strict', 'fail if the configuration has warnings or a module is refused')
    .addOption(
      new Option('--report-fd <fd>', 'where a core in the background says that it serves')
        .argParser(parseCount)
        .hideHelp(),
    )
    .action(async (names: string[], _options, command: Command) => {
      const options = command.optsWithGlobals<StartOptions>();
      if (names.length > 0) {
        const given = (['config', 'daemon', 'strict'] as const).filter((name) => isGiven(command, name));
        if (given.length > 0) {
          throw new UsageError(
            `--${given[0]} starts a core; names start modules of a running core, so give only one of the two`,
          );
        }
        refuseFiles(names);
        endEarlySignals();
        await startModules(directoriesOf(options).runDir, names);
        return;
      }
      const directories = directoriesOf(options);
      const configFile = resolve(options.config);
      const strict = options.strict ?? false;
      if (options.daemon) {
        const { startInBackground } = await import('../core/background.js');
        const started = await withProgress(
          () => withClient(directories.runDir, (client) => waitingOf('start', client)()),
          startInBackground({ ...directories, configFile, strict }),
        );
        for (const warning of started.warnings) tell(warning, 'warn');
        for (const refusal of started.refused) tell(refusal, 'error');
        for (const name of started.stopped) tell(describeStopped(name));
        printSentence(describeStarted(started));
        return;
      }
      const { runDaemon } = await import('../../src/daemon.js');
      const { reportFd } = options;
      const exitCode = await runDaemon({
        ...directories,
        configFile,
        strict,
        ...(reportFd === undefined
          ? { stdout: { form: process.stdout.isTTY ? 'pretty' : 'json', colour: hasColour(process.stdout) } }
          : { stdout: null, onServing: (started: Started) => reportTo(reportFd, started) }),
      });
      // Here, because a full standard output must not hold up the end of a core.
      process.exit(exitCode);
    });
}

/** Whoever has no core yet would be told to start one. */
function refuseFiles(names: readonly string[]): void {
  const file = names.find(isPath);
  if (file === undefined) return;
  const what = `${showText(file)} is a file, and no name of a module`;
  throw new UsageError(sentence`${what}; to start a core with it: ${coreCommand('start', '--config', file)}`);
}

function describeStarted({ pid, modules, refused, stopped }: Started): Sentence {
  const ready = `${modules - refused.length - stopped.length} of ${modules} modules are ready`;
  return sentence`the core with pid ${pid} serves, ${ready}; to look at it: ${coreCommand('status')}`;
}

async function startModules(runDir: string, names: string[]): Promise<void> {
  const problems = await withClient(runDir, (client) =>
    orderAll(client, 'start', names, (name) => tell(`module ${name} serves`)),
  );
  for (const problem of problems) tell(problem.sentence, 'error');
  if (problems.length > 0) process.exitCode = EXIT.failed;
}

/** Whoever started the core may be gone: then nobody needs the report. */
function reportTo(fd: number, started: Started): void {
  try {
    writeSync(fd, `${JSON.stringify(started)}\n`);
    closeSync(fd);
  } catch {
    return;
  }
}
