import type { Command } from 'commander';
import { findNearKey } from '../../src/config/near-miss.js';
import { showText } from '../../src/config/text.js';

/** `help`. The one of commander answers an unknown verb with the whole help; this one answers with an error. */
export function addHelp(program: Command): void {
  program
    .helpCommand(false)
    .command('help')
    .description('show the help of one command, or of all')
    .argument('[command]')
    .helpOption(false)
    .action((name: string | undefined) => {
      const verbs = program.commands.filter((verb) => verb.name() !== 'help');
      const asked = name === undefined || name === 'help' ? program : verbs.find((verb) => verb.name() === name);
      if (asked) return asked.outputHelp();
      const names = verbs.map((verb) => verb.name());
      const near = findNearKey(name as string, names);
      const remedy = near ? `did you mean ${near}?` : `there are: ${names.join(', ')}`;
      program.error(`error: no command is named ${showText(name as string)}; ${remedy}`, { exitCode: 1 });
    });
}
