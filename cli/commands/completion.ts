import { Argument, type Command, InvalidArgumentError } from 'commander';
import { findStoredDirectories } from '../core/stored-directories.js';
import { directoriesOf, type GlobalOptions } from '../input/options.js';
import { bashCompletion } from '../reference/bash.js';
import { fishCompletion } from '../reference/fish.js';
import { type Reference, readReference } from '../reference/reference.js';
import { zshCompletion } from '../reference/zsh.js';
import { printData } from '../terminal/io.js';

const SHELLS: Record<string, (reference: Reference) => string> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};
/** The scripts give these words in the place of a shell, to get the names of modules and the ids of crashes. */
const NAMES = 'names';
const CRASHES = 'crashes';
/** How long to wait for the core: a person has pressed a key and waits. */
const ANSWER_MS = 1000;

/** `completion`: the script that lets a shell complete the commands. */
export function addCompletion(program: Command): void {
  program
    .command('completion')
    .description('print a completion script for a shell; its first lines say where to install it')
    .addArgument(
      new Argument('<shell>', 'whose script').choices(Object.keys(SHELLS)).argParser((text) => {
        if (text === NAMES || text === CRASHES || Object.hasOwn(SHELLS, text)) return text;
        throw new InvalidArgumentError('Expected bash, zsh or fish.');
      }),
    )
    .action(async (shell: string, _options, command: Command) => {
      if (shell === NAMES) return printNames(directoriesOf(command.optsWithGlobals<GlobalOptions>()).runDir);
      if (shell === CRASHES) return printCrashes(command.optsWithGlobals<GlobalOptions>());
      const write = SHELLS[shell] as (reference: Reference) => string;
      printData(write(readReference(program)).trimEnd());
    });
}

/** Says nothing when there is no core, or it is busy. */
async function printNames(runDir: string): Promise<void> {
  try {
    const { ControlClient } = await import('../../src/control/client/client.js');
    const client = await ControlClient.connect(runDir, { answerMs: ANSWER_MS });
    const { modules } = await client.status();
    client.close();
    for (const { name } of modules) printData(name);
  } catch {
    return;
  }
}

/** The newest first. Says nothing when they cannot be read. */
async function printCrashes(options: GlobalOptions): Promise<void> {
  try {
    const { LAST, listCardIds } = await import('../../src/crashes/read-cards.js');
    const { stateDir } = await findStoredDirectories(options);
    const ids = listCardIds(stateDir).reverse();
    if (ids.length > 0) for (const id of [LAST, ...ids]) printData(id);
  } catch {
    return;
  }
}
