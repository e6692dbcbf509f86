import { counted } from '../../../src/counted.js';
import type { Directories } from '../../../src/directories.js';
import { printData, tell } from '../../terminal/io.js';
import { askQuarantine } from './ask.js';
import type { QuarantineOptions } from './options.js';

/** `quarantine release`: gives messages to their modules again. @param id - `null`: all */
export async function releaseQuarantined(
  directories: Directories,
  id: string | null,
  options: QuarantineOptions,
): Promise<void> {
  const { module = null, json } = options;
  const request = id === null ? ({ kind: 'release-all', module } as const) : ({ kind: 'release', id } as const);
  const released = await askQuarantine(directories, options, request);
  if (json) return printData(JSON.stringify(released));
  const [only] = released;
  if (released.length === 1 && only !== undefined) tell(`${only.id} is released: module ${only.module} gets it again`);
  else if (released.length === 0 && !process.exitCode) tell('no message is in quarantine, so none is released');
  else if (released.length > 0) tell(`${counted(released.length, 'message')} released: modules get them again`);
}
