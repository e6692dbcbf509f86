import { Argument, type Command } from 'commander';
import { findStoredDirectories } from '../core/stored-directories.js';
import { UsageError } from '../terminal/io.js';
import type { CrashesOptions } from './crashes/options.js';

const ACTIONS = ['list', 'show', 'replay'] as const;
type Action = (typeof ACTIONS)[number];

/** Options that only one action takes, by their names; `json` is for all. */
const ONLY_FOR: Partial<Record<keyof CrashesOptions, Action>> = {
  module: 'list',
  all: 'list',
  body: 'show',
  gdb: 'replay',
  valgrind: 'replay',
  anyBuild: 'replay',
  config: 'replay',
};

const HELP = `
An ID may be shortened to a beginning that no other has. The name of a module
stands for its last crash, and "last" for the last crash of all.

  mesibo-modules crashes                    what crashed; the same crash once
  mesibo-modules crashes show last          the report of the last crash
  mesibo-modules crashes replay last --gdb  the same messages again, under gdb

replay exits with 0 if the module dies again at the same place, else with 1.`;

/** `crashes`: what is known of each death, and the death again. */
export function addCrashes(program: Command): void {
  program
    .command('crashes')
    .description('list the crashes, show the report of one, or replay one; works without a running core')
    // Read below: what is not among them may be an id, and then the message says more.
    .addArgument(new Argument('[action]', 'list, show or replay; list unless given').choices(ACTIONS).argParser(String))
    .argument('[crash]', 'the ID of a crash; its beginning, the name of a module or "last" will do')
    .option('--module <name>', 'list: only the crashes of this module')
    .option('--all', 'list: every crash in a line of its own, also those that are the same')
    .option('--body', 'show: with the bodies of the messages that were kept')
    .option('--gdb', 'replay: under gdb, which prints the backtrace')
    .option('--valgrind', 'replay: under valgrind, which prints what is wrong with the memory')
    .option('--any-build', 'replay: the file that is there now, also when it has changed since the crash')
    .option('--config <file>', "replay: the configuration with the module's own settings (default: that of the core)")
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action(async (given: string | undefined, crash: string | undefined, _options, command: Command) => {
      const options = command.optsWithGlobals<CrashesOptions>();
      const action = readAction(given, crash);
      check(action, crash, options);
      const directories = await findStoredDirectories(options);
      if (action === 'list') {
        const { listCrashes } = await import('./crashes/list.js');
        return listCrashes(directories, options);
      }
      if (action === 'show') {
        const { showCrash } = await import('./crashes/show.js');
        return showCrash(directories, crash as string, options);
      }
      const { replayCrash } = await import('./crashes/replay.js');
      return replayCrash(directories, crash as string, options);
    });
}

/** @throws UsageError for what is none */
function readAction(given: string | undefined, crash: string | undefined): Action {
  const action = ACTIONS.find((one) => one === (given ?? 'list'));
  if (action !== undefined) return action;
  const isId = crash === undefined && /-\d{8}T\d{6}Z-\d+$|^last$/.test(given ?? '');
  throw new UsageError(
    isId
      ? `to see the report of that crash: crashes show ${given}`
      : `crashes takes ${ACTIONS.join(', ')}, and not ${JSON.stringify(given)}`,
  );
}

function check(action: Action, crash: string | undefined, options: CrashesOptions): void {
  if (action === 'list' && crash !== undefined)
    throw new UsageError('crashes list takes no ID; to see one: crashes show ID; for one module: --module NAME');
  if (action !== 'list' && crash === undefined)
    throw new UsageError(`crashes ${action} needs the ID of a crash, or "last"; crashes list shows the ids`);
  for (const [option, only] of Object.entries(ONLY_FOR)) {
    if (options[option as keyof CrashesOptions] === undefined || only === action) continue;
    throw new UsageError(
      `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} is for crashes ${only}`,
    );
  }
  if (options.gdb && options.valgrind) throw new UsageError('give either --gdb or --valgrind, not both');
}
