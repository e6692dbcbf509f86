/** The modules of a core, a line each: pure. */

import { escapeControl } from '../../src/escape-control.js';
import type { ModuleStatus } from '../../src/supervisor/types.js';
import { formatCount } from '../text/format.js';
import { type Column, cut, cutPath, renderTable } from '../text/table.js';
import { stateCellOf, styleOf } from './shown-state.js';
import type { View } from './view.js';

/** What `list --json` says of one module. */
export type ListedModule = Pick<
  ModuleStatus,
  'name' | 'state' | 'desired' | 'abi' | 'abiSource' | 'path' | 'description'
> & {
  /** Messages that it sent and that wait for a server. */
  waiting: number;
};

/** A table in the order of the chain. When the width is not enough, paths of files are cut in their middle. */
export function renderList(
  modules: readonly ModuleStatus[],
  { width, colour }: Pick<View, 'width' | 'colour'>,
): string {
  if (modules.length === 0) return 'no module is configured: every message passes';
  return renderTable<ModuleStatus>(
    [
      { heading: 'NAME', cell: ({ name }) => escapeControl(name), shrink: { least: 8, cut } },
      { heading: 'STATE', cell: (module) => escapeControl(stateCellOf(module)), style: styleOf },
      { heading: 'ABI', cell: ({ abi }) => abi ?? '-' },
      { heading: 'FOUND BY', cell: ({ abiSource }) => escapeControl(abiSource ?? '-'), dispensable: 3 },
      {
        heading: 'FILE',
        cell: ({ path }) => escapeControl(path ?? 'not found'),
        shrink: { least: 12, cut: cutPath },
      },
      ...(modules.some((module) => waitingOf(module) > 0) ? [WAITING] : []),
      { heading: 'DESCRIPTION', cell: ({ description }) => escapeControl(description ?? ''), dispensable: 1 },
    ],
    modules,
    width,
    colour,
  ).join('\n');
}

/** What `list --json` prints. */
export function listToJson(modules: readonly ModuleStatus[]): string {
  return JSON.stringify(
    modules.map((module): ListedModule => {
      const { name, state, desired, abi, abiSource, path, description } = module;
      return { name, state, desired, abi, abiSource, path, description, waiting: waitingOf(module) };
    }),
  );
}

const WAITING: Column<ModuleStatus> = {
  heading: 'SENDS WAIT',
  cell: (module) => formatCount(waitingOf(module)),
  align: 'right',
  dispensable: 2,
};

/** A core of another version may not say it. */
function waitingOf({ sends }: Partial<ModuleStatus>): number {
  return sends?.waiting ?? 0;
}
