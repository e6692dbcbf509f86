import type { Directories } from '../../../src/directories.js';
import { SupervisorError } from '../../../src/errors.js';
import { replayCrash } from '../crashes/replay.js';
import type { QuarantineOptions } from './options.js';
import { findQuarantined } from './show.js';

/** `quarantine replay`: the message once more, with those before it, from the crash card of its last death. */
export async function replayQuarantined(
  directories: Directories,
  id: string,
  options: QuarantineOptions,
): Promise<void> {
  const message = await findQuarantined(directories, id, options);
  if (message.cardId === null) {
    const remedy = 'send the message to the module with "try"';
    throw new SupervisorError('CRASH_UNKNOWN', `there is no crash card of ${message.id}`, { remedy });
  }
  // What is kept of a message stands with its crash card.
  await replayCrash(directories, message.cardId, options);
}
