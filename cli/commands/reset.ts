import type { Command } from 'commander';
import { waitForCore, waitingOf, withClient } from '../core/with-client.js';
import { directoriesOf, type GlobalOptions } from '../input/options.js';
import { tell } from '../terminal/io.js';

/** `reset`: lets a module begin anew, as far as the core remembers it. */
export function addReset(program: Command): void {
  program
    .command('reset')
    .description(
      "set a module's counters to 0, forget its crashes, and start it at once if it waits for its next start",
    )
    .argument('<name>', 'the module')
    .action(async (name: string, _options, command: Command) => {
      await withClient(directoriesOf(command.optsWithGlobals<GlobalOptions>()).runDir, async (client) => {
        const order = client.order('reset', name);
        const { warnings } = await waitForCore(`reset ${name}`, waitingOf('reset', client), order);
        tell(`module ${name} is counted from 0`);
        for (const warning of warnings) tell(warning);
      });
    });
}
