/** Options for the commands that we print: when a user pastes such a command, it reaches the same core. */

import type { Directories } from '../../src/directories.js';
import { directoriesOf, type GlobalOptions } from './options.js';

/** The options by which other commands reach the same core; none where the environment leads to it. */
export function coreOptionsOf(given: GlobalOptions): string[] {
  return optionsToReach(given, directoriesOf);
}

/**
 * The options by which other commands find the same directories: as few as possible.
 *
 * @param resolve - the directories that options lead to, in the environment of whoever pastes
 */
export function optionsToReach(given: GlobalOptions, resolve: (options: GlobalOptions) => Directories): string[] {
  const { runDir, stateDir } = resolve(given);
  const choices: GlobalOptions[] = [{}, { runDir }, { stateDir }];
  const least = choices.find((options) => {
    const reached = resolve(options);
    return reached.runDir === runDir && reached.stateDir === stateDir;
  });
  const options = least ?? { runDir, stateDir };
  const written = [
    ['--run-dir', options.runDir],
    ['--state-dir', options.stateDir],
  ] as const;
  return written.flatMap(([option, path]) => (path === undefined ? [] : [option, path]));
}
