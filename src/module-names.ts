/** Names of modules as people give them. */

import { findNearKey } from './config/near-miss.js';
import { showText } from './config/text.js';
import { SupervisorError } from './errors.js';

/** @throws SupervisorError `MODULE_UNKNOWN`, with the name that was probably meant, or with all names. */
export function requireKnown(name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const near = findNearKey(name, known);
  const remedy = near ? `did you mean ${near}?` : `there are: ${known.join(', ') || 'none'}`;
  throw new SupervisorError('MODULE_UNKNOWN', `no module is named ${showText(name)}`, { remedy });
}
