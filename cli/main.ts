#!/usr/bin/env node
/** The command line: runs it, and turns every end into an exit code. */

// This one first: a signal may come while the others are loaded.
import './core/early-signals.js';
import { CommanderError } from 'commander';
import { createProgram } from './program.js';
import { EXIT, endPrinted, report, surviveClosedPipes } from './terminal/io.js';

surviveClosedPipes();
void run();

async function run(): Promise<void> {
  try {
    await createProgram().parseAsync();
  } catch (error) {
    // Commander has printed what it had to say.
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    else process.exitCode = report(error);
  }
  endPrinted();
}
