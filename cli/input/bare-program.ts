/** The command line before it has any verb. */

import { Command } from 'commander';
import { VERSION } from '../../src/paths.js';
import { nameCore, printError } from '../terminal/io.js';
import { coreOptionsOf } from './core-options.js';
import type { GlobalOptions } from './options.js';

/** What all verbs have in common. */
export function createBareProgram(): Command {
  return new Command('mesibo-modules')
    .description('Runs native messaging-server modules in supervised processes of their own.')
    .version(VERSION)
    .option('--run-dir <dir>', 'where the core keeps its lock and sockets (or MESIBO_RUN_DIR)')
    .option('--state-dir <dir>', 'where the core keeps its logs (or MESIBO_STATE_DIR)')
    .configureOutput({ outputError: (text) => printError(text, 'error') })
    .showHelpAfterError('(add --help to see the arguments and options)')
    .hook('preAction', (_, verb) => nameCore(coreOptionsOf(verb.optsWithGlobals<GlobalOptions>())))
    .exitOverride();
}
