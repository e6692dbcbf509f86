/** Names of modules as people give them. */

import { findNearKey } from './config/near-miss.js';
import { showText } from './config/text.js';
import { SupervisorError } from './errors.js';

/** @throws SupervisorError `MODULE_UNKNOWN`, with the name that was probably meant, or with all names. */
export function requireKnown(name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const near = findNearKey(name, known);
  const there = `there are: ${known.join(', ') || 'none'}`;
  const remedy = near ? `did you mean ${near}?` : isPath(name) ? `give a name, and not a file; ${there}` : there;
  throw new SupervisorError('MODULE_UNKNOWN', `no module is named ${showText(name)}`, { remedy });
}

/** Whether somebody may have meant a file: no module has such a name. */
export function isPath(name: string): boolean {
  return /[/.]/.test(name);
}
