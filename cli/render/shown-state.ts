/** The states of modules as tables show them: pure. */

import type { ModuleState, ModuleStatus } from '../../src/supervisor/types.js';
import type { Style } from '../text/style.js';

/** `stopping`: an order stopped it, and its host has not ended yet. Its messages already get the default verdict. */
export type ShownState = ModuleState | 'stopping';

const STYLES: Record<ShownState, Style> = {
  serving: 'green',
  replacing: 'cyan',
  starting: 'yellow',
  backoff: 'yellow',
  stopping: 'yellow',
  failed: 'red',
  stopped: 'dim',
};

/** The state to show. The state of the module alone does not tell whether messages still reach it. */
export function shownStateOf({ state, desired, hosts }: ModuleStatus): ShownState {
  return desired === 'down' && hosts.some(({ state }) => state !== 'exited') ? 'stopping' : state;
}

/** The state as a table shows it: with several replicas also how many of them serve, as in `serving 3/4`. */
export function stateCellOf(module: ModuleStatus): string {
  const { wanted, serving } = replicasOf(module);
  const state = shownStateOf(module);
  return wanted === 1 || state === 'stopped' ? state : `${state} ${serving}/${wanted}`;
}

/** A core of another version may not say it. */
export function replicasOf({ replicas }: Partial<ModuleStatus>): ModuleStatus['replicas'] {
  return { wanted: 1, serving: 1, each: [], ...replicas };
}

/** Whether it is in no chain, so that no message waits for it. A core of another version may not say it. */
export function isShadow({ shadowOf = null }: Partial<Pick<ModuleStatus, 'shadowOf'>>): boolean {
  return shadowOf !== null;
}

/** The style of the state; a state that this version does not know has none. */
export function styleOf(module: ModuleStatus): Style | null {
  const { wanted, serving } = replicasOf(module);
  if (shownStateOf(module) === 'serving' && serving < wanted) return 'yellow';
  return STYLES[shownStateOf(module)] ?? null;
}
