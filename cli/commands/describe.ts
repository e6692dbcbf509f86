import type { Command } from 'commander';
import { withClient } from '../core/with-client.js';
import { directoriesOf, type GlobalOptions } from '../input/options.js';
import { renderDescription } from '../render/describe.js';
import { printData, viewOf } from '../terminal/io.js';

/** `describe`: everything about one module. */
export function addDescribe(program: Command): void {
  program
    .command('describe')
    .description('show everything about one module: its settings and where each came from, its processes, its counters')
    .argument('<name>', 'the module')
    .option(
      '--reveal',
      'show secrets: values whose names say that they are secret, values from files, and passwords in values',
    )
    .option('--json', 'print one JSON document')
    .action(async (name: string, _options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & { json?: boolean; reveal?: boolean }>();
      await withClient(directoriesOf(options).runDir, async (client) => {
        const description = await client.describe(name, { reveal: options.reveal ?? false });
        if (options.json) return printData(JSON.stringify(description));
        const { core } = await client.status();
        printData(renderDescription(description, viewOf(process.stdout), core.config));
      });
    });
}
