/** Every verb of the command line, put together; running it is left to the caller. */

import { Command } from 'commander';
import { VERSION } from '../src/paths.js';
import { addCheck } from './commands/check.js';
import { addCompletion } from './commands/completion.js';
import { addDemo } from './commands/demo.js';
import { addDescribe } from './commands/describe.js';
import { addHelp } from './commands/help.js';
import { addList } from './commands/list.js';
import { addLogs } from './commands/logs.js';
import { addReload } from './commands/reload.js';
import { addReset } from './commands/reset.js';
import { addRestart } from './commands/restart.js';
import { addRun } from './commands/run.js';
import { addSend } from './commands/send.js';
import { addStart } from './commands/start.js';
import { addStatus } from './commands/status.js';
import { addStop } from './commands/stop.js';
import { addTry } from './commands/try.js';
import { coreOptionsOf } from './input/core-options.js';
import type { GlobalOptions } from './input/options.js';
import { nameCore } from './terminal/io.js';

/** The whole command line, as `main.ts` runs it and as its documentation is made from. */
export function createProgram(): Command {
  const program = new Command('mesibo-modules')
    .description('Runs native messaging-server modules in supervised processes of their own.')
    .version(VERSION)
    .option('--run-dir <dir>', 'where the core keeps its lock and sockets (or MESIBO_RUN_DIR)')
    .option('--state-dir <dir>', 'where the core keeps its logs (or MESIBO_STATE_DIR)')
    .showHelpAfterError('(add --help for what may be given)')
    .hook('preAction', (_, verb) => nameCore(coreOptionsOf(verb.optsWithGlobals<GlobalOptions>())))
    .exitOverride();
  const orders = [addStart, addStop, addReload, addRestart, addReset];
  const views = [addStatus, addList, addDescribe, addLogs];
  const others = [addCheck, addSend, addRun, addCompletion, addHelp];
  for (const add of [addTry, addDemo, ...orders, ...views, ...others]) add(program);
  return program;
}
