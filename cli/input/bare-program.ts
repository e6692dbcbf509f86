/** The command line before it has any verb. */

import { Command, Help } from 'commander';
import { VERSION } from '../../src/paths.js';
import { nameCore, printError } from '../terminal/io.js';
import { coreOptionsOf } from './core-options.js';
import type { GlobalOptions } from './options.js';

/** Verbs that work without a running core, and so have no use for its directories. */
const WITHOUT_A_CORE = new Set(['try', 'demo', 'check', 'run', 'completion', 'help']);

/** What all verbs have in common. */
export function createBareProgram(): Command {
  return new Command('mesibo-modules')
    .description('Runs native messaging-server modules in supervised processes of their own.')
    .version(VERSION)
    .option('--run-dir <dir>', 'where the core keeps its lock and sockets (or MESIBO_RUN_DIR)')
    .option('--state-dir <dir>', 'where the core keeps its logs (or MESIBO_STATE_DIR)')
    .configureHelp({ showGlobalOptions: true, visibleGlobalOptions })
    .configureOutput({ outputError: (text) => printError(text, 'error') })
    .showHelpAfterError('(add --help to see the arguments and options)')
    .hook('preAction', (_, verb) => nameCore(coreOptionsOf(verb.optsWithGlobals<GlobalOptions>())))
    .exitOverride();
}

/** Those that make a difference to a verb. */
function visibleGlobalOptions(this: Help, verb: Command) {
  if (WITHOUT_A_CORE.has(verb.name())) return [];
  return Help.prototype.visibleGlobalOptions.call(this, verb).filter(({ long }) => long !== '--version');
}
