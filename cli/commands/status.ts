import type { Command } from 'commander';
import { EXIT, printData } from '../io.js';
import { directoriesOf, type GlobalOptions } from '../options.js';
import { isServing, renderStatus } from '../render-status.js';

/** `status`: what the core and its modules are doing. */
export function addStatus(program: Command): void {
  program
    .command('status')
    .description('show the core and its modules; exits with 1 if a module that should be up does not serve')
    .option('--json', 'print one JSON document')
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & { json?: boolean }>();
      const { runDir } = directoriesOf(options);
      const { ControlClient } = await import('../../src/control/client.js');
      const client = await ControlClient.connect(runDir);
      try {
        const status = await client.status();
        printData(options.json ? JSON.stringify(status) : renderStatus(status, Date.now()));
        if (!isServing(status)) process.exitCode = EXIT.failed;
      } finally {
        client.close();
      }
    });
}
