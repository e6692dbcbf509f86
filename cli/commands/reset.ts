import type { Command } from 'commander';
import { waitForCore, waitingOf, withClient } from '../core/with-client.js';
import { directoriesOf, type GlobalOptions } from '../input/options.js';
import { tell } from '../terminal/io.js';

/** `reset`: lets the core forget the counters and the crashes of a module. */
export function addReset(program: Command): void {
  program
    .command('reset')
    .description(
      'set the counters of a module to 0 and forget its crashes; if it waits for its next start, start it now',
    )
    .argument('<name>', 'the module')
    .action(async (name: string, _options, command: Command) => {
      await withClient(directoriesOf(command.optsWithGlobals<GlobalOptions>()).runDir, async (client) => {
        const order = client.order('reset', name);
        const { warnings } = await waitForCore(`reset ${name}`, waitingOf('reset', client), order);
        tell(`the counters of module ${name} are 0`);
        for (const warning of warnings) tell(warning, 'warn');
      });
    });
}
