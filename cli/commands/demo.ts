import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Command } from 'commander';
import { PACKAGE_ROOT } from '../../src/paths.js';

/** `demo`: the samples in a core of their own, for somebody who has just installed the package. */
export function addDemo(program: Command): void {
  program
    .command('demo')
    .description('show what a core does, with the sample modules: messages, a crash in the middle, a restart')
    .action(async () => {
      // Sets the exit code itself.
      await import(pathToFileURL(join(PACKAGE_ROOT, 'scripts/demo.mjs')).href);
    });
}
