import type { Command } from 'commander';
import { waitForCore, waitingOf, withClient } from '../core/with-client.js';
import { directoriesOf, type GlobalOptions } from '../input/options.js';
import { renderPromotion } from '../render/promotion.js';
import { printData, tell, viewOf } from '../terminal/io.js';

const HELP = `
After that the module of the chain runs what the shadow ran, and the shadow runs
what the module ran. "promote" again exchanges them back. The name, the
directory, the deadlines and the queue stay where they are.

The configuration file stays as it is, and the next reload or start goes by it.
So change the lines that this command prints.`;

/** `promote`: the version of a shadow takes the place of the module that it shadows. */
export function addPromote(program: Command): void {
  program
    .command('promote')
    .description('let a shadow and the module that it shadows exchange their versions, without losing a message')
    .argument('<name>', 'the shadow')
    .option('--json', 'print what was done as one JSON document')
    .addHelpText('after', HELP)
    .action(async (name: string, _options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & { json?: boolean }>();
      await withClient(directoriesOf(options).runDir, async (client) => {
        const waiting = waitingOf('promote', client);
        const report = await waitForCore(`promote ${name}`, waiting, client.promote(name));
        for (const warning of report.warnings) tell(warning, 'warn');
        if (options.json) return printData(JSON.stringify(report));
        const { core } = await client.status();
        printData(renderPromotion(report, viewOf(process.stdout), core.config));
      });
    });
}
