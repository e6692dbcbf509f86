import type { Command } from 'commander';
import { withClient } from '../core/with-client.js';
import { directoriesOf, type GlobalOptions } from '../input/options.js';
import { renderShadow } from '../render/shadow.js';
import { printData, viewOf } from '../terminal/io.js';

interface ShadowOptions extends GlobalOptions {
  json?: boolean;
  reset?: boolean;
}

/** `shadow`: how a shadow compares with the module that it shadows. */
export function addShadow(program: Command): void {
  program
    .command('shadow')
    .description('show how a shadow compares with the module that it shadows, with the messages on which they disagree')
    .argument('<name>', 'the shadow')
    .option('--reset', 'count from 0 after this')
    .option('--json', 'print one JSON document')
    .action(async (name: string, _options, command: Command) => {
      const options = command.optsWithGlobals<ShadowOptions>();
      const { runDir } = directoriesOf(options);
      const report = await withClient(runDir, (client) => client.shadow(name, options.reset ?? false));
      printData(options.json ? JSON.stringify(report) : renderShadow(report, viewOf(process.stdout)));
    });
}
