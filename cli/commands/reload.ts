import type { Command } from 'commander';
import { showText } from '../../src/config/text.js';
import { describeReload } from '../../src/core/describe-reload.js';
import { isPath } from '../../src/module-names.js';
import { coreCommand, sentence } from '../../src/sentence.js';
import { waitForCore, waitingOf, withClient } from '../core/with-client.js';
import { directoriesOf, type GlobalOptions } from '../input/options.js';
import { printData, tell, UsageError } from '../terminal/io.js';

/** `reload`: lets a running core take its configuration file as it now is. */
export function addReload(program: Command): void {
  program
    .command('reload')
    .description(
      'read the configuration again; a changed module gets a new process before its old one ends; if anything fails, nothing changes',
    )
    .argument('[names...]', 'only these modules; each gets a new process, changed or not')
    .option('--json', 'print what was done as one JSON document')
    .action(async (names: string[], _options, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & { json?: boolean }>();
      const file = names.find(isPath);
      if (file !== undefined) {
        const what = `${showText(file)} is a file, and no name of a module`;
        throw new UsageError(
          sentence`${what}; a core reloads the file that it was started with: ${coreCommand('reload')}`,
        );
      }
      await withClient(directoriesOf(options).runDir, async (client) => {
        const report = await waitForCore('reload', waitingOf('reload', client), client.reload(names));
        for (const warning of report.warnings) tell(warning, 'warn');
        if (options.json) printData(JSON.stringify(report));
        else tell(sentence`reloaded: ${describeReload(report)}`);
      });
    });
}
