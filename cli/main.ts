#!/usr/bin/env node
/** The command line: wires the commands, and turns every end into an exit code. */

import { Command, CommanderError } from 'commander';
import { VERSION } from '../src/paths.js';
import { addCheck } from './commands/check.js';
import { addLogs } from './commands/logs.js';
import { addRun } from './commands/run.js';
import { addSend } from './commands/send.js';
import { addStart } from './commands/start.js';
import { addStatus } from './commands/status.js';
import { addStop } from './commands/stop.js';
import { EXIT, report, surviveClosedPipes } from './io.js';

const program = new Command('mesibo-modules')
  .description('Runs native messaging-server modules in supervised processes of their own.')
  .version(VERSION)
  .option('--run-dir <dir>', 'where the core keeps its lock and sockets (or MESIBO_RUN_DIR)')
  .option('--state-dir <dir>', 'where the core keeps its logs (or MESIBO_STATE_DIR)')
  .showHelpAfterError('(add --help for what may be given)')
  .exitOverride();

addStart(program);
addStop(program);
addStatus(program);
addCheck(program);
addSend(program);
addLogs(program);
addRun(program);

surviveClosedPipes();
try {
  await program.parseAsync();
} catch (error) {
  // Commander has printed what it had to say.
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  else process.exitCode = report(error);
}
// Written to its end, and nothing that a command left open may keep the process.
process.stdout.write('', () => process.exit());
