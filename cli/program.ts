/** Every verb of the command line, put together; running it is left to the caller. */

import type { Command } from 'commander';
import { CLIENT_VERBS } from './client-verbs.js';
import { addCheck } from './commands/check.js';
import { addCompletion } from './commands/completion.js';
import { addCrashes } from './commands/crashes.js';
import { addDemo } from './commands/demo.js';
import { addHelp } from './commands/help.js';
import { addQuarantine } from './commands/quarantine.js';
import { addRun } from './commands/run.js';
import { addStart } from './commands/start.js';
import { addTry } from './commands/try.js';
import { createBareProgram } from './input/bare-program.js';

/** The whole command line, as `main.ts` runs it and as its documentation is made from. */
export function createProgram(): Command {
  const program = createBareProgram();
  const { stop, reload, restart, reset, status, list, describe, logs, shadow, promote, send } = CLIENT_VERBS;
  const orders = [addStart, stop, reload, restart, reset, promote];
  const views = [status, list, describe, logs, shadow, addCrashes, addQuarantine];
  const others = [addCheck, send, addRun, addCompletion, addHelp];
  for (const add of [addTry, addDemo, ...orders, ...views, ...others]) add(program);
  return program;
}
