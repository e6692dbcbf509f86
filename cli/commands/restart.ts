import type { Command } from 'commander';
import { waitForCore, waitingOf, withClient } from '../core/with-client.js';
import { directoriesOf, type GlobalOptions } from '../input/options.js';
import { tell } from '../terminal/io.js';

/** `restart`: ends a module's process and starts another. */
export function addRestart(program: Command): void {
  program
    .command('restart')
    .description(
      'let a module finish its work, end its process and start a new one; to start the new one first, use "reload NAME"',
    )
    .argument('<name>', 'the module')
    .action(async (name: string, _options, command: Command) => {
      await withClient(directoriesOf(command.optsWithGlobals<GlobalOptions>()).runDir, async (client) => {
        const order = client.order('restart', name);
        const { warnings } = await waitForCore(`restart ${name}`, waitingOf('restart', client), order);
        tell(`module ${name} serves again`);
        for (const warning of warnings) tell(warning, 'warn');
      });
    });
}
