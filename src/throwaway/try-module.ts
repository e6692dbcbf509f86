/** One module file, tried by itself: what it does with a few messages. */

import { resolve } from 'node:path';
import { type ModuleOptions, makeConfig } from '../config/make.js';
import { unknownSetting } from '../config/misplaced.js';
import { MODULE_KEYS } from '../config/schema.js';
import { showText } from '../config/text.js';
import type { AbiName, CoreConfig } from '../config/types.js';
import { UnitError } from '../config/units.js';
import type { CrashCard } from '../crashes/card.js';
import { DEBUGGING } from '../debug-command.js';
import { ConfigError, SupervisorError } from '../errors.js';
import { readElf } from '../host-runner/abi/elf.js';
import { nameOf } from '../host-runner/abi/init-symbol.js';
import type { Supervisor } from '../supervisor/supervisor.js';
import type {
  HostStatus,
  LifecycleEvent,
  LogLine,
  MessageParamsInput,
  Outcome,
  SentMessage,
} from '../supervisor/types.js';
import { CrashTeller } from './crash-teller.js';
import { withThrowawayCore } from './throwaway-core.js';

/** What is tried. */
export interface TriedModule {
  file: string;
  /** `null`: as its init is called. */
  name: string | null;
  abi: AbiName | null;
  /** The module's own settings. */
  config: [key: string, value: string][];
  /** Ours, as they are written in a configuration. */
  settings: [key: string, value: string][];
}

/** What happens while a module is tried. */
export type TryEvent =
  | { kind: 'ready'; module: string; abi: string; startMicros: number }
  | { kind: 'log'; line: LogLine }
  | { kind: 'sent'; sent: SentMessage }
  | { kind: 'outcome'; sent: { params: MessageParamsInput; payload: Buffer }; outcome: Outcome }
  /** A death that nobody had asked for. */
  | { kind: 'died'; event: LifecycleEvent & { kind: 'exited' } }
  /** What is known of such a death, a moment later. */
  | { kind: 'crash'; card: CrashCard };

/** The module that is tried, once it is ready. */
export interface Trial {
  /** Gives it a message; done when its outcome was told. */
  give(params: MessageParamsInput, payload: Buffer): Promise<void>;
  /** Its http requests that are open now. */
  openRequests(): number;
}

/** Ends that are no fault of the module. */
const EXPECTED: ReadonlySet<string> = new Set(['stop', 'start', 'trial']);
const WARNING = 1;
/** Someone waits for an answer, and a start may have to be tried with three ABIs. */
const START_TIMEOUT_MS = 3000;
/** Who tries a module gives it the message that kills it again and again. */
const ALWAYS_GIVEN = { quarantine: null };

/**
 * Runs a module in a core of its own for as long as `attempt` goes on.
 *
 * @param attempt - gives messages, one after the other or several at a time
 * @param onEvent - is told what happens, as it happens
 * @param signal - ends all of it at once
 * @returns whether the module never died by itself
 * @throws SupervisorError when the module could not be started; the signal's reason
 */
export async function tryModule(
  tried: TriedModule,
  attempt: (trial: Trial) => Promise<void>,
  onEvent: (event: TryEvent) => void,
  signal: AbortSignal,
): Promise<boolean> {
  const teller = new CrashTeller((card) => {
    // What did not start is told as an error. The card adds where in the module that was.
    if (!EXPECTED.has(card.cause) || (card.cause === 'start' && card.frames.some(({ isOfModule }) => isOfModule)))
      onEvent({ kind: 'crash', card });
  });
  const work = async (supervisor: Supervisor) => {
    let isSound = true;
    supervisor.on('log', (line) => {
      const { source, level, text } = line;
      // Whoever tries a module has a command of his own that shows where it crashes.
      const isTold = source !== 'supervisor' || (level <= WARNING && !text.includes(DEBUGGING));
      if (isTold) onEvent({ kind: 'log', line });
    });
    supervisor.on('message', (sent) => onEvent({ kind: 'sent', sent }));
    supervisor.on('lifecycle', (event) => {
      if (event.kind !== 'exited' || EXPECTED.has(event.cause)) return;
      isSound = false;
      onEvent({ kind: 'died', event });
    });
    const { refused } = await supervisor.start();
    if (refused[0]) throw refused[0].error;
    tellReady(supervisor, onEvent);
    await attempt({
      give: async (params, payload) => {
        const outcome = await supervisor.onMessage(params, payload);
        onEvent({ kind: 'outcome', sent: { params, payload }, outcome });
      },
      openRequests: () => supervisor.status().modules.reduce((sum, { hosts }) => sum + sumOfOpen(hosts), 0),
    });
    // In peace: a module may also fail in its cleanup.
    await supervisor.stop();
    return isSound;
  };
  try {
    return await withThrowawayCore(configOf(tried), signal, work, teller);
  } finally {
    await teller.finished();
  }
}

function sumOfOpen(hosts: readonly HostStatus[]): number {
  return hosts.reduce((sum, { openRequests }) => sum + openRequests, 0);
}

function tellReady(supervisor: Supervisor, onEvent: (event: TryEvent) => void): void {
  const { name, abi, abiReason, hosts } = supervisor.status().modules[0] ?? {};
  const startMicros = hosts?.[0] ? (Date.now() - Date.parse(hosts[0].startedAt)) * 1000 : 0;
  onEvent({ kind: 'ready', module: name ?? '', abi: `${abi}: ${abiReason}`, startMicros });
}

/** @throws SupervisorError for a file, a name or a setting that cannot be. */
function configOf({ file, name, abi, config, settings }: TriedModule): CoreConfig {
  const path = resolve(file);
  const known = { path, abi, config, name: name ?? nameOf(readElf(path)) };
  const options: Record<string, unknown> = { startTimeoutMs: START_TIMEOUT_MS, ...ALWAYS_GIVEN, ...known };
  for (const [key, value] of settings) {
    const rule = Object.hasOwn(MODULE_KEYS, key) ? MODULE_KEYS[key] : undefined;
    if (!rule) throw unknownSetting(key, value);
    try {
      options[rule.field] = rule.parse(value);
    } catch (error) {
      if (!(error instanceof UnitError)) throw error;
      throw new SupervisorError('CONFIG_VALUE', `found ${showText(value)} for ${key}, ${error.message}`);
    }
  }
  try {
    return makeConfig({ spareHosts: 0, modules: [options as unknown as ModuleOptions] });
  } catch (error) {
    throw error instanceof ConfigError ? nameSetting(error, settings) : error;
  }
}

/** Options of programs have other names than settings. */
function nameSetting(error: ConfigError, settings: TriedModule['settings']): SupervisorError {
  for (const [key, value] of settings) {
    const [, why] = error.message.split(`: ${MODULE_KEYS[key]?.field}: `);
    if (why !== undefined) return new SupervisorError('CONFIG_VALUE', `found ${showText(value)} for ${key}, ${why}`);
  }
  return error;
}
