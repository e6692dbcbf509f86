/** Which modules are shadows, in a table of modules: pure. */

import { escapeControl } from '../../src/escape-control.js';
import type { ModuleStatus } from '../../src/supervisor/types.js';
import type { Column } from '../text/table.js';

/** A core of another version does not say it. */
type Shown = Omit<ModuleStatus, 'shadowOf'> & Partial<Pick<ModuleStatus, 'shadowOf'>>;

/** The module that each one shadows; no column when there is no shadow. */
export function shadowColumn(modules: readonly Shown[]): Column<ModuleStatus>[] {
  if (!modules.some(({ shadowOf = null }) => shadowOf !== null)) return [];
  return [{ heading: 'SHADOW OF', cell: ({ shadowOf }: Shown) => escapeControl(shadowOf ?? '-') }];
}
