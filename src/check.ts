/** Tries every configured module in a core of its own, thrown away afterwards. */

import type { CoreConfig, ModuleSpec } from './config/types.js';
import { debugCommand, isFault } from './debug-command.js';
import type { ToldCommand } from './sentence.js';
import { withThrowawayCore } from './throwaway/throwaway-core.js';

/** What trying one module showed. */
export interface CheckResult {
  module: string;
  /** The module starts, and stops, without a fault; there may be warnings. */
  ok: boolean;
  /** The ABI it runs with and how that was found; `null` when it did not become ready. */
  abi: string | null;
  /** What would make the ABI certain where a trial decided; `null` when nothing is to be done. */
  advice: string | null;
  /** What a start would log as a warning, in the same words: one readable line each. */
  warnings: string[];
  /** One readable line each; at least one unless `ok`. */
  problems: string[];
  /** It was ended by a fault of its own, and this shows where; `null`: it was not. */
  debug: ToldCommand | null;
}

/** The level of a warning in the log. */
const WARNING = 1;
/** Modules tried at a time. */
const LANES = 2;
/** Ends of a host that are not reported as problems: the start itself reports a refused start. */
const EXPECTED: ReadonlySet<string> = new Set(['stop', 'start', 'trial']);

/**
 * Starts each module by itself, with a run directory that nothing else uses, and yields what came of it in the order
 * of the configuration.
 *
 * @param signal - Ends the check; what it had started is gone when it rejects with the signal's reason.
 */
export async function* checkModules(config: CoreConfig, signal?: AbortSignal): AsyncGenerator<CheckResult> {
  for (let at = 0; at < config.modules.length; at += LANES) {
    const tried = config.modules.slice(at, at + LANES).map((spec) => checkModule(config, spec, signal));
    // Both are cleaned up before an error of one ends the check.
    await Promise.allSettled(tried);
    yield* await Promise.all(tried);
  }
}

function checkModule(config: CoreConfig, spec: ModuleSpec, signal?: AbortSignal): Promise<CheckResult> {
  return withThrowawayCore({ ...config, spareHosts: 0, modules: [spec] }, signal, async (supervisor) => {
    const warnings: string[] = [];
    const problems: string[] = [];
    let crashed = false;
    supervisor.on('log', ({ source, level, text }) => {
      if (source === 'supervisor' && level === WARNING) warnings.push(text);
    });
    supervisor.on('lifecycle', (event) => {
      if (event.kind !== 'exited') return;
      if (event.cause !== 'stop') crashed ||= isFault(event.signal);
      if (!EXPECTED.has(event.cause)) problems.push(event.text);
    });
    const { refused } = await supervisor.start();
    problems.push(...refused.map(({ error }) => error.message));
    const { abi = null, abiReason = '', abiSource = null } = supervisor.status().modules[0] ?? {};
    // Stopped in peace, because a module may also fail in its cleanup.
    await supervisor.stop({ now: refused.length > 0 });
    const { file } = config;
    const debug =
      crashed && file !== null ? debugCommand({ kind: 'configured', config: file, module: spec.name }) : null;
    const advice = abiSource === 'trial' ? `set "abi = ${abi}" if that is what it was built for` : null;
    return {
      module: spec.name,
      ok: problems.length === 0,
      abi: abi && `${abi}: ${abiReason}`,
      advice,
      warnings,
      problems,
      debug,
    };
  });
}
