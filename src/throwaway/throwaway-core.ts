/** A core for a moment: on a run directory that nothing else uses, and gone without a trace. */

import type { CoreConfig } from '../config/types.js';
import { makeThrowawayDir, removeThrowaway } from '../supervisor/recovery/throwaway-dirs.js';
import { Supervisor } from '../supervisor/supervisor.js';
import type { CrashKeeper } from '../supervisor/types.js';

/**
 * Lends a supervisor, which is not started yet. It is stopped, and all that it made is removed, when the work is done.
 *
 * @param signal - Stops it at once, whatever the work does.
 * @param crashKeeper - Is given what is known of each death.
 * @throws what the work throws; the signal's reason when that came first.
 */
export async function withThrowawayCore<T>(
  config: CoreConfig,
  signal: AbortSignal | undefined,
  work: (supervisor: Supervisor) => Promise<T>,
  crashKeeper?: CrashKeeper,
): Promise<T> {
  signal?.throwIfAborted();
  const runDir = makeThrowawayDir();
  const supervisor = new Supervisor(config, { runDir, ...(crashKeeper === undefined ? {} : { crashKeeper }) });
  const end = () => void supervisor.stop({ now: true });
  signal?.addEventListener('abort', end, { once: true });
  try {
    const result = await work(supervisor);
    signal?.throwIfAborted();
    return result;
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', end);
    await supervisor.stop({ now: true });
    removeThrowaway(runDir);
  }
}
