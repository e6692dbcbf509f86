import type { Command } from 'commander';
import { withClient } from '../core/with-client.js';
import { directoriesOf, type GlobalOptions } from '../input/options.js';
import { listToJson, renderList } from '../render/list.js';
import { printData, viewOf } from '../terminal/io.js';

/** `list`: which modules there are. */
export function addList(program: Command): void {
  program
    .command('list')
    .description('list the modules in the order of the chain, with state, ABI and file')
    .option('--json', 'print one JSON document')
    .action(async (_options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & { json?: boolean }>();
      const { modules } = await withClient(directoriesOf(options).runDir, (client) => client.status());
      printData(options.json ? listToJson(modules) : renderList(modules, viewOf(process.stdout)));
    });
}
