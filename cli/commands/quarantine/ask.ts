/** Asks the core, or what it left on the disk. */

import type { Directories } from '../../../src/directories.js';
import { ControlError } from '../../../src/errors.js';
import type { QuarantinedMessage, QuarantineRequest } from '../../../src/supervisor/types.js';
import { withClient } from '../../core/with-client.js';
import { EXIT, tell } from '../../terminal/io.js';
import type { QuarantineOptions } from './options.js';

/** Codes of a core that cannot be asked, while its files can be read. */
const ABSENT: ReadonlySet<string> = new Set(['CORE_NOT_RUNNING', 'CORE_WITHOUT_CONTROL']);

/**
 * Carries out a request in the core if it runs, and otherwise in its state directory.
 *
 * @returns the messages that it was about
 * @throws SupervisorError as the core does; `STATE_DIR_BUSY` where something is to be released and another core holds the directory
 */
export async function askQuarantine(
  { runDir, stateDir }: Directories,
  options: Pick<QuarantineOptions, 'stateDir'>,
  request: QuarantineRequest,
): Promise<QuarantinedMessage[]> {
  if (await isOfCore(runDir, stateDir, options)) {
    try {
      return await withClient(runDir, (client) => client.quarantine(request));
    } catch (error) {
      if (!(error instanceof ControlError) || !ABSENT.has(error.code)) throw error;
    }
  }
  return answerFromDisk({ runDir, stateDir }, request);
}

/** A directory that somebody names may be that of another core. */
async function isOfCore(runDir: string, stateDir: string, { stateDir: given }: Pick<QuarantineOptions, 'stateDir'>) {
  if (!given) return true;
  const { readStateDir } = await import('../../../src/control/core-lock.js');
  return readStateDir(runDir) === stateDir;
}

async function answerFromDisk(
  { runDir, stateDir }: Directories,
  request: QuarantineRequest,
): Promise<QuarantinedMessage[]> {
  const { readQuarantine } = await import('../../../src/quarantine/offline.js');
  const answer = () => {
    const { quarantine, problems } = readQuarantine(stateDir);
    for (const problem of problems) tell(problem, 'error');
    // What was found is shown, and is not everything.
    if (problems.length > 0) process.exitCode = EXIT.failed;
    const messages = quarantine.answer(request);
    for (const problem of quarantine.problems) tell(problem, 'error');
    return messages;
  };
  if (request.kind === 'list' || request.kind === 'show') return answer();
  const { acquireStateDir } = await import('../../../src/supervisor/directories/state-dir.js');
  const held = acquireStateDir(stateDir, runDir);
  try {
    return answer();
  } finally {
    held.release();
  }
}
