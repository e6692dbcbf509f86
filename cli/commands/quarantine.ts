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
import type { QuarantineOptions } from './quarantine/options.js';

const ACTIONS = ['list', 'show', 'release', 'replay'] as const;
type Action = (typeof ACTIONS)[number];

/** `json` is for all of them. */
const VERB: ActionVerb<Action, QuarantineOptions> = {
  name: 'quarantine',
  actions: ACTIONS,
  onlyFor: {
    module: ['list', 'release'],
    all: ['release'],
    gdb: ['replay'],
    valgrind: ['replay'],
    anyBuild: ['replay'],
    config: ['replay'],
  },
  meantBy: (given) => (/-[0-9a-f]{12}$/.test(given) ? `to see that message: quarantine show ${given}` : null),
};

const HELP = `
A message that ended the process of a module is in quarantine: this build of
the module does not get it again. An ID may be shortened to a beginning that no
other has, also without the name of the module.

  mesibo-modules quarantine                      which messages are withheld
  mesibo-modules quarantine release ID           give one to its module again
  mesibo-modules quarantine release --all        give all of them again
  mesibo-modules quarantine replay ID --gdb      see where it kills the module

replay is "crashes replay" with the crash card of the message.`;

/** `quarantine`: the messages that modules do not get because they killed them. */
export function addQuarantine(program: Command): void {
  const verb = program
    .command('quarantine')
    .description('list, show, release or replay the messages that are withheld from modules because they killed them');
  addReplayOptions(
    addAction(verb, ACTIONS)
      .argument('[id]', 'the ID of a message in quarantine, or its beginning')
      .option('--module <name>', 'list, release --all: only the messages of this module')
      .option('--all', 'release: all of them'),
  )
    .option('--json', 'print one JSON document')
    .addHelpText('after', HELP)
    .action(async (given: string | undefined, message: string | undefined, _options, command: Command) => {
      const options = command.optsWithGlobals<QuarantineOptions>();
      const action = readAction(VERB, given, message);
      check(action, message, options);
      const directories = await findStoredDirectories(options);
      switch (action) {
        case 'list': {
          const { listQuarantine } = await import('./quarantine/list.js');
          return listQuarantine(directories, options);
        }
        case 'show': {
          const { showQuarantined } = await import('./quarantine/show.js');
          return showQuarantined(directories, message as string, options);
        }
        case 'release': {
          const { releaseQuarantined } = await import('./quarantine/release.js');
          return releaseQuarantined(directories, message ?? null, options);
        }
        case 'replay': {
          const { replayQuarantined } = await import('./quarantine/replay.js');
          return replayQuarantined(directories, message as string, options);
        }
      }
    });
}

/** @throws UsageError for what does not fit together */
function check(action: Action, message: string | undefined, options: QuarantineOptions): void {
  checkOptions(VERB, action, options);
  if (action === 'list' && message !== undefined)
    throw new UsageError('quarantine list takes no ID; to see one: quarantine show ID; for one module: --module NAME');
  if (action === 'release') {
    if ((message === undefined) === (options.all === undefined))
      throw new UsageError(
        'quarantine release takes either the ID of a message or --all; quarantine list shows the ids',
      );
    if (options.module !== undefined && !options.all) throw new UsageError('give --module only together with --all');
  }
  if ((action === 'show' || action === 'replay') && message === undefined)
    throw new UsageError(`quarantine ${action} needs the ID of a message; quarantine list shows the ids`);
  checkReplayOptions(options);
}
