import type { Command } from 'commander';
import { findStoredDirectories } from '../core/stored-directories.js';
import { UsageError } from '../terminal/io.js';
import {
  type ActionVerb,
  addAction,
  addReplayOptions,
  checkOptions,
  checkReplayOptions,
  readAction,
} from './actions.js';
import type { CrashesOptions } from './crashes/options.js';

const ACTIONS = ['list', 'show', 'replay'] as const;
type Action = (typeof ACTIONS)[number];

/** `json` is for all of them. */
const VERB: ActionVerb<Action, CrashesOptions> = {
  name: 'crashes',
  actions: ACTIONS,
  onlyFor: {
    module: ['list'],
    all: ['list'],
    body: ['show'],
    gdb: ['replay'],
    valgrind: ['replay'],
    anyBuild: ['replay'],
    config: ['replay'],
  },
  meantBy: (given, next) =>
    next === undefined && /-\d{8}T\d{6}Z-\d+$|^last$/.test(given)
      ? `to see the report of that crash: crashes show ${given}`
      : null,
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
  const verb = program
    .command('crashes')
    .description('list the crashes, show the report of one, or replay one; works without a running core');
  addReplayOptions(
    addAction(verb, ACTIONS)
      .argument('[crash]', 'the ID of a crash; its beginning, the name of a module or "last" will do')
      .option('--module <name>', 'list: only the crashes of this module')
      .option('--all', 'list: every crash in a line of its own, also those that are the same')
      .option('--body', 'show: with the bodies of the messages that were kept'),
  )
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action(async (given: string | undefined, crash: string | undefined, _options, command: Command) => {
      const options = command.optsWithGlobals<CrashesOptions>();
      const action = readAction(VERB, given, crash);
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

function check(action: Action, crash: string | undefined, options: CrashesOptions): void {
  if (action === 'list' && crash !== undefined)
    throw new UsageError('crashes list takes no ID; to see one: crashes show ID; for one module: --module NAME');
  if (action !== 'list' && crash === undefined)
    throw new UsageError(`crashes ${action} needs the ID of a crash, or "last"; crashes list shows the ids`);
  checkOptions(VERB, action, options);
  checkReplayOptions(options);
}
