/** Runs a command line, and turns every end into an exit code. */

import { type Command, CommanderError } from 'commander';
import { requireExactArguments } from './arguments.js';
import { EXIT, endPrinted, report, surviveClosedPipes } from './io.js';

/** Ends the process when the command has ended and all is printed. */
export async function runProgram(program: Command): Promise<void> {
  surviveClosedPipes();
  try {
    requireExactArguments();
    await program.parseAsync();
  } catch (error) {
    // Commander has printed what it had to say.
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    else process.exitCode = report(error);
  }
  endPrinted();
}
