/** Whether a core keeps what modules send: pure. */

import type { CoreConfig } from './types.js';

/** Whether the configuration has somebody take what modules send; a program may do so besides. */
export function keepsSends({ gateway, http, webhook }: Pick<CoreConfig, 'gateway' | 'http' | 'webhook'>): boolean {
  return gateway !== 'off' || http !== 'off' || webhook !== 'off';
}
