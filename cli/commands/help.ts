import type { Command } from 'commander';
import { findNearKey } from '../../src/config/near-miss.js';
import { showText } from '../../src/config/text.js';

/** `help`. The one of commander answers an unknown verb with the whole help; this one answers with an error. */
export function addHelp(program: Command): void {
  // Commander shows its help for any word before --help.
  program.on('beforeAllHelp', ({ command }: { command: Command }) => {
    const [name] = program.args;
    if (command === program && name !== undefined && !name.startsWith('-')) findVerb(program, name);
  });
  program
    .helpCommand(false)
    .command('help')
    .description('show the help of one command, or of all')
    .argument('[command]')
    .helpOption(false)
    .action((name: string | undefined) => {
      findVerb(program, name).outputHelp();
    });
}

/** @throws CommanderError where no verb has the name */
function findVerb(program: Command, name: string | undefined): Command {
  if (name === undefined || name === 'help') return program;
  const verbs = program.commands.filter((verb) => verb.name() !== 'help');
  const asked = verbs.find((verb) => verb.name() === name);
  if (asked) return asked;
  const names = verbs.map((verb) => verb.name());
  const near = findNearKey(name, names);
  const remedy = near ? `did you mean ${near}?` : `there are: ${names.join(', ')}`;
  return program.error(`error: no command is named ${showText(name)}; ${remedy}`, { exitCode: 1 });
}
