/** A core with the chain of the soak. */

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { type CoreConfig, type LifecycleEvent, makeConfig, Supervisor } from 'mesibo-modules';
import { SLOTS } from './message.js';

/** Times of a core. */
export interface Limits {
  hangMs: number;
  deadlineMs: number;
  chainDeadlineMs: number;
  /** Of each module; one if it is not said. */
  replicas?: number;
}

/** A hang and a restart take about as long as the deadline, so that some calls meet it. */
export const LIMITS: Limits = { hangMs: 300, deadlineMs: 1000, chainDeadlineMs: 20_000 };

/** With orders, processes start all the time, which takes seconds on a slow machine. That soak tests order, not speed. */
export const ATTACK_LIMITS: Limits = { hangMs: 300, deadlineMs: 10_000, chainDeadlineMs: 60_000 };

/** One module consumes messages by default, so that both defaults are seen. */
const DEFAULTS = ['pass', 'consumed', 'pass'] as const;

/** The chain: `journal_0`, `journal_1`, `journal_2`. */
export const CHAIN = DEFAULTS.map((defaultVerdict, slot) => ({ name: `journal_${slot}`, defaultVerdict }));

const MODULE_FILE = join(
  dirname(createRequire(import.meta.url).resolve('mesibo-modules/package.json')),
  'test/fixtures/build/journal.so',
);

/**
 * The settings of the chain. It restarts its modules as often as they die.
 *
 * @param journalPath where the module of a slot journals; `null`: it does not
 * @param without the slot of a module that is left out
 */
export function makeChain(
  journalPath: (slot: number) => string | null,
  limits = LIMITS,
  without: number | null = null,
): CoreConfig {
  const { hangMs, deadlineMs, chainDeadlineMs, replicas = 1 } = limits;
  const modules = CHAIN.slice(0, SLOTS).map(({ name, defaultVerdict }, slot) => {
    const journal = journalPath(slot);
    return {
      name,
      path: MODULE_FILE,
      abi: 'exports-2020' as const,
      onFailure: defaultVerdict === 'pass' ? ('pass' as const) : ('consume' as const),
      deadlineMs,
      hangMs,
      // Slow machines start slowly. A start that fails is not one of the planned deaths.
      startTimeoutMs: 60_000,
      stopTimeoutMs: 5000,
      backoff: { minMs: 1, maxMs: 1 },
      maxCrashes: null,
      replicas,
      config: journal === null ? {} : { journal },
    };
  });
  return makeConfig({ modules: modules.filter((_, slot) => slot !== without), chainDeadlineMs });
}

/**
 * Makes a core with the whole chain.
 *
 * @param directory of this core's own
 */
export function makeCore(directory: string, journalPath: (slot: number) => string | null, limits = LIMITS): Supervisor {
  return new Supervisor(makeChain(journalPath, limits), { runDir: join(directory, 'run') });
}

/** Starts a core. @throws the reason, if one of its modules cannot start */
export async function startAll(core: Supervisor): Promise<void> {
  const { refused } = await core.start();
  if (refused[0]) throw refused[0].error;
}

/** Resolves when the condition holds; it is looked at whenever a module or host changes its state. */
export function until(core: Supervisor, holds: () => boolean, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = (_event?: LifecycleEvent): void => {
      if (!holds()) return;
      leave();
      resolve();
    };
    const abort = (): void => {
      leave();
      reject(signal.reason);
    };
    const leave = (): void => {
      core.off('lifecycle', look);
      signal.removeEventListener('abort', abort);
    };
    if (signal.aborted) return reject(signal.reason);
    core.on('lifecycle', look);
    signal.addEventListener('abort', abort);
    look();
  });
}
